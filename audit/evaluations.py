"""Findings of an evaluation into a level: 97165 (low), 97166 (moderate), 97167 (high).

The level is the lowest that history, performance deficits and decision making each reach. Comorbidities and
assistance are sub-criteria: they are looked at, they never lower the level. Source: CPT level criteria as in
`data/evaluation_levels.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL_CODES = {1: "97165", 2: "97166", 3: "97167"}
LEVEL_NAMES = {"97165": "low", "97166": "moderate", "97167": "high"}
HISTORY = {"brief": 1, "expanded": 2, "extensive": 3}
DECISION_MAKING = {"low": 1, "moderate": 2, "high": 3}
TYPICAL_MINUTES = {"97165": 30, "97166": 45, "97167": 60, "97168": 30}

Deficits = int | str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Component:
    """One of the three parts of a level: what the note says and the highest level that it reaches.

    `reaches` is 0 to 3, 0 for "no level"; None when the note does not say.
    """

    name: str
    documented: str
    reaches: int | None


def count_deficits(deficits: Deficits) -> int | None:
    """Number of performance deficits: a number, or a list separated by ';' whose repeats count once."""
    if deficits is None or isinstance(deficits, int):
        return deficits
    if isinstance(deficits, str):
        text = deficits.strip()
        if re.fullmatch(r"\d+(\.0+)?", text):
            return int(float(text))
        deficits = text.split(";")
    named = {" ".join(part.split()).casefold() for part in deficits if part.strip()}
    return len(named) or None


def components(history_level: str | None, deficits: Deficits, decision_making: str | None) -> list[Component]:
    """The three components in the order in which a reviewer reads them."""
    count = count_deficits(deficits)
    history, decision = _word(history_level), _word(decision_making)
    return [
        Component("history", history, HISTORY.get(history)),
        Component("performance deficits", "" if count is None else str(count), _deficit_level(count)),
        Component("decision making", decision, DECISION_MAKING.get(decision)),
    ]


def supported_level(
    history_level: str | None, performance_deficits: Deficits, decision_making: str | None
) -> str | None:
    """97165, 97166 or 97167; None when no level is supported or a component is not documented."""
    reached = [part.reaches for part in components(history_level, performance_deficits, decision_making)]
    if None in reached:
        return None
    return LEVEL_CODES.get(min(level for level in reached if level is not None))


def limiting(parts: Sequence[Component]) -> list[str]:
    """Names of the components that hold the level where it is."""
    reached = [part.reaches for part in parts if part.reaches is not None]
    return [part.name for part in parts if reached and part.reaches == min(reached)]


def sub_criteria_mismatches(code: str, comorbidities: str | None, assistance: str | None) -> list[str]:
    """In words, where the sub-criteria of `code` disagree with the note; empty when they agree.

    An undocumented sub-criterion is no mismatch.
    """
    comorbid, help_given = _word(comorbidities), _word(assistance)
    found = []
    if code == "97165" and comorbid == "present":
        found.append("low complexity has no comorbidity that affects performance; the note names one")
    if code == "97166" and help_given == "none":
        found.append("moderate complexity has minimal to moderate assistance; the note has none")
    if code == "97167" and comorbid == "none":
        found.append("high complexity has comorbidities that affect performance; the note names none")
    if code == "97167" and help_given in ("none", "min-mod"):
        found.append("high complexity has significant assistance; the note records less")
    return found


def _deficit_level(count: int | None) -> int | None:
    if count is None:
        return None
    return 0 if count < 1 else 1 if count < 3 else 2 if count < 5 else 3


def _word(value: str | None) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
