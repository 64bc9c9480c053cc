"""Which columns of its grain a rule can name, so that it is given no others: choosing rows of wide tables is slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

PLACE = ["claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code"]
"""What every finding needs."""
LISTS = (str, list, tuple, dict, set, frozenset)


def named_by(check: Callable[..., Any], columns: Iterable[str]) -> list[str]:
    """Those of `columns` that stand in the function, or in what of this package it uses: as a text of their own, or in
    the {braces} of one.

    A name that a rule puts together from parts is not seen.
    """
    words = _words_of(check)
    return [column for column in columns if column in words]


@cache
def _words_of(check: Callable[..., Any]) -> frozenset[str]:
    words: set[str] = {*PLACE}
    _read(check, words, set())
    return frozenset(words)


def _read(function: Any, words: set[str], seen: set[int]) -> None:
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    if not function.__module__.startswith("audit."):
        return
    seen.add(id(function))
    for name in _names(function.__code__, words):
        value = function.__globals__.get(name)
        if isinstance(value, LISTS):
            words.update(_within(value))
        else:
            _read(value, words, seen)


def _names(code: CodeType, words: set[str]) -> set[str]:
    """The names that the code and the functions within it use; adds them and those in its texts to `words`."""
    names = {*code.co_names}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant, words)
        else:
            words.update(_within(constant))
    words |= names
    return names


def _within(value: Any) -> Iterator[str]:
    """The texts in a value, and the names in their {braces}."""
    if isinstance(value, str):
        yield value
        yield from re.findall(r"\{(\w+)", value)
    elif isinstance(value, dict):
        yield from _within([*value, *value.values()])
    elif isinstance(value, LISTS):
        for one in value:
            yield from _within(one)
