"""A made-up clinic of any size as Parquet: claims, notes, note_services, payers, providers, with about 8 % findings.

Visits of July to September 2024, for which pairs, fees and yearly amounts are on file. Each has three services; the
units are those that the minutes support, but for small shares of visits with a mistake of one kind, and for patients
whose year passes the amount above which KX is due. Each note has a text of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LINES_A_VISIT, VISITS, LONG_YEAR, LONG_SHARE = 2.45, 25, 40, 0.05
CODES = np.array(["97110", "97112", "97140", "97530", "97535"])
DID = (
    "Practised dressing with the long-handled shoehorn",
    "Buttoned a shirt with the hook",
    "Prepared a cold meal at the counter, seated",
    "Stacked cones across the midline",
    "Opened jars and medicine bottles",
    "Folded towels and put them on the high shelf",
    "Transferred to the tub bench and back",
    "Wrote a shopping list and a cheque",
)
NEEDED = (
    "needs cues for the left sleeve",
    "two short rests, no loss of balance",
    "set-up only",
    "minimal assistance to start",
    "steadying at the elbow in the last third",
    "one verbal cue a step",
)
SAID = (
    "Patient reports that buttons at home go better.",
    "Patient is tired after a poor night.",
    "Wants to cook for the family again.",
    "Says the splint rubs at the thumb; strap loosened, skin intact.",
    "No new complaints; the exercises at home were done on most days.",
)
NEXT = (
    "Next: less cueing, both hands.",
    "Next: the same with a heavier jar.",
    "Next: energy saving in the kitchen.",
    "Next: review of the programme for home.",
)
SUPERVISED = "Supervised by Una Marsh, OTR/L, present in the suite; direct supervision."
KINDS = ("too many", "misplaced", "group", "no CO", "overlap")
SHARE_OF_EACH = 0.035
A_DAY, SLOT, OPENS = 10, 60, 8 * 60
Numbers = np.ndarray[Any, Any]


def write(folder: Path, lines: int, seed: int = 8) -> None:
    """Tables of about so many claim lines."""
    chance = np.random.default_rng(seed)
    visits = _visits(round(lines / LINES_A_VISIT), chance)
    codes, minutes, units = _services(visits, chance)
    pd.DataFrame(_claims(visits, codes, units)).to_parquet(folder / "claims.parquet", index=False)
    pd.DataFrame(_notes(visits, minutes, chance)).to_parquet(folder / "notes.parquet", index=False)
    _note_services(visits, codes, minutes).to_parquet(folder / "note_services.parquet", index=False)
    payer = {"payer_id": "MEDICARE", "name": "Medicare", "unit_method": "total", "therapy_modifier": "required",
             "assistant_modifier": "required", "medicare": "yes", "pair_edits": "medicare"}  # fmt: skip
    pd.DataFrame([payer]).to_parquet(folder / "payers.parquet", index=False)
    people = visits.drop_duplicates("npi")
    providers = people[["npi", "name", "credential"]].assign(discipline="OT")
    providers.to_parquet(folder / "providers.parquet", index=False)


def _visits(number: int, chance: np.random.Generator) -> pd.DataFrame:
    patients = int(number / (VISITS + LONG_SHARE * (LONG_YEAR - VISITS))) + 1
    long = chance.random(patients) < LONG_SHARE
    of_each = np.where(long, LONG_YEAR, VISITS)
    patient = np.repeat(np.arange(patients), of_each)[:number]
    turn = np.concatenate([np.arange(n) for n in of_each])[:number]
    day = patient % 7 + turn * np.where(long[patient], 2, 3)
    rows = pd.DataFrame({"patient": patient, "turn": turn, "long": long[patient], "day": day})
    rows = rows.sort_values(["day", "patient"], ignore_index=True)
    place = rows.groupby("day").cumcount()
    rows["assistant"] = (rows["day"] + place // A_DAY) // 2 % 4 == 1
    clinician = place // A_DAY * 2 + rows["assistant"]
    rows["npi"] = clinician.map({one: _npi(one) for one in clinician.unique()})
    rows["name"] = "Person " + clinician.astype(str)
    rows["credential"] = np.where(rows["assistant"], "COTA/L", "OTR/L")
    drawn = (chance.random(len(rows)) / SHARE_OF_EACH).astype(int)
    rows["kind"] = pd.Series(drawn).map(dict(enumerate(KINDS))).fillna("")
    rows["begins"] = OPENS + place % A_DAY * SLOT - 25 * (rows["kind"] == "overlap")
    rows["date"] = (pd.Timestamp("2024-07-01") + pd.to_timedelta(rows["day"], unit="D")).dt.strftime("%Y-%m-%d")
    rows["kx"] = rows["long"] & (rows["patient"] % 2 == 0) & (rows["turn"] >= 33)
    names = rows.index.astype(str).str.zfill(8)
    return rows.assign(claim_id="C" + names, note_id="N" + names, patient_id="P" + rows["patient"].astype(str))


def _npi(number: int) -> str:
    """A number of ten digits with the check digit of NPIs."""
    digits = f"1{number:08}"
    told = f"80840{digits}"[::-1]
    total = sum(sum(divmod(int(d) * (2 if n % 2 == 0 else 1), 10)) for n, d in enumerate(told))
    return f"{digits}{-total % 10}"


def _services(visits: pd.DataFrame, chance: np.random.Generator) -> tuple[Numbers, Numbers, Numbers]:
    """Codes, minutes and billed units, three a visit."""
    number = len(visits)
    codes = CODES[chance.random((number, len(CODES))).argsort(axis=1)[:, :3]]
    minutes = np.column_stack([chance.integers(low, high, number) for low, high in ((8, 24), (8, 20), (5, 15))])
    whole, rest = minutes // 15, minutes % 15
    left = (minutes.sum(axis=1) + 7) // 15 - whole.sum(axis=1)
    order = (-rest).argsort(axis=1, kind="stable")
    rank = order.argsort(axis=1)
    units = whole + (rank < left[:, None])
    row = np.arange(number)
    units[:, 0] += (visits["kind"] == "too many").to_numpy()
    moved = (visits["kind"] == "misplaced").to_numpy()
    for place, more in ((order[:, 0], -1), (order[:, 2], 1)):
        units[row[moved], place[moved]] += more
    return codes, minutes, units.clip(min=0)


def _claims(visits: pd.DataFrame, codes: Numbers, units: Numbers) -> pd.DataFrame:
    group = (visits["kind"] == "group").to_numpy()
    codes = np.column_stack([codes, np.full(len(visits), "97150")])
    units = np.column_stack([units, group.astype(int)])
    row, place = np.nonzero(units)
    own = visits.iloc[row].reset_index(drop=True)
    first = np.r_[True, row[1:] != row[:-1]]
    with_co = own["assistant"] & ~((own["kind"] == "no CO") & first)
    kx = pd.Series(np.where(own["kx"], "KX", ""))
    rows = own[["claim_id", "patient_id"]].assign(line_number=own.groupby("claim_id").cumcount() + 1)
    rows = rows.assign(payer_id="MEDICARE", billing_npi=_npi(99_999_999), rendering_npi=own["npi"])
    rows = rows.assign(place_of_service="11", service_date=own["date"], procedure_code=codes[row, place])
    rows = rows.assign(modifier_1="GO", modifier_2=np.where(with_co, "CO", kx), modifier_3=kx.where(with_co, ""))
    return rows.assign(
        units=units[row, place], charge_amount="200.00", diagnosis_codes="M25.641", diagnosis_pointers="1"
    )


def _notes(visits: pd.DataFrame, minutes: Numbers, chance: np.random.Generator) -> pd.DataFrame:
    timed = minutes.sum(axis=1)
    kind = np.where(visits["turn"] % 3 == 0, "progress", "daily")
    rows = visits[["note_id", "claim_id", "patient_id"]].assign(service_date=visits["date"], note_type=kind)
    signed = visits["name"] + ", " + visits["credential"]
    treated = timed + 15 * (visits["kind"] == "group")
    return rows.assign(
        discipline="OT",
        rendering_npi=visits["npi"],
        author_name=visits["name"],
        author_credential=visits["credential"],
        start_time=_clock(visits["begins"]),
        end_time=_clock(visits["begins"] + treated),
        total_timed_minutes=timed,
        total_treatment_minutes=treated,
        signed_by=signed,
        signed_at=visits["date"] + "T19:00",
        modality="in_person",
        text=_texts(len(visits), chance),
    )


def _texts(number: int, chance: np.random.Generator) -> list[str]:
    """Of about 250 characters; hardly two are the same."""
    drawn = [np.array(part)[chance.integers(len(part), size=number)] for part in (DID, NEEDED, SAID, NEXT)]
    counts = chance.integers(3, 95, size=(number, 2))
    return [
        f"{did}, {tries} repetitions; {needed}. Grip {grip} lb on the right. {said} {then} {SUPERVISED}"
        for did, needed, said, then, (tries, grip) in zip(*drawn, counts.tolist(), strict=True)
    ]


def _clock(minute: pd.Series[int]) -> pd.Series[str]:
    return (minute // 60).astype(str).str.zfill(2) + ":" + (minute % 60).astype(str).str.zfill(2)


def _note_services(visits: pd.DataFrame, codes: Numbers, minutes: Numbers) -> pd.DataFrame:
    own = visits.loc[visits.index.repeat(3), ["note_id", "assistant"]].reset_index(drop=True)
    rows = own.assign(procedure_code=codes.ravel(), minutes=minutes.ravel(), mode="individual")
    group = visits.loc[visits["kind"] == "group", ["note_id", "assistant"]]
    group = group.assign(procedure_code="97150", minutes=15, mode="group")
    rows = pd.concat([rows, group], ignore_index=True)
    rows["therapist_minutes"] = rows["minutes"].mask(rows["assistant"], 0)
    rows["assistant_minutes"] = rows["minutes"].where(rows["assistant"], 0)
    return rows.assign(together_minutes=0).drop(columns="assistant")
