"""Checked tables as records, column by column: claims with their lines, notes with their services, rows of context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from audit import model
from audit.store.canonical import cell, sha256
from audit.store.cells import Cells, Places, columns
from audit.tables import Tables

CONTEXT = ("payers", "plans_of_care", "authorizations", "providers", "fees")
SINGLE = (*CONTEXT, *model.PAID)
"""Tables of which each row is a record."""
KEYS = {"claims": ("claim_id",), "notes": ("note_id",)} | {name: model.TABLES[name].key for name in SINGLE}
"""What tells the current records of a table apart."""
AT_ONCE = 20_000
"""Records whose text is held in memory at a time."""
NONE = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True)
class Records:
    """The records of one table. `row` goes into the table itself, `parts` (lines or services) into the table of its
    parts: those of record n are `ends[n]` to `ends[n + 1]`."""

    keys: list[tuple[Any, ...]]
    row: dict[str, Cells]
    digests: list[str]
    parts: dict[str, Cells]
    ends: Places

    @property
    def refused(self) -> Places:
        """Which of the records are no more than what is left of one that was refused."""
        rows = self.row.get("refused_row", Cells.same(None, len(self.keys)))
        return np.array([bool(one) for one in rows.distinct], dtype=bool)[rows.places]

    def parts_of(self, which: Places) -> Places:
        """The places of the parts of these records, in their order."""
        if not self.parts:
            return NONE
        numbers = np.diff(self.ends)[which]
        first = np.repeat(self.ends[which] - np.r_[0, np.cumsum(numbers)[:-1]], numbers)
        found: Places = first + np.arange(len(first))
        return found


def records(tables: Tables, services: dict[str, Cells]) -> dict[str, Records]:
    """Every record of `tables` by table name. `services` are the columns of the notes' services."""
    found = {"claims": _claims(tables.claims), "notes": _notes(tables.notes, services)}
    return found | {name: _context(name, getattr(tables, name)) for name in SINGLE}


def _claims(frame: pd.DataFrame) -> Records:
    """The row of a claim is its first line's; its date is the first date of service, its charge the sum."""
    lines = columns(frame, model.CLAIMS)
    whose, number = lines["claim_id"].places, lines["line_number"].array().astype("int64")
    order = np.lexsort((number, whose))
    lines, ends = (
        {name: cells.at(order) for name, cells in lines.items()},
        _ends(whose[order], len(lines["claim_id"].distinct)),
    )
    return _of("claims", of_lines(lines, ends), {}, lines, ends)


def of_lines(lines: dict[str, Cells], ends: Places) -> dict[str, Cells]:
    """The columns of claims that lines in order make; those of a claim end at `ends`."""
    row = {name: lines[name].at(ends[:-1]) for name in _CLAIM_COLUMNS}
    return row | {
        "service_date": _first(lines["service_date"], ends),
        "charge_amount": _sum(lines["charge_amount"], ends),
    }


def _notes(frame: pd.DataFrame, services: dict[str, Cells]) -> Records:
    row = columns(frame, model.NOTES)
    known = {note_id: place for place, note_id in enumerate(row["note_id"].each())}
    whose = np.array(services["note_id"].each(lambda note_id: known.get(note_id, -1)), dtype=np.intp)
    order = np.argsort(whose, kind="stable")
    order = order[whose[order] >= 0]
    ends = _ends(whose[order], len(frame))
    return _of("notes", row, row, {name: cells.at(order) for name, cells in services.items()}, ends)


def _context(name: str, frame: pd.DataFrame) -> Records:
    row = columns(frame, model.TABLES[name])
    return _of(name, row, row, {}, np.zeros(len(frame) + 1, dtype=np.intp))


def _of(name: str, row: dict[str, Cells], said: dict[str, Cells], parts: dict[str, Cells], ends: Places) -> Records:
    """`said` are the columns of the record's own row that its digest is over."""
    digests = [digest for start in range(0, len(ends) - 1, AT_ONCE) for digest in digests_of(said, parts, ends, start)]
    place = {"position": _positions(ends)} if name == "notes" else {}
    keys = list(zip(*[row[column].each() for column in KEYS[name]], strict=True))
    return Records(keys, row, digests, parts | place, ends)


def digests_of(said: dict[str, Cells], parts: dict[str, Cells], ends: Places, start: int = 0) -> Iterator[str]:
    """As `canonical.digest` of each record from `start` on, AT_ONCE of them."""
    bounds = ends[start : start + AT_ONCE + 1].tolist()
    own = _texts({name: cells.at(slice(start, start + AT_ONCE)) for name, cells in said.items()}, len(bounds) - 1)
    inside = _texts(
        {name: cells.at(slice(bounds[0], bounds[-1])) for name, cells in parts.items()}, bounds[-1] - bounds[0]
    )
    for place, text in enumerate(own):
        low, high = bounds[place] - bounds[0], bounds[place + 1] - bounds[0]
        yield sha256(text, *sorted(inside[low:high]))


def _texts(cells: dict[str, Cells], number: int) -> list[str]:
    """Each row as `canonical` writes it."""
    told = [cells[name].each(partial(cell, name)) for name in sorted(cells)]
    return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*told, strict=True)] if told else ["{}"] * number


def _ends(whose: Places, number: int) -> Places:
    """Where the parts of each of so many records end; `whose` is in order."""
    found: Places = np.r_[0, np.cumsum(np.bincount(whose, minlength=number))].astype(np.intp)
    return found


def _positions(ends: Places) -> Cells:
    within = np.arange(ends[-1]) - np.repeat(ends[:-1], np.diff(ends))
    return Cells(list(range(1, int(within.max(initial=-1)) + 2)), within.astype(np.intp))


def _first(dates: Cells, ends: Places) -> Cells:
    days = dates.array().astype("datetime64[D]")
    return Cells.of(np.minimum.reduceat(days, ends[:-1]).tolist()) if len(days) else Cells([], NONE)


def _sum(charges: Cells, ends: Places) -> Cells:
    """None where one of them is unknown."""
    if not len(charges.places):
        return Cells([], NONE)
    known = Cells([one is not None for one in charges.distinct], charges.places).array().astype(bool)
    dollars = Cells([Decimal(0) if one is None else one for one in charges.distinct], charges.places).array()
    sums = np.add.reduceat(dollars, ends[:-1])
    sums[~np.logical_and.reduceat(known, ends[:-1])] = None
    return Cells.of(sums.tolist())


_CLAIM_COLUMNS = (
    *("claim_id", "patient_id", "patient_name", "payer_id", "payer_name"),
    *("rendering_npi", "rendering_name", "billing_npi"),
)
