"""The patients: invented names, ages that fit the condition, and a payer that fits the age."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random

from audit.demo.chance import Deck, chance, weighted
from audit.demo.clinic import HARBOR, MEDICARE, NORTHLAKE, OPENED, REFERRERS, STATECAID, TEAMS, Payer, Practitioner
from audit.demo.families import COMORBIDITIES, Condition, Family, family, names
from audit.demo.records import Patient

SHARES = {"hand": 32, "shoulder": 24, "neuro": 19, "cognition": 9, "child": 16}
AGES = {"older": (66, 88), "working": (22, 62), "child": (3, 15)}
PAYERS_BY_AGE: dict[str, dict[Payer, int]] = {
    "older": {MEDICARE: 1},
    "working": {NORTHLAKE: 66, HARBOR: 34},
    "child": {STATECAID: 80, NORTHLAKE: 13, HARBOR: 7},
}


class Register:
    """Admits patients one by one, each to the therapist with the fewest; no two share a name."""

    def __init__(self, seed: int) -> None:
        self._rng = chance(seed, "patients")
        first_names, last_names = names()
        self._names = Deck(self._rng, [f"{first} {last}" for first in first_names for last in last_names])
        self._count = 0
        self._patients_of: Counter[Practitioner] = Counter()

    def admit(self) -> Patient:
        rng = self._rng
        self._count += 1
        group = family(weighted(rng, SHARES))
        condition = rng.choice(group.conditions)
        age = _age_group(rng, condition)
        payer = weighted(rng, PAYERS_BY_AGE[age])
        therapist, assistant = min(TEAMS[group.name], key=lambda team: self._patients_of[team[0]])
        self._patients_of[therapist] += 1
        return Patient(
            patient_id=f"P-{self._count:04d}",
            name=self._names.deal(),
            birth_date=_birth_date(rng, age),
            payer=payer,
            family=group,
            condition=condition,
            side=rng.choice(("right", "left")),
            therapist=therapist,
            assistant=assistant,
            referrer=rng.choice(REFERRERS[group.name]),
            preferred_start=_preferred_start(rng, group),
            comorbidity=rng.choice(list(COMORBIDITIES["child" if age == "child" else "adult"].items())),
            authorization=_authorization(payer, self._count),
        )


def _age_group(rng: Random, condition: Condition) -> str:
    return weighted(rng, {"older": 55, "working": 45}) if condition.age == "any" else condition.age


def _birth_date(rng: Random, age: str) -> date:
    youngest, oldest = AGES[age]
    return OPENED - timedelta(days=rng.randrange(youngest * 366, oldest * 365))


def _preferred_start(rng: Random, group: Family) -> int:
    first, last = (14, 17) if group.name == "child" else (8, 17)
    return 60 * first + 15 * rng.randrange(4 * (last - first))


def _authorization(payer: Payer, number: int) -> str:
    prefix = {STATECAID: "SC26", HARBOR: "HTF"}.get(payer, "")
    return f"{prefix}-{40210 + 7 * number}" if prefix else ""
