"""What is left of a note of which a row was refused, so that its day does not look as if nobody had documented it.

Of such a note only the columns that tell whose and which it is are kept, and in `refused_row` the place of the row to
mend. Whatever else it says is not known: a rule that needs it is untestable, and no error rests on the other notes of
the day alone (`unconfirmed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from audit import contract
from audit.errors import Refusal
from audit.model import NOTES, WHOSE_NOTE, Column

_FAMILY = ("notes", "note_services")


def remnants(refused: pd.DataFrame, refusals: Iterable[Refusal]) -> pd.DataFrame:
    """The rows of notes that stand for the `refused` ones (both as `contract.normal` gives them), each note once; none
    for a row whose note, patient or date cannot be read. `refusals`: why, the cause before what followed from it."""
    places: dict[str, str] = {}
    for one in refusals:
        if one.table in _FAMILY:
            places.setdefault(one.record_id, f"row {one.row} of {one.file}")
    must = [column for column in NOTES.columns if column.required]
    can = [column for column in NOTES.columns if column.name in WHOSE_NOTE and not column.required]
    columns = [*(column.name for column in (*must, *can)), "source_file", "source_row"]
    rows = refused[columns].astype("str").drop_duplicates("note_id")
    rows = rows[~rows.index.isin(_broken(rows, *must))]
    for column in can:
        rows.loc[list(_broken(rows, column)), column.name] = ""
    rows = rows.assign(refused_row=rows["note_id"].map(places).fillna("a row"))
    return rows.reindex(columns=[*NOTES.names, "source_file", "source_row"], fill_value="")


def _broken(rows: pd.DataFrame, *columns: Column) -> set[int]:
    """Labels of the rows of which one of these cells breaks the contract."""
    part = replace(NOTES, key=(), columns=columns)
    return contract.broken(contract.normal(rows, part), part).rows
