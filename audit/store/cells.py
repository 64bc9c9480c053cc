"""A column of many rows as its distinct values and their places: what is worked out of a value is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit import model

Places = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Cells:
    """`distinct` are str, int, date, Decimal, or None for unknown; `places` says for each row which of them."""

    distinct: list[Any]
    places: Places

    @classmethod
    def of(cls, values: Sequence[Any]) -> Cells:
        """Of values as they are."""
        return _cells(pd.Series(values, dtype="object"))

    @classmethod
    def same(cls, value: Any, number: int) -> Cells:
        return cls([value], np.zeros(number, dtype=np.intp))

    def at(self, rows: Places | slice) -> Cells:
        """Of these rows; of few rows only their values are kept."""
        places = self.places[rows]
        if len(places) >= len(self.distinct):
            return Cells(self.distinct, places)
        return Cells([self.distinct[place] for place in places.tolist()], np.arange(len(places)))

    def each(self, say: Callable[[Any], Any] | None = None) -> list[Any]:
        """The value of each row, or what `say` makes of it."""
        told = self.distinct if say is None else [say(value) for value in self.distinct]
        return [told[place] for place in self.places.tolist()]

    def array(self) -> Places:
        made = np.empty(len(self.distinct), dtype="object")
        made[:] = self.distinct
        found: Places = made[self.places]
        return found


def columns(frame: pd.DataFrame, table: model.Table) -> dict[str, Cells]:
    """The contract's columns of a checked table."""
    return {column.name: _of_kind(frame[column.name], column.kind) for column in table.columns}


def _of_kind(values: pd.Series[Any], kind: model.Kind) -> Cells:
    found = _cells(values)
    if kind == "date":
        return Cells([None if one is None else pd.Timestamp(one).date() for one in found.distinct], found.places)
    if kind == "count":
        return Cells([None if one is None else int(one) for one in found.distinct], found.places)
    return found


def _cells(values: pd.Series[Any]) -> Cells:
    places, distinct = pd.factorize(values, use_na_sentinel=False)
    known = [None if missing else value for value, missing in zip(distinct, pd.isna(distinct), strict=True)]
    return Cells(known, places)
