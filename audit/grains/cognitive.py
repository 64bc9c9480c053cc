"""97129 and 97130 are one service in two codes: whose minutes the notes give to each of them, and which carries CO."""

from __future__ import annotations

import pandas as pd

from audit.grains.notes import PARTS
from audit.units import COGNITIVE


def crossed(lines: pd.DataFrame, note_services: pd.DataFrame) -> pd.Series[str]:
    """By day, in words, that CO stands on the one code, which by the notes the therapist gave whole, and not on the
    other, which the assistant gave whole. Days of which the notes do not tell that are left out."""
    billed = lines[lines["procedure_code"].isin(COGNITIVE) & (lines["counting"] > 0)]
    marked = billed.groupby(["day", "procedure_code"])["has_co"].agg(["any", "all"])
    given = note_services[note_services["procedure_code"].isin(COGNITIVE) & note_services["day"].isin(billed["day"])]
    known = given[PARTS].notna().all(axis=1)
    given = given[known.groupby(given["day"]).transform("all") & ~given["again"]]
    minutes = given.groupby(["day", "procedure_code"])[PARTS].sum()
    by_therapist = (minutes["assistant_minutes"] == 0) & (minutes.sum(axis=1) > 0)
    by_assistant = (minutes["assistant_minutes"] > 0) & (minutes.sum(axis=1) == minutes["assistant_minutes"])
    told: dict[int, str] = {}
    for wrong, right in (COGNITIVE, COGNITIVE[::-1]):
        days = _days(marked["all"], wrong) & _days(~marked["any"], right)
        days &= _days(by_therapist, wrong) & _days(by_assistant, right)
        told |= dict.fromkeys(sorted(days), f"{wrong} carries CO and was the therapist's; {right} was the assistant's")
    return pd.Series(told, dtype="str", index=pd.Index(list(told), dtype="Int64"))


def _days(which: pd.Series[bool], code: str) -> set[int]:
    return {day for day, one in which[which].index if one == code}
