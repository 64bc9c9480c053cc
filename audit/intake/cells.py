"""Cells that a program typed (numbers, dates, truth values) as the text that the contract has for them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd

from audit.model import MODIFIERS, Table

Sheet = Iterator[list[str]]
"""Records of text; the first is the header."""

_TEXTS: list[tuple[type, Callable[[Any], str]]] = [
    (bool, lambda cell: "yes" if cell else "no"),
    (int, str),
    (float, lambda cell: str(int(cell)) if cell.is_integer() else "" if math.isnan(cell) else repr(cell)),
    (dt.datetime, lambda cell: cell.date().isoformat() if _midnight(cell) else cell.isoformat("T", "minutes")),
    (dt.date, lambda cell: cell.isoformat()),
    (dt.time, lambda cell: cell.strftime("%H:%M")),
    (Iterable, lambda cell: ";".join(as_text(part) for part in cell)),
]


def as_text(cell: object) -> str:
    """A typed cell as the contract writes it: whole numbers without '.0', dates as YYYY-MM-DD, times HH:MM."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return ""
    return next((write(cell) for kind, write in _TEXTS if isinstance(cell, kind)), str(cell))


def _midnight(moment: dt.datetime) -> bool:
    return moment.time() == dt.time(0)


_SEVERAL = re.compile(r"\w\w(?:[\s,;:/+-]+\w\w)+")
"""Modifiers in one cell; what else stands in it is left for the contract and the rules to name."""


def each_in_its_column(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows with several modifiers of one cell ("GO CO", "GO-59") in a column each, where the line has room for
    them. Columns may be text or categories of text."""
    names = [name for name in MODIFIERS if name in table.names]
    crowded = pd.Series(False, index=rows.index)
    for name in names:
        if several := [cell for cell in rows[name].unique() if _SEVERAL.fullmatch(cell)]:
            crowded |= rows[name].isin(several)
    if not crowded.any():
        return rows
    spread = rows[names].astype("str")
    for place, cells in zip(crowded[crowded].index, spread[crowded].to_numpy().tolist(), strict=True):
        each = [one for cell in cells for one in _parts(cell)]
        if len(each) <= len(names):
            spread.loc[place] = [*each, *[""] * (len(names) - len(each))]
    return rows.assign(**{name: spread[name] for name in names})


def _parts(cell: str) -> list[str]:
    return re.findall(r"\w+", cell) if _SEVERAL.fullmatch(cell) else [cell] if cell else []
