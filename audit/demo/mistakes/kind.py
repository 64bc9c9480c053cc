"""A kind of planted error, what planting one returns, and the answer that is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from audit.demo.records import Line, Visit


@dataclass(frozen=True, slots=True)
class Slip:
    """`line`: the one line at fault, or None for the claim. `also`: rules the same slip trips as well."""

    what: str
    line: Line | None = None
    also: tuple[str, ...] = ()


Alter = Callable[[Random, Visit, list[Visit]], Slip | None]
"""Alters the visit and tells how; None, and no change, when the visit does not suit. The list holds all
visits that may be altered, the clinicians' other hours among them."""


@dataclass(frozen=True, slots=True)
class Kind:
    rule: str
    count: int
    alter: Alter


@dataclass(frozen=True, slots=True)
class Answer:
    """`visit`: the altered visit. The rest as in `answers.csv`."""

    visit: Visit
    line: Line | None
    kind: str
    rule: str
    what: str
    also: tuple[str, ...]


def without_assistant_rules(visit: Visit) -> bool:
    """No unit of this visit hangs on who gave the minutes."""
    return not (visit.payer.splits_assistant and visit.by_assistant)


def is_medicare(visit: Visit) -> bool:
    return visit.payer.medicare == "yes"


def codes(visit: Visit) -> set[str]:
    return {line.code for line in visit.lines}
