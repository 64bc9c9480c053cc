"""Cells that a program typed (numbers, dates, truth values) as the text that the contract has for them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd

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
