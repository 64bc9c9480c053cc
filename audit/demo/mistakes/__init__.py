"""Planted errors: about one claim in four, each of a listed kind, each with its answer."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from audit.demo.chance import chance
from audit.demo.clinic import HALLOWAY
from audit.demo.mistakes import attestations, courses, documentation, evaluations, habits, limits, modifiers, units
from audit.demo.mistakes.kind import Answer, Kind
from audit.demo.records import Visit
from audit.errors import StateError

KINDS: dict[str, Kind] = (
    courses.KINDS
    | modifiers.KINDS
    | evaluations.KINDS
    | units.KINDS
    | documentation.KINDS
    | attestations.KINDS
    | limits.KINDS
)
"""In the order in which they are planted: those that few visits suit come first."""
FEWEST = 3
DRIFTING = HALLOWAY
UNITS_OVER_BY_MONTH = {5: (1, 3), 6: (2, 3), 7: (1, 4), 8: (2, 3), 9: (5, 3), 10: (7, 4)}
"""Month -> claims with too many units: of the therapist who drifts upward, and of all others."""


def plant(seed: int, visits: list[Visit]) -> list[Answer]:
    """Alter visits in place; the answers, one for each claim (two for a pair of claims of one day)."""
    rng = chance(seed, "mistakes")
    answers = list(units.second_claims(visits))
    spared = {id(v) for v in units.days_with_two_claims(visits)}
    answers += courses.of_whole_courses(chance(seed, "courses"), visits, spared)
    for name, kind in KINDS.items():
        stream = chance(seed, "mistakes", name) if name in limits.KINDS else rng  # leaves the older kinds as they are
        pool = [v for v in stream.sample(visits, len(visits)) if id(v) not in spared]
        planted = list(_plant_kind(stream, name, kind, pool))
        if len(planted) < FEWEST:
            raise StateError(f"Seed {seed} has {len(planted)} visits for '{name}'", do="Choose another seed")
        spared |= {id(answer.visit) for answer in planted}
        answers += planted
    free = [v for v in visits if id(v) not in spared]
    answers += limits.two_at_once(chance(seed, "mistakes", "two_at_once"), free)
    spared |= {id(answer.visit) for answer in answers}
    return answers + list(habits.of_habit(chance(seed, "mistakes", "habits"), visits, spared))


def _plant_kind(rng: Random, name: str, kind: Kind, pool: list[Visit]) -> Iterator[Answer]:
    for part, count in _parts(name, kind, pool):
        left = count
        for visit in part:
            if left and (slip := kind.alter(rng, visit, pool)):
                left -= 1
                yield Answer(visit, slip.line, name, kind.rule, slip.what, slip.also)


def _parts(name: str, kind: Kind, pool: list[Visit]) -> Iterator[tuple[list[Visit], int]]:
    """Visits to try and how many to alter; for too many units, by therapist and month."""
    if name != "units_over":
        yield pool, kind.count
        return
    for month, counts in UNITS_OVER_BY_MONTH.items():
        in_month = [v for v in pool if v.day.month == month]
        yield [v for v in in_month if v.patient.therapist == DRIFTING], counts[0]
        yield [v for v in in_month if v.patient.therapist != DRIFTING], counts[1]
