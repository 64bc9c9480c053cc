"""Notes and their services, linked to the days of the claims; the grain `note`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.facts.reference import Facts, with_facts
from audit.grains.again import REPLACES, belongs
from audit.grains.clock import minute_of_day
from audit.grains.lines import DAY, agreed, discipline_of, filled, in_order, service_of
from audit.grains.numbered import beside, sums_for, whole_numbers, whole_sums
from audit.grains.twice import written_again
from audit.shared_text import SHARED, for_all
from audit.tables import Tables
from audit.texts import once_each

NO_PRACTITIONER = r"STUDENT|AIDE|TECH(?:NICIAN)?|INTERN|[MD]?OTA?[/-]S|OTD[/-]?S|S[/-]OTA?|OTA?S|MOTS|SOTA?"
"""How aides and students sign: OTS, OT/S, S/OT, and the like of their assistants' schools."""
PARTS = ["therapist_minutes", "assistant_minutes", "together_minutes"]


def notes(tables: Tables, lines: pd.DataFrame) -> pd.DataFrame:
    """Visit notes with their discipline, who wrote them (`author`: therapist, assistant, "") and `day`.

    A note that names a claim belongs to that claim's day of the same patient and date; one that names none, to the
    day of its patient, discipline and date. `day` is <NA> where there is no such day. `note`: a number. `again`: it may
    tell of the same visit as another one (`twice`).
    """
    rows = in_order(tables.notes, ["note_id"])
    rows["claim_id"] = _claim(rows, lines)
    rows["discipline"] = _discipline(rows, tables, lines)
    rows["author"] = author_of(rows["author_credential"])
    rows["day"] = _day(rows[[*DAY, "claim_id"]], lines)
    rows["note"] = np.arange(len(rows))
    rows["again"] = written_again(rows, tables.note_services)
    return rows


