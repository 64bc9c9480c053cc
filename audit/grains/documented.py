"""The grain `documented_line`: a claim line with what all notes of its day say in words."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts
from audit.tables import Tables
from audit.texts import joined, told_of

SAYING = ["text", "performance_deficits"]


def documented_lines(lines: pd.DataFrame, linked: pd.DataFrame, tables: Tables, facts: Facts) -> pd.DataFrame:
    """Claim lines with `text_of_day` (texts of the day's notes and their services, deficits), `own_author` and
    `own_credential` (role and credential of the author of the line's note), `own_untold` (its `columns_untold`),
    `therapist_seen` (a therapist wrote or, that day, cosigned a note of the day, or a service was given together) and
    `general_supervision` (it suffices in private practice on that date)."""
    notes = linked[linked["day"].notna()]
    rows = lines.copy(deep=False)
    rows["text_of_day"] = told_of(rows["day"], _texts(notes, tables))
    own = {"author": "own_author", "author_credential": "own_credential", "columns_untold": "own_untold"}
    authors = notes[["note_id", *own]].drop_duplicates("note_id")
    place = pd.Index(authors["note_id"]).get_indexer(pd.Index(rows["note_id"]))
    for name, told in own.items():
        rows[told] = authors[name].array.take(place, allow_fill=True, fill_value="")
    seen = _seen(notes, tables)
    rows["therapist_seen"] = rows["day"].isin(seen.index[seen])
    rows["general_supervision"] = rows["service_date"] >= facts.begins("OTA_GENERAL_SUPERVISION_PRIVATE_PRACTICE")
    return rows


def _texts(notes: pd.DataFrame, tables: Tables) -> pd.Series[str]:
    services = tables.note_services.loc[tables.note_services["text"] != "", ["note_id", "text"]]
    services = services.merge(notes[["note_id", "day"]], on="note_id")
    parts = [notes[["day", name]].set_axis(["day", "said"], axis=1) for name in SAYING]
    said = pd.concat([*parts, services[["day", "text"]].set_axis(["day", "said"], axis=1)])
    said = said[said["said"] != ""]
    return joined(said["said"], said["day"], " \n")


def _seen(notes: pd.DataFrame, tables: Tables) -> pd.Series[bool]:
    together = tables.note_services["together_minutes"].fillna(0) > 0
    shared = notes["note_id"].isin(tables.note_services.loc[together, "note_id"])
    cosigned = notes["cosigned_by"] != ""
    asked = notes[cosigned]
    cosigned[cosigned] = asked["cosigned_at"].str[:10] == asked["service_date"].dt.strftime("%Y-%m-%d")
    seen: pd.Series[bool] = (cosigned | shared | (notes["author"] == "therapist")).groupby(notes["day"]).any()
    return seen
