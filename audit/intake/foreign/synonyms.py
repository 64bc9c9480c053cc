"""What other programs call our columns and the words in them: our own list, from exports of therapy programs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from audit.model import TABLES

_SIGNS = re.compile(r"[^a-z0-9]+")
NEAR = 0.84
"""Least likeness of a name that is taken for a misspelling of one we know."""


def plain(name: str) -> str:
    """Small letters and digits, parted by single spaces; "#" is "no"."""
    spelt = name.strip().replace("#", " no ").lower()
    return " ".join(_SIGNS.sub(" ", re.sub(r"(?<=[a-z])(?=\d)", " ", spelt)).split())


def _rows(file: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def names_of_columns() -> dict[str, frozenset[str]]:
    """Each of our columns -> the names it goes by, plain; its own among them."""
    ours = {column.name for table in TABLES.values() for column in table.columns}
    told = {row["column"]: [plain(name) for name in row["names"].split("|")] for row in _rows("synonyms.csv")}
    return {name: frozenset([plain(name), *told.get(name, [])]) for name in ours}


@cache
def words_of(column: str) -> dict[str, str]:
    """What other programs write -> the word of the contract, for one of our columns of words."""
    ours = {word: word for table in TABLES.values() for c in table.columns if c.name == column for word in c.words}
    told = {
        name: row["word"] for row in _rows("words.csv") if row["column"] == column for name in row["names"].split("|")
    }
    return {plain(name): word for name, word in (told | ours).items()}


def known(header: Iterable[str]) -> int:
    """How many of the names are known."""
    every = _every()
    return sum(plain(name) in every or plain(re.sub(r"\d+", "", name)) in every for name in header)


@cache
def _every() -> frozenset[str]:
    return frozenset().union(*names_of_columns().values())


def likeness(name: str, column: str) -> float:
    """1.0: one of the column's names. Under 1: as like as two spellings of one word. 0: neither."""
    given, ours = plain(name), names_of_columns()[column]
    if given in ours:
        return 1.0
    from rapidfuzz.distance import DamerauLevenshtein  # noqa: PLC0415  loaded only where a column is looked for

    best = max((DamerauLevenshtein.normalized_similarity(given, one) for one in ours if len(one) > 4), default=0.0)
    return best if best >= NEAR else 0.0
