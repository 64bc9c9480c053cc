"""Findings of an evaluation into a level: 97165 (low), 97166 (moderate), 97167 (high).

The level is the lowest that history, performance deficits and decision making each reach. Comorbidities and
assistance are sub-criteria: they are looked at, they never lower the level. Source: CPT level criteria as in
`data/evaluation_levels.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from numbers import Real

LEVEL_CODES = {1: "97165", 2: "97166", 3: "97167"}
LEVEL_NAMES = {"97165": "low", "97166": "moderate", "97167": "high"}
HISTORY = {"brief": 1, "expanded": 2, "extensive": 3}
DECISION_MAKING = {"low": 1, "moderate": 2, "high": 3}

NO_DEFICITS = ("none", "none noted", "none found", "no deficits", "nil", "zero")
NOT_STATED = ("", "n/a", "na", "unknown", "not assessed", "not stated", "tbd", "-", "?")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBER = rf"(\d+|{'|'.join(NUMBERS)})"
ONE_NUMBER = rf"{NUMBER}(?:\.0+)?(?: ?\+| or more)?(?: (?:performance )?deficits?)?"
SEVERAL = r"[\d,/|\n]"
"""In deficits that are no list: they may be several ("grip, pinch") or a range ("3-5")."""
ASKED = {
    "history": ("brief", "expanded", "extensive"),
    "performance deficits": ("1 to 3", "3 to 5", "5 or more"),
    "decision making": ("low", "moderate", "high"),
}
"""What low, moderate and high each ask of a component."""

Deficits = float | str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Component:
    """One of the three parts of a level: what the note says and the highest level that it reaches.

    `reaches` is 0 to 3, 0 for "no level"; None when the note does not say.
    """

    name: str
    documented: str
    reaches: int | None


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One row of the component table: what the note says, what each level asks, which of these it meets.

    `said` is "" when the note does not state the component. `asked` and `met` run from low to high; a range acts as
    its minimum, so that 7 deficits meet all three. `limits`: this component holds the level where it is.
    """

    name: str
    said: str
    asked: tuple[str, str, str]
    met: tuple[bool, ...]
    limits: bool


def count_deficits(deficits: Deficits) -> int | None:
    """Number of performance deficits: a number, or a list separated by ';' whose repeats count once.

    None when it is not stated or cannot be counted for certain: "3-5", or "grip, pinch" without a ';'."""
    if not isinstance(deficits, Sequence):
        return _whole(deficits)
    if isinstance(deficits, str):
        text = " ".join(deficits.split()).casefold().strip("; .")
        if text in NO_DEFICITS:
            return 0
        number = re.fullmatch(ONE_NUMBER, text)
        if number:
            return as_number(number[1])
        if ";" not in text and re.search(SEVERAL, deficits.strip()):
            return None
        deficits = deficits.split(";")
    return len({folded(part) for part in deficits} - {*NOT_STATED, *NO_DEFICITS}) or None


def _whole(number: float | None) -> int | None:
    known = isinstance(number, Real) and 0 <= number < inf
    return int(number) if known and number is not None and number == int(number) else None


def folded(deficit: str) -> str:
    """The name of a deficit as it is compared: small letters, single spaces, no full stop."""
    return " ".join(deficit.split()).casefold().strip(" .,")


def as_number(text: str) -> int:
    """A whole number in digits, or in words up to twelve."""
    return int(text) if text.isdigit() else NUMBERS.index(text.casefold())


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


def limiting_component(history_level: str | None, deficits: Deficits, decision_making: str | None) -> str:
    """The components that limit, joined by "+": "history+deficits+decision making"; "" when nothing is stated."""
    names = limiting(components(history_level, deficits, decision_making))
    return "+".join(name.removeprefix("performance ") for name in names)


def component_table(parts: Sequence[Component]) -> list[ComponentRow]:
    """The component table of an evaluation, one row for each of `parts`. Where all reach the same level none of them
    limits it more than another."""
    limits = limiting(parts)
    limits = limits if len(limits) < len(parts) else []
    return [
        ComponentRow(
            part.name,
            part.documented,
            ASKED[part.name],
            tuple((part.reaches or 0) >= level for level in LEVEL_CODES),
            part.name in limits,
        )
        for part in parts
    ]


def asked_by(code: str) -> str:
    """In words, what the level of `code` asks of each component."""
    place = list(LEVEL_NAMES).index(code)
    return ", ".join(f"{name} {asked[place]}" for name, asked in ASKED.items())


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
