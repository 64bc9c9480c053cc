"""Episodes of care: how long, how often, and what kind of note each treatment day needs."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from audit.demo.chance import likely, weighted
from audit.demo.clinic import CLOSED, MEDICARE, OPENED, next_weekday, open_days
from audit.demo.records import Patient, Plan, Visit

MEDICARE_VISITS = 20
"""Most visits of one Medicare patient: keeps the year's allowed amount under the KX threshold."""
NO_SHOW_PERCENT = 7
EARLY_PERCENT = 16
"""Episodes that begin in the first two weeks, so that the half year does not start with an empty clinic."""
WEEKDAYS = {1: ((0,), (1,), (2,), (3,), (4,)), 2: ((0, 2), (1, 3), (2, 4), (0, 3), (1, 4)), 3: ((0, 2, 4), (0, 1, 3))}


def episode(rng: Random, patient: Patient, number: int) -> list[Visit]:
    """The visits of one patient's episode, evaluation first; services and times are still empty."""
    plan = _plan(rng, number, patient)
    days = _treatment_days(rng, patient, plan)
    finished = plan.end <= CLOSED
    kinds = _note_types(rng, patient, len(days), finished)
    return [
        Visit(patient, plan, day, i + 1, i / max(len(days) - 1, 1), kind, patient.therapist)
        for i, (day, kind) in enumerate(zip(days, kinds, strict=True))
    ]


def _plan(rng: Random, number: int, patient: Patient) -> Plan:
    latest = 14 if likely(rng, EARLY_PERCENT) else (CLOSED - OPENED).days - 14
    start = next(open_days(OPENED + timedelta(days=rng.randrange(latest)), CLOSED))
    weeks = rng.randrange(4, 13)
    plan = Plan(
        plan_id=f"POC-{number:04d}",
        start=start,
        end=start + timedelta(weeks=weeks),
        weeks=weeks,
        per_week=weighted(rng, {1: 22, 2: 56, 3: 22}),
        certified_on=_weekday(start + timedelta(days=rng.randrange(3, 24))),
        signed_order_on=None,
        sent_on=None,
    )
    if patient.payer == MEDICARE and likely(rng, 12):
        plan.certified_on = None
        plan.signed_order_on = _weekday(start - timedelta(days=rng.randrange(4, 15)))
        plan.sent_on = _weekday(start + timedelta(days=rng.randrange(1, 12)))
    return plan


def _weekday(day: date) -> date:
    return day if day.weekday() < 5 else next_weekday(day)


def _treatment_days(rng: Random, patient: Patient, plan: Plan) -> list[date]:
    pattern = rng.choice(WEEKDAYS[plan.per_week])
    days = [plan.start]
    for day in open_days(plan.start + timedelta(days=1), min(plan.end, CLOSED)):
        if day.weekday() in pattern and not likely(rng, NO_SHOW_PERCENT):
            days.append(day)
    return days[:MEDICARE_VISITS] if patient.payer == MEDICARE else days


def _note_types(rng: Random, patient: Patient, count: int, finished: bool) -> list[str]:
    """A progress report at most every ten treatment days; a re-evaluation now and then, never on the tenth."""
    kinds = ["evaluation"] + ["daily"] * (count - 1)
    due = rng.randrange(7, 10)
    while due < count:
        kinds[due] = "progress"
        due += rng.randrange(7, 10)
    if count > 6 and likely(rng, 16):
        free = [i for i in range(4, count - 1) if kinds[i] == "daily" and i % 10 != 9]
        kinds[rng.choice(free)] = "re-evaluation"
    if finished and count > 2:
        kinds[-1] = "discharge"
    return kinds
