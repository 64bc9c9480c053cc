"""Columns of texts, of which many rows say the same or belong together."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from audit.shared_text import SharedText, spread

Whole: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
AT_ONCE = 50_000
"""Texts of which Arrow has a copy at a time."""
LARGEST = 2**62
"""Whole numbers up to this are safe to put together."""


def once_each(ask: Callable[[pd.Series[Any]], pd.Series[Any]]) -> Callable[[pd.Series[Any]], pd.Series[Any]]:
    """For a function that looks at each text (or number) by itself: asks it once for those that are the same."""

    @wraps(ask)
    def asked(texts: pd.Series[Any]) -> pd.Series[Any]:
        numbers, different = pd.factorize(texts.array, use_na_sentinel=False)
        told = ask(pd.Series(different, dtype=texts.dtype)).array
        return pd.Series(spread(told, numbers), index=texts.index, name=texts.name)

    return asked


def contains(texts: pd.Series[str], pattern: str) -> pd.Series[bool]:
    """In which of the texts `re` finds the pattern, whatever the case of its letters.

    Arrow's RE2 finds it a dozen times quicker. It is asked of texts in ASCII, of which both say the same for patterns
    without `\\s`, `$` and what looks around.
    """

    @once_each
    def asked(each: pd.Series[str]) -> pd.Series[bool]:
        held = each.tolist()
        blocks = [held[start : start + AT_ONCE] for start in range(0, len(held), AT_ONCE)]
        return pd.Series([told for block in blocks for told in _found_in(block, pattern)], dtype="bool")

    return asked(texts)


def _found_in(texts: list[str], pattern: str) -> list[bool]:
    plain = pa.array([text if text.isascii() else "" for text in texts], type=pa.string())
    found: list[bool] = compute.match_substring_regex(plain, pattern, ignore_case=True).to_pylist()
    for place, text in enumerate(texts):
        if not text.isascii():
            found[place] = re.search(pattern, text, re.IGNORECASE) is not None
    return found


def group_numbers(*columns: pd.Series[Any] | Whole) -> Whole:
    """A whole number for each row, the same for rows that say the same in all columns; counted from 0 as they come."""
    number, most = np.zeros(len(columns[0]), dtype="int64"), 1
    for column in columns:
        of_column, different = _of_column(column.array if isinstance(column, pd.Series) else column)
        if most * different > LARGEST:
            number = pd.factorize(number)[0]
            most = len(number)
        number, most = number * different + of_column, most * different
    return pd.factorize(number)[0]


def _of_column(held: Any) -> tuple[Whole, int]:
    """A whole number for each, the same for the same, and how many there are at most."""
    if isinstance(held, SharedText):
        return held.numbers.astype("int64") + 1, len(held.texts) + 1
    number, different = pd.factorize(held, use_na_sentinel=False)
    return number, len(different)


def firsts(number: Whole) -> Whole:
    """The place of the first row of each of the `group_numbers`, by number."""
    found: Whole = np.flatnonzero(np.diff(np.maximum.accumulate(number), prepend=-1))
    return found


def joined(texts: pd.Series[str], by: pd.Series[Any] | list[pd.Series[Any]], between: str) -> pd.Series[str]:
    """The texts of each group in one, in their order; by group, sorted, as `groupby(by).agg(between.join)` says it."""
    keys = by if isinstance(by, list) else [by]
    names = [one.name for one in keys]
    groups = pd.DataFrame({n: key.array for n, key in enumerate(keys)}).groupby([*range(len(keys))], sort=True)
    number = groups.ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    told = texts.to_numpy(dtype="object")[order]
    said = told[starts]
    for group in np.flatnonzero(ends - starts > 1):
        said[group] = between.join(told[starts[group] : ends[group]])
    first = [key.array.take(order[starts]) for key in keys]
    index = pd.MultiIndex.from_arrays(first, names=names) if len(keys) > 1 else pd.Index(first[0], name=names[0])
    return pd.Series(said, index=index, dtype="str", name=texts.name)


def combinations(rows: pd.DataFrame, asked: dict[str, Callable[[pd.DataFrame], pd.Series[Any]]]) -> pd.DataFrame:
    """A column for each of `asked`, which looks at each row by itself: rows that say the same are looked at once."""
    number = group_numbers(*(rows[name] for name in rows))
    each = rows.take(firsts(number))
    told = {name: spread(ask(each).array, number) for name, ask in asked.items()}
    return pd.DataFrame(told, index=rows.index)


def first_true(asked: dict[str, Any], otherwise: str) -> pd.Series[str]:
    """For each row the first of `asked` (texts, with whether each row is so) that holds; its rows share one text."""
    place = np.select(list(asked.values()), list(range(len(asked))), default=len(asked))
    index = next(iter(asked.values())).index
    return pd.Series(spread(pd.array([*asked, otherwise], dtype="str"), place), index=index)


def told_of(key: pd.Series[Any], by_key: pd.Series[str]) -> pd.Series[str]:
    """What `by_key` (each key once) says of each of `key`, "" where it says nothing."""
    numbers, different = pd.factorize(key.array, use_na_sentinel=False)
    place = by_key.index.get_indexer(pd.Index(different))
    said = by_key.astype("str").fillna("").array.take(place, allow_fill=True, fill_value="")
    return pd.Series(spread(said, numbers), index=key.index, name=key.name)