def _claim(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series[str]:
    """The claim that a note names; where it is not on file, the one that says that it replaces it."""
    later = lines["frequency_code"].isin(REPLACES)
    key = ["patient_id", "original_reference"]
    new = lines.loc[later & (lines["original_reference"] != ""), [*key, "claim_id"]]
    new = new[~new["original_reference"].isin(lines["claim_id"])]
    if new.empty:
        return rows["claim_id"]
    by_name = new.drop_duplicates(key).set_index(key)["claim_id"]
    found = by_name.reindex(pd.MultiIndex.from_frame(rows[["patient_id", "claim_id"]])).set_axis(rows.index)
    return found.fillna(rows["claim_id"]).astype(SHARED)


def _day(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series[int]:
    days = lines.loc[~lines["claim_day"].duplicated(), [*DAY, "claim_id", "day"]]
    named = rows["claim_id"] != ""
    found = _only_day(rows, days)
    for key in (["patient_id", "service_date", "claim_id"], [*DAY, "claim_id"]):
        lacking = named & found.isna()
        if lacking.any():
            found = found.fillna(agreed(rows[lacking], days, key, "day").astype("Int64"))
    if not named.all():
        found = found.fillna(agreed(rows[~named], days, DAY, "day").astype("Int64"))
    return found


def _only_day(rows: pd.DataFrame, days: pd.DataFrame) -> pd.Series[int]:
    """The day of the claim that a note names, where the claim has one day only, of the note's patient and date."""
    only = days[~days["claim_id"].duplicated(keep=False)]
    place = pd.Index(only["claim_id"]).get_indexer(pd.Index(rows["claim_id"]))
    found = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    of_claim, own = only.take(place[place >= 0]), rows[place >= 0]
    same = np.ones(len(own), dtype="bool")
    for name in ("patient_id", "service_date"):
        same &= own[name].to_numpy() == of_claim[name].to_numpy()
    found[own.index[same]] = of_claim["day"].array[same]
    return found


def _discipline(rows: pd.DataFrame, tables: Tables, lines: pd.DataFrame) -> pd.Series[str]:
    """What the note says, else its practitioner's, else that of the lines of its claim, its practitioner, its
    patient on its date, where those agree; else OT."""
    found = rows["discipline"].mask(rows["discipline"] == "", discipline_of(tables, rows["rendering_npi"]))
    same_date = ["patient_id", "service_date"]
    for key in ([*same_date, "claim_id"], [*same_date, "rendering_npi"], same_date):
        found = filled(found, rows, lines, key)
    return found.mask(found == "", "OT").astype(SHARED)


@once_each
def author_of(credential: pd.Series[str]) -> pd.Series[str]:
    """ "assistant" for OTA and COTA/L, "therapist" for OT, OTR/L, OTD; "" for neither, both, or none: minutes of a
    student or an aide are nobody's."""
    folded = credential.str.upper().str.replace(".", "", regex=False)
    assistant = folded.str.contains(r"\b(?:C?OTAL?|L?PTA)\b|\bASSISTANT\b", regex=True)
    named = folded.str.contains(r"\bTHERAPIST\b", regex=True) & ~folded.str.contains("ASSISTANT", regex=False)
    therapist = named | folded.str.contains(r"\b(?:M?OTR?L?|OTD|D?PT|SLP)\b(?! ASSISTANT)", regex=True)
    neither = folded.str.contains(rf"\b(?:{NO_PRACTITIONER})\b", regex=True)
    neither |= assistant & therapist
    result = pd.Series("", index=credential.index, dtype="str").mask(therapist, "therapist")
    return result.mask(assistant, "assistant").mask(neither, "")


def services(tables: Tables, linked: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Services of the linked notes with `service`, code facts, and minutes by person.

    `minutes` is <NA> when not documented. Minutes that nobody is named for are the author's; where the
    author is unknown too, the three parts are <NA>. `some_parts`: those of some person are told; `open_share`: they are
    fewer than the service has.
    """
    wanted = ["note", "day", "service_date", "author", "claim_id", "patient_id", "again"]
    place = pd.Index(linked["note_id"]).get_indexer(pd.Index(tables.note_services["note_id"]))
    rows = tables.note_services[place >= 0].reset_index(drop=True)
    rows = beside(rows, linked[wanted], place[place >= 0])
    rows = with_facts(rows, facts["codes"], ["timed", "in_pool", "label", "family"], on="procedure_code", key="code")
    rows["service"] = service_of(rows["procedure_code"])
    minutes, *parts = (rows[name].to_numpy("float64", na_value=np.nan) for name in ("minutes", *PARTS))
    told = ~np.isnan(parts).all(axis=0)
    given = np.nansum(parts, axis=0)
    minutes = np.where(np.isnan(minutes) & told, given, minutes)
    rows["minutes"] = whole_numbers(minutes, np.isnan(minutes))
    rows = rows.assign(some_parts=np.asarray(told), open_share=np.asarray(told & (given < minutes)))
    nobody = (rows["author"] == "").to_numpy()
    for name, part, author in zip(PARTS, parts, ("therapist", "assistant", "together"), strict=True):
        alone = np.where(nobody, np.nan, np.where(rows["author"] == author, minutes, 0))
        own = np.where(told, np.nan_to_num(part), alone)
        rows[name] = whole_numbers(own, np.isnan(own))
    return rows


def of_claims(linked: pd.DataFrame, lines: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The grain `note`: each note of a claim's day that was not refused, on the first line of the claim that it belongs
    to.

    `contributor`: the other role (therapist, assistant) that furnished minutes of the note beside its author, or ""."""
    first = lines.loc[~lines["claim_day"].duplicated(), ["day", "claim_id", "line_number", "procedure_code"]]
    rows = linked[linked["day"].notna() & (linked["refused_row"] == "")].rename(columns={"claim_id": "named_claim"})
    rows = rows.merge(first, on="day")
    rows = rows[belongs(rows["named_claim"], rows["claim_id"], lines)]
    rows["service_count"] = sums_for(rows["note"], np.ones(len(services)), services["note"])
    rows["lists_timed"] = rows["note"].isin(services.loc[services["timed"] == "yes", "note"])
    rows["timed_in_note"] = _timed_minutes(rows, services)
    rows["contributor"] = _contributor(rows, services)
    rows["timed_billed"] = rows["day"].isin(lines.loc[lines["timed"] == "yes", "day"])
    rows["span"] = minute_of_day(rows["end_time"]) - minute_of_day(rows["start_time"])
    return rows.reset_index(drop=True)


def _contributor(rows: pd.DataFrame, services: pd.DataFrame) -> pd.Series[str]:
    result = for_all("", rows)
    for author, other in (("therapist", "assistant"), ("assistant", "therapist")):
        gave = services[f"{other}_minutes"].fillna(0) + services["together_minutes"].fillna(0) > 0
        shared = rows["note"].isin(services.loc[gave, "note"])
        result = result.mask((rows["author"] == author) & shared, other)
    return result


def _timed_minutes(rows: pd.DataFrame, services: pd.DataFrame) -> pd.Series[int]:
    """The sum over the note's timed services, <NA> when one of them has no minutes, a code is not on file, or no
    service is listed; 0 for only untimed ones."""
    minutes = services["minutes"].where((services["timed"] == "yes") | ~services["known"], 0).where(services["known"])
    by_note = whole_sums(minutes, services["note"], int(rows["note"].max() + 1) if len(rows) else 0)
    return by_note.take(rows["note"].to_numpy()).set_axis(rows.index)
