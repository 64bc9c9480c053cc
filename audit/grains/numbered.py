"""Sums over rows by the whole number of what they belong to (a day, a note, a service of a day). The numbers count from
0, so that a sum is one pass over the rows, without sorting or looking up."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from audit.texts import Whole

Numbers: TypeAlias = "pd.Series[int] | Whole"


def plain(numbers: Numbers) -> Whole:
    """As int64, -1 for <NA>: what belongs to nothing."""
    if isinstance(numbers, np.ndarray):
        return numbers.astype(np.int64, copy=False)
    return np.asarray(numbers.to_numpy(dtype="int64", na_value=-1), dtype=np.int64)


def sums(values: Any, number: Numbers, most: int) -> Whole:
    """For each of the numbers from 0 to below `most`, the sum of `values` (whole, or true and false; <NA> is 0) over
    the rows with that `number`."""
    if isinstance(values, pd.Series):
        may_lack = not isinstance(values.dtype, np.dtype) or values.dtype.kind == "f"
        values = values.to_numpy(dtype="float64", na_value=0) if may_lack else values.to_numpy()
    whole: Whole = np.bincount(plain(number) + 1, weights=values, minlength=most + 1)[1:].astype("int64")
    return whole


def sums_for(asked: Numbers, values: Any, number: Numbers) -> Whole:
    """For each row of `asked` the sum of `values` over the rows with the same `number`, 0 where there is none."""
    wanted = plain(asked)
    most = max(int(one.max(initial=-1)) for one in (wanted, plain(number))) + 1
    return np.append(sums(values, number, most), 0)[wanted]


def whole_sums(values: pd.Series[int], number: Numbers, most: int) -> pd.Series[int]:
    """`sums` that are <NA> where one of the values is, or there is none: half a total is no total."""
    lacking = (sums(values.isna(), number, most) > 0) | (sums(np.ones(len(values)), number, most) == 0)
    return whole_numbers(sums(values, number, most), lacking)


def whole_numbers(values: Any, lacking: Any) -> pd.Series[int]:
    """Whole numbers, <NA> where they are `lacking`."""
    return pd.Series(pd.arrays.IntegerArray(np.where(lacking, 0, values).astype("int64"), lacking))


def places(asked: Numbers, number: Numbers) -> Whole:
    """The first row with the `number` that each row of `asked` has; all of them are there."""
    held = plain(number)
    at = np.zeros(int(held.max(initial=-1)) + 1, dtype="int64")
    at[held[::-1]] = np.arange(len(held))[::-1]
    found: Whole = at[plain(asked)]
    return found


def beside(rows: pd.DataFrame, others: pd.DataFrame, place: Whole) -> pd.DataFrame:
    """`rows`, and beside each the columns of the row of `others` at its `place`."""
    return pd.concat([rows, others.take(place).set_axis(rows.index)], axis=1)
