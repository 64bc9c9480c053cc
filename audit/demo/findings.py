"""What an evaluation finds, drawn so that it supports one level and its sub-criteria agree."""

from __future__ import annotations

from random import Random

from audit.demo.chance import likely, weighted
from audit.demo.records import Findings, Patient, Service, Visit
from audit.evaluations import DECISION_MAKING, HISTORY, LEVEL_CODES, supported_level

DEFICITS = {1: (1, 3), 2: (3, 5), 3: (5, 8)}
"""Level -> fewest deficits, and the first number too many."""
MINUTES = {1: (26, 40), 2: (38, 52), 3: (50, 66)}
SUB_CRITERIA = {1: (("none", "may"), "none"), 2: (("may", "present"), "min-mod"), 3: (("present",), "significant")}
"""Level -> comorbidities that agree with it, and the assistance that does."""


def evaluate(rng: Random, visit: Visit) -> None:
    """Findings and the evaluation service of the level they support."""
    level = weighted(rng, visit.patient.condition.levels)
    visit.findings = draw(rng, visit.patient, level)
    visit.services = [Service(LEVEL_CODES[level], rng.randrange(*MINUTES[level]))]


def draw(rng: Random, patient: Patient, level: int) -> Findings:
    """Findings that support exactly `level`; a component may reach higher, the lowest decides."""
    comorbidities, assistance = SUB_CRITERIA[level]
    while True:
        history, deficits, decision = (_at_least(rng, level) for _ in range(3))
        found = Findings(
            history_level=_word(HISTORY, history),
            deficits=_deficits(rng, patient, rng.randrange(*DEFICITS[deficits])),
            decision_making=_word(DECISION_MAKING, decision),
            comorbidities=rng.choice(comorbidities),
            assistance=assistance,
        )
        if level_of(found) == LEVEL_CODES[level]:
            return found


def level_of(found: Findings) -> str | None:
    return supported_level(found.history_level, list(found.deficits), found.decision_making)


def _at_least(rng: Random, level: int) -> int:
    return level if likely(rng, 72) else rng.randrange(level, 4)


def _word(words: dict[str, int], level: int) -> str:
    return next(word for word, reached in words.items() if reached == level)


def _deficits(rng: Random, patient: Patient, count: int) -> dict[str, str]:
    limits = patient.family.deficits
    return {deficit: limits[deficit] for deficit in rng.sample(list(limits), count)}
