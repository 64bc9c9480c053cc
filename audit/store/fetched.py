"""Rows of the database as checked tables. They were checked when they were loaded: what is read is text, whole numbers,
dates and amounts already, and only takes the dtypes of `Tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select

from audit import model
from audit.shared_text import shared

AT_ONCE = 20_000
"""Rows held as the database gives them."""
Array = np.ndarray[Any, Any]
_EMPTY = pd.array([""], dtype="str")


def fetched(connection: Connection, query: Select[Any], table: model.Table) -> pd.DataFrame:
    """The rows of `query`, which has the contract's columns of `table`, and may have whole numbers besides, which
    follow them; as `tables.typed` makes them of text. Rows that say the same share one value."""
    result = connection.execute(query)
    place = {name: number for number, name in enumerate(result.keys())}
    kinds = {column.name: column.kind for column in table.columns if column.name in place}
    kinds |= {name: "whole" for name in place if name not in table.names}
    told: dict[str, dict[Any, Any]] = {name: {} for name in kinds}
    parts: dict[str, list[Array]] = {name: [] for name in kinds}
    for rows in result.partitions(AT_ONCE):
        cells = list(zip(*rows, strict=True))
        for name, kind in kinds.items():
            parts[name].append(_PART.get(kind, _texts)(cells[place[name]], told[name]))
    return pd.DataFrame({name: _whole(kind, parts[name], told[name]) for name, kind in kinds.items()}, copy=False)


def _texts(cells: Sequence[Any], told: dict[Any, Any]) -> Array:
    """The number of each text among those that differ."""
    return np.array([told.setdefault(cell or "", len(told)) for cell in cells], dtype="int64")


def _amounts(cells: Sequence[Any], told: dict[Any, Any]) -> Array:
    made = np.empty(len(cells), dtype="object")
    made[:] = [None if cell is None else told.setdefault(cell, cell) for cell in cells]
    return made


def _dates(cells: Sequence[Any], _: dict[Any, Any]) -> Array:
    return np.array(cells, dtype="datetime64[us]")


def _counts(cells: Sequence[Any], _: dict[Any, Any]) -> Array:
    return np.array([np.nan if cell is None else cell for cell in cells], dtype="float64")


def _numbers(cells: Sequence[Any], _: dict[Any, Any]) -> Array:
    return np.array(cells, dtype="int64")


_PART: dict[str, Callable[[Sequence[Any], dict[Any, Any]], Array]] = {
    "money": _amounts,
    "price": _amounts,
    "date": _dates,
    "count": _counts,
    "whole": _numbers,
}


def _whole(kind: str, parts: list[Array], told: dict[Any, Any]) -> Any:
    make = _PART.get(kind, _texts)
    found = np.concatenate(parts) if parts else make((), {})
    if kind == "count":
        missing = np.isnan(found)
        return pd.arrays.IntegerArray(np.where(missing, 1, found).astype("int64"), missing)
    if make is not _texts:
        return found
    return shared(found, _EMPTY if [*told] == [""] else pd.array([*told], dtype="str"))
