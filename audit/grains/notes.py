"""Notes and their services, linked to the days of the claims; the grain `note`."""

from __future__ import annotations

import pandas as pd

from audit.grains.lines import DAY, discipline_of, service_of
from audit.reference import Facts, with_facts
from audit.tables import Tables

PARTS = ["therapist_minutes", "assistant_minutes", "together_minutes"]


def notes(tables: Tables, lines: pd.DataFrame) -> pd.DataFrame:
    """Visit notes with their discipline, who wrote them (`author`: therapist, assistant, "") and `day`."""
    rows = tables.notes.reset_index(drop=True)
    by_provider = discipline_of(tables, rows["rendering_npi"])
    rows["discipline"] = rows["discipline"].mask(rows["discipline"] == "", by_provider)
    rows["discipline"] = rows["discipline"].mask(rows["discipline"] == "", _of_claim(rows, lines))
    rows["discipline"] = rows["discipline"].mask(rows["discipline"] == "", "OT").astype("str")
    rows["author"] = author_of(rows["author_credential"])
    known = lines[[*DAY, "day"]].drop_duplicates()
    rows["day"] = rows[DAY].merge(known, on=DAY, how="left", validate="m:1")["day"].astype("Int64")
    return rows


def author_of(credential: pd.Series[str]) -> pd.Series[str]:
    """"assistant" for OTA and COTA/L, "therapist" for OT, OTR/L, OTD; "" for what is neither or absent."""
    folded = credential.str.upper().str.replace(".", "", regex=False)
    assistant = folded.str.contains(r"\bC?OTA\b", regex=True) | folded.str.contains(r"\bS?PTA\b", regex=True)
    therapist = folded.str.contains(r"\b(?:OT|OTR|OTD|PT|DPT|SLP)\b", regex=True)
    result = pd.Series("", index=credential.index, dtype="str").mask(therapist, "therapist")
    return result.mask(assistant, "assistant")


def _of_claim(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series[str]:
    """The discipline of the claim that a note names, where the claim has one only."""
    by_claim = lines.groupby("claim_id")["discipline"].agg(["first", "nunique"])
    single = by_claim.loc[by_claim["nunique"] == 1, "first"]
    return rows["claim_id"].map(single).fillna("").astype("str")


def services(tables: Tables, linked: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Services of the linked notes with `service`, code facts, and minutes by person.

    `minutes` is <NA> when not documented. Minutes that nobody is named for are the author's; where the
    author is unknown too, the three parts are <NA>.
    """
    wanted = ["note_id", "day", "service_date", "author", "claim_id", "patient_id"]
    rows = tables.note_services.merge(linked[wanted], on="note_id", how="inner", validate="m:1")
    rows = with_facts(rows, facts["codes"], ["timed", "in_pool", "label"], on="procedure_code", key="code")
    rows["service"] = service_of(rows["procedure_code"])
    told = rows[PARTS].notna().any(axis=1)
    rows.loc[told, PARTS] = rows.loc[told, PARTS].fillna(0)
    rows["minutes"] = rows["minutes"].fillna(rows[PARTS].sum(axis=1, min_count=1).astype("Int64"))
    for part, author in zip(PARTS, ("therapist", "assistant", "together"), strict=True):
        alone = rows["minutes"].where(rows["author"] == author, 0).where(rows["author"] != "")
        rows[part] = rows[part].where(told, alone).astype("Int64")
    return rows


def of_claims(linked: pd.DataFrame, lines: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The grain `note`: each note of a claim's day, on the first line of the claim that it belongs to."""
    first = lines.drop_duplicates(["claim_id", "day"])[["day", "claim_id", "line_number", "procedure_code"]]
    rows = linked[linked["day"].notna()].rename(columns={"claim_id": "named_claim"})
    rows = rows.merge(first, on="day")
    rows = rows[(rows["named_claim"] == rows["claim_id"]) | ~rows["named_claim"].isin(lines["claim_id"])]
    listed = services.groupby("note_id").size()
    rows["service_count"] = rows["note_id"].map(listed).fillna(0).astype("int64")
    rows["timed_in_note"] = rows["note_id"].map(_timed_minutes(services)).astype("Int64")
    rows["timed_billed"] = rows["day"].isin(lines.loc[lines["timed"] == "yes", "day"])
    rows["span"] = _minute_of_day(rows["end_time"]) - _minute_of_day(rows["start_time"])
    return rows.reset_index(drop=True)


def _timed_minutes(services: pd.DataFrame) -> pd.Series[int]:
    """By note: the sum over its timed services, <NA> when one of them has no minutes; 0 for only untimed ones."""
    minutes = services["minutes"].where(services["timed"] == "yes", 0)
    by_note = minutes.groupby(services["note_id"])
    return by_note.sum().where(by_note.count() == by_note.size())


def _minute_of_day(time: pd.Series[str]) -> pd.Series[int]:
    parts = time.str.extract(r"^(\d\d):(\d\d)").astype("Int64")
    return parts[0] * 60 + parts[1]
