"""The same month handed in as CSV, workbook, JSON lines, Parquet, 837P or FHIR, or written by other habits, gives the
same findings to the last word."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from audit.engine import audit
from audit.intake import read
from audit.model import MODIFIERS
from audit.tables import check

DEMO = Path(__file__).parents[1] / "data" / "demo"
NUMBERS = {"line_number", "units", "charge_amount", "minutes", "total_timed_minutes", "total_treatment_minutes"}
NPIS, ICD_10, CPT = (
    "http://hl7.org/fhir/sid/us-npi",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://www.ama-assn.org/go/cpt",
)
FACILITIES = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
Frames = dict[str, pd.DataFrame]


@cache
def month() -> Frames:
    """The tables of every fifth patient of the demo clinic, as text."""
    every = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(DEMO.glob("*.csv"))}
    del every["answers"]
    for name, rows in every.items():
        if "patient_id" in rows:
            every[name] = rows[[crc32(patient.encode()) % 5 == 0 for patient in rows["patient_id"]]]
    services = every["note_services"]
    every["note_services"] = services[services["note_id"].isin(every["notes"]["note_id"])]
    return every


def found(folder: Path) -> pd.DataFrame:
    tables, refusals = check(read([folder]))
    assert not refusals
    return audit(tables)


def as_csv(folder: Path, frames: Frames) -> None:
    folder.mkdir()
    for name, rows in frames.items():
        rows.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("csv") / "month"
    as_csv(folder, month())
    result = found(folder)
    assert len(set(result.loc[result["severity"] == "error", "rule"])) > 15
    return result


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """With the numbers and days that other programs keep as such."""
    numbers = {name: pd.to_numeric(rows[name]) for name in rows if name in NUMBERS}
    days = {name: pd.to_datetime(rows[name]) for name in rows if name.endswith(("_date", "_from", "_to", "_on"))}
    return rows.assign(**numbers, **days)


def as_all_forms(folder: Path, frames: Frames) -> None:
    """One table after the other as JSON lines, as Parquet, and as sheets of one workbook."""
    with pd.ExcelWriter(folder / "month.xlsx") as book:
        for place, (name, rows) in enumerate(frames.items()):
            if place % 3 == 0:
                rows.to_json(folder / f"{name}.jsonl", orient="records", lines=True)
            elif place % 3 == 1:
                typed(rows).to_parquet(folder / f"{name}.parquet", index=False)
            else:
                typed(rows).to_excel(book, sheet_name=name, index=False)


def last_and_first(name: str) -> list[str]:
    first, _, last = name.rpartition(" ")
    return [last, first]


ISA = "ISA*00*          *00*          *ZZ*CLINIC         *ZZ*PAYER          *261101*1200*^*00501*000000001*0*P*:"
GS = "GS*HC*CLINIC*PAYER*20261101*1200*1*X*005010X222A1"


def as_837p(folder: Path, frames: Frames) -> None:
    body = ["ST*837*0001*005010X222A1", "BHT*0019*00*1*20261101*1200*CH"]
    levels = 0
    for billing, claims in frames["claims"].groupby("billing_npi"):
        levels += 1
        clinic = levels
        body += [f"HL*{clinic}**20*1", f"NM1*85*2*CLINIC*****XX*{billing}"]
        for _, of_person in claims.groupby(["patient_id", "payer_id"]):
            levels += 1
            body += [f"HL*{levels}*{clinic}*22*0", *_subscriber(of_person.iloc[0])]
            body += [segment for _, lines in of_person.groupby("claim_id") for segment in _claim_837p(lines)]
    whole = [ISA, GS, *body, f"SE*{len(body) + 1}*0001", "GE*1*1", "IEA*1*000000001"]
    (folder / "claims.837").write_text("".join(f"{segment}~\n" for segment in whole))


def _subscriber(row: Any) -> list[str]:
    return [
        "SBR*P*18*******CI",
        f"NM1*IL*1*{'*'.join(last_and_first(row.patient_name))}****MI*{row.patient_id}",
        f"DMG*D8*{row.patient_birth_date.replace('-', '')}*F",
        f"NM1*PR*2*{row.payer_name}*****PI*{row.payer_id}",
    ]


def _claim_837p(lines: pd.DataFrame) -> list[str]:
    one = lines.iloc[0]
    codes = one.diagnosis_codes.replace(".", "").split()
    total = lines["charge_amount"].astype(float).sum()
    return [
        f"CLM*{one.claim_id}*{total:.2f}***{one.place_of_service}:B:{one.frequency_code}*Y*A*Y*Y",
        *([f"REF*G1*{one.prior_authorization}"] if one.prior_authorization else []),
        "*".join(["HI", *[f"{'ABF' if place else 'ABK'}:{code}" for place, code in enumerate(codes)]]),
        *([f"NM1*DN*1*OKAFOR*DUNSTAN****XX*{one.referring_npi}"] if one.referring_npi else []),
        *[segment for line in lines.itertuples() for segment in _line_837p(line)],
    ]


def _line_837p(line: Any) -> list[str]:
    code, pointers = ":".join(["HC", line.procedure_code, *_modifiers(line)]), line.diagnosis_pointers.replace(" ", ":")
    return [
        f"LX*{line.line_number}",
        f"SV1*{code}*{line.charge_amount}*UN*{line.units}*{line.place_of_service}**{pointers}",
        f"DTP*472*D8*{line.service_date.replace('-', '')}",
        f"NM1*82*1*{'*'.join(last_and_first(line.rendering_name))}****XX*{line.rendering_npi}",
    ]


def as_fhir(folder: Path, frames: Frames) -> None:
    persons = frames["claims"].drop_duplicates("patient_id")
    resources = [_patient(row) for row in persons.itertuples()]
    resources += [_claim_fhir(lines) for _, lines in frames["claims"].groupby("claim_id")]
    (folder / "export.ndjson").write_text("".join(json.dumps(one) + "\n" for one in resources))


def _patient(row: Any) -> dict[str, Any]:
    last, first = last_and_first(row.patient_name)
    name = [{"family": last, "given": [first]}]
    return {"resourceType": "Patient", "id": row.patient_id, "name": name, "birthDate": row.patient_birth_date}


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _claim_fhir(lines: pd.DataFrame) -> dict[str, Any]:
    one = lines.iloc[0]
    treating = list(dict.fromkeys(lines["rendering_npi"]))
    team = [(npi, "rendering") for npi in treating] + [(npi, "referring") for npi in [one.referring_npi] if npi]
    insured = {"sequence": 1, "focal": True, "coverage": {"display": "theirs"}}
    diagnoses = enumerate(one.diagnosis_codes.split(), start=1)
    return {
        "resourceType": "Claim",
        "id": one.claim_id,
        "identifier": [{"value": one.claim_id}],
        "status": "active",
        "use": "claim",
        "type": coded("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "created": "2026-11-01",
        "patient": {"reference": f"Patient/{one.patient_id}"},
        "insurer": {"identifier": {"value": one.payer_id}, "display": one.payer_name},
        "provider": {"identifier": {"system": NPIS, "value": one.billing_npi}},
        "priority": coded("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
        "insurance": [insured | ({"preAuthRef": [one.prior_authorization]} if one.prior_authorization else {})],
        "careTeam": [
            {"sequence": place, "provider": {"identifier": {"system": NPIS, "value": npi}}, "role": coded("x", role)}
            for place, (npi, role) in enumerate(team, start=1)
        ],
        "diagnosis": [{"sequence": n, "diagnosisCodeableConcept": coded(ICD_10, code)} for n, code in diagnoses],
        "item": [
            {
                "sequence": int(line.line_number),
                "careTeamSequence": [treating.index(line.rendering_npi) + 1, *range(len(treating) + 1, len(team) + 1)],
                "diagnosisSequence": [int(place) for place in line.diagnosis_pointers.split()],
                "productOrService": coded(CPT, line.procedure_code),
                "servicedDate": line.service_date,
                "locationCodeableConcept": coded(FACILITIES, line.place_of_service),
                "quantity": {"value": int(line.units)},
                "net": {"value": float(line.charge_amount), "currency": "USD"},
                **({"modifier": said} if (said := [coded(CPT, code) for code in _modifiers(line)]) else {}),
            }
            for line in lines.itertuples()
        ],
    }


def _modifiers(line: Any) -> list[str]:
    return [code for name in MODIFIERS if (code := getattr(line, name))]


def test_a_month_is_judged_alike_in_every_form_of_tables(tmp_path: Path, expected: pd.DataFrame):
    as_all_forms(tmp_path, month())
    pd.testing.assert_frame_equal(found(tmp_path), expected)


@pytest.mark.parametrize("written", [as_837p, as_fhir], ids=lambda one: one.__name__)
def test_a_month_is_judged_alike_where_its_claims_come_by_a_standard(
    tmp_path: Path, expected: pd.DataFrame, written: Callable
):
    folder = tmp_path / "month"
    as_csv(folder, {name: rows for name, rows in month().items() if name != "claims"})
    written(folder, month())
    pd.testing.assert_frame_equal(found(folder), expected)


def in_small_letters(frames: Frames) -> None:
    for name in MODIFIERS:
        frames["claims"][name] = frames["claims"][name].str.lower()
    frames["claims"]["diagnosis_codes"] = frames["claims"]["diagnosis_codes"].str.lower().str.replace(".", "")


def names_in_capitals(frames: Frames) -> None:
    for rows in frames.values():
        for name in rows.columns.intersection(["patient_name", "rendering_name", "author_name", "signed_by"]):
            rows[name] = rows[name].str.upper()


def pointers_as_letters_and_numbers_with_points(frames: Frames) -> None:
    claims, services = frames["claims"], frames["note_services"]
    places = claims["diagnosis_pointers"].str.split()
    claims["diagnosis_pointers"] = ["".join("ABCDEFGHIJKL"[int(place) - 1] for place in row) for row in places]
    claims["units"] += ".0"
    services["minutes"] = services["minutes"].where(services["minutes"] == "", services["minutes"] + ".0")


def between_spaces(frames: Frames) -> None:
    for rows in frames.values():
        for name in rows:
            rows[name] = rows[name].where(rows[name] == "", " " + rows[name] + "  ")


def in_another_order(frames: Frames) -> None:
    for name, rows in frames.items():
        frames[name] = rows.sample(frac=1, random_state=3)


def test_a_month_is_judged_alike_whatever_the_habits_of_its_writer(tmp_path: Path, expected: pd.DataFrame):
    frames = {name: rows.copy() for name, rows in month().items()}
    in_small_letters(frames)
    names_in_capitals(frames)
    pointers_as_letters_and_numbers_with_points(frames)
    between_spaces(frames)
    in_another_order(frames)
    as_csv(tmp_path / "month", frames)
    pd.testing.assert_frame_equal(found(tmp_path / "month"), expected)
