"""Notes of one day that may tell of the same visit: a daily note, and a report that repeats its services."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pandas as pd

TOLD = ["procedure_code", "minutes", "therapist_minutes", "assistant_minutes", "together_minutes"]
TOTALS = ["total_timed_minutes", "total_treatment_minutes"]
FIRST = "daily"
"""The note type of the one that stands, where there is such a note."""


def written_again(notes: pd.DataFrame, services: pd.DataFrame) -> pd.Series[bool]:
    """Which of the notes (with `day`) say nothing that another one of their day, of another type, does not say: the
    same services with the same minutes (or none) and the same totals, while one of the two at least gives no times and
    they do not name two claims. Each note is repeated by one other at most; of the two the daily note stands."""
    result = pd.Series(False, index=notes.index)
    several = notes["day"].duplicated(keep=False) & notes["day"].notna() & (notes["refused_row"] == "")
    if not several.any():
        return result
    rows = notes.loc[several, ["note_id", "claim_id", "note_type", "start_time", "day", *TOTALS]]
    rows = rows[rows.duplicated("day", keep=False) & rows[TOTALS].notna().any(axis=1)]
    rows = rows[rows.duplicated(["day", *TOTALS], keep=False)]
    types = rows["note_type"].groupby(rows["day"]).transform("nunique")
    rows = rows[(types > 1) & rows["day"].isin(rows.loc[rows["start_time"] == "", "day"])]
    if rows.empty:
        return result
    listed = _listed(services[services["note_id"].isin(rows["note_id"])])
    rows = rows.assign(later=rows["note_type"] != FIRST).sort_values(["day", "later", "note_id"])
    held = rows[["note_id", "claim_id", "note_type", "start_time", *TOTALS, "day"]].astype({"day": "int64"})
    each = zip(held.to_dict("records"), held.index, strict=True)
    days = groupby(each, key=lambda one: int(one[0]["day"]))
    result[[place for _, day in days for place in _again(day, listed)]] = True
    return result


def _listed(services: pd.DataFrame) -> dict[str, tuple[Any, ...]]:
    """By note its services with their minutes, whatever their order, and whether they have times of their own."""
    told = services[["note_id", *TOLD, "start_time"]].astype(dict.fromkeys(TOLD[1:], "str"))
    each: dict[str, list[Any]] = {}
    for note, *said in told.itertuples(index=False):
        each.setdefault(note, []).append(tuple(said))
    return {note: tuple(sorted(said)) for note, said in each.items()}


def _again(day: Iterable[tuple[dict[Any, Any], Any]], listed: dict[str, tuple[Any, ...]]) -> list[Any]:
    """Of the notes of a day, each with its place, the places of those that repeat one before them."""
    found, free = [], list[dict[Any, Any]]()
    for note, place in day:
        same = next((one for one in free if _alike(one, note, listed)), None)
        if same is None:
            free.append(note)
        else:
            free.remove(same)
            found.append(place)
    return found


def _alike(one: dict[Any, Any], two: dict[Any, Any], listed: dict[str, tuple[Any, ...]]) -> bool:
    first, second = (listed.get(note["note_id"], ()) for note in (one, two))
    timed = all(note["start_time"] or any(said[-1] for said in listed.get(note["note_id"], ())) for note in (one, two))
    claims = {one["claim_id"], two["claim_id"]} - {""}
    if one["note_type"] == two["note_type"] or timed or len(claims) > 1:
        return False
    if any(str(one[name]) != str(two[name]) for name in TOTALS):
        return False
    return not second or not first or [said[:-1] for said in first] == [said[:-1] for said in second]
