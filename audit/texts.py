"""Columns of texts, of which many rows say the same or belong together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pandas as pd


def once_each(ask: Callable[[pd.Series[str]], pd.Series[Any]]) -> Callable[[pd.Series[str]], pd.Series[Any]]:
    """For a function that looks at each text by itself: asks it once for the texts that are the same."""

    @wraps(ask)
    def asked(texts: pd.Series[str]) -> pd.Series[Any]:
        numbers, different = pd.factorize(texts, use_na_sentinel=False)
        told = ask(pd.Series(different, dtype=texts.dtype)).array.take(numbers)
        return pd.Series(told, index=texts.index, name=texts.name)

    return asked


def joined(texts: pd.Series[str], by: pd.Series[Any] | list[pd.Series[Any]], between: str) -> pd.Series[str]:
    """The texts of each group in one, in their order; by group, sorted, as `groupby(by).agg(between.join)` says it."""
    keys = by if isinstance(by, list) else [by]
    named = pd.MultiIndex.from_arrays(keys) if len(keys) > 1 else pd.Index(keys[0])
    found: dict[Any, list[str]] = {}
    for key, text in zip(named, texts, strict=True):
        found.setdefault(key, []).append(text)
    names = [one.name for one in keys]
    index = pd.MultiIndex.from_tuples(found, names=names) if len(keys) > 1 else pd.Index(found, name=names[0])
    said = [between.join(of_group) for of_group in found.values()]
    return pd.Series(said, index=index, dtype="str", name=texts.name).sort_index()
