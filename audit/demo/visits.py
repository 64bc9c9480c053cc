"""Visits of the half year: who treats, how, and what; then at which hour."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from random import Random

from audit.demo.chance import chance, likely
from audit.demo.clinic import DREXEL, GROUP_MINUTES, GROUP_START, GROUP_WEEKDAY, LINDQVIST, MEDICARE, NORTHLAKE
from audit.demo.diary import Diary
from audit.demo.episodes import episode
from audit.demo.findings import evaluate
from audit.demo.patients import Register
from audit.demo.records import Service, Visit
from audit.demo.services import add_after_evaluation, add_to_reevaluation, treat

VISITS = 1490
"""Patients are admitted until this many visits are reached."""
ASSISTANT_PERCENT, MIXED_PERCENT, VIDEO_PERCENT, TOTALS_ONLY_PERCENT = 27, 10, 4, 62
PAPER_VOICES = ("mapes",)
"""Notes of these clinicians are scanned without the claim's number: they are found by patient and date."""
TWO_SESSIONS = {"together less": 4, "together the same": 3}
"""Days with two sessions: where the pooled minutes support less than the two claims, and where as much."""


def half_year(seed: int) -> list[Visit]:
    """All visits, in the order of day and hour, with note contents and without claim lines."""
    visits = _admitted(seed)
    rng = chance(seed, "services")
    _gather_groups(visits)
    for visit in visits:
        _assign(rng, visit)
        _fill(rng, visit)
    visits += _second_sessions(chance(seed, "second sessions"), visits)
    _give_hours(chance(seed, "hours"), visits)
    return sorted(visits, key=lambda v: (v.day, v.start, v.patient.patient_id))


def _admitted(seed: int) -> list[Visit]:
    register, rng = Register(seed), chance(seed, "episodes")
    visits: list[Visit] = []
    number = 0
    while len(visits) < VISITS:
        number += 1
        visits += episode(rng, register.admit(), number)
    return visits


def _gather_groups(visits: list[Visit]) -> None:
    """The neuro therapist's patients of a Thursday form a group when at least two come."""

    def eligible(v: Visit) -> bool:
        return v.day.weekday() == GROUP_WEEKDAY and v.patient.therapist == LINDQVIST and v.note_type == "daily"

    for _, members in groupby(sorted(filter(eligible, visits), key=lambda v: v.day), key=lambda v: v.day):
        group = [m for m in members if m.treatment_day % 3 != 0]
        for member in group if len(group) > 1 else []:
            member.services = [Service("97150", GROUP_MINUTES, mode="group")]
            member.start = GROUP_START


def _assign(rng: Random, visit: Visit) -> None:
    """Who gives the visit, and whether by video; only plain daily visits go to an assistant."""
    draw = rng.randrange(100)
    if visit.note_type == "daily" and not visit.services:
        if draw < ASSISTANT_PERCENT:
            visit.author = visit.patient.assistant
        elif draw < ASSISTANT_PERCENT + MIXED_PERCENT:
            visit.helper = visit.patient.assistant
        elif draw >= 100 - VIDEO_PERCENT and visit.payer in (MEDICARE, NORTHLAKE):
            visit.modality = "video"
    if visit.author == DREXEL and visit.note_type == "daily" and not visit.helper:
        visit.per_code = not likely(rng, TOTALS_ONLY_PERCENT)
    visit.clocked = visit.author.voice in ("quintero", "fennimore") and visit.per_code and not visit.helper
    visit.linked = visit.author.voice not in PAPER_VOICES


def _fill(rng: Random, visit: Visit) -> None:
    if visit.note_type == "evaluation":
        evaluate(rng, visit)
        add_after_evaluation(rng, visit)
    elif visit.note_type == "re-evaluation":
        visit.services = [Service("97168", rng.randrange(22, 36))]
        add_to_reevaluation(rng, visit)
    elif not visit.services:
        treat(rng, visit)
        _share(rng, visit)


def _share(rng: Random, visit: Visit) -> None:
    """Minutes to the one who gave them: all the assistant's, or divided on a mixed visit."""
    if visit.author.is_assistant:
        for service in visit.services:
            service.therapist, service.assistant = 0, service.minutes
    elif visit.helper:
        _divide(rng, [s for s in visit.services if s.timed])


def _divide(rng: Random, timed: list[Service]) -> None:
    """The longest service is begun by one and ended by the other; some minutes are given by both together."""
    longest = max(timed, key=lambda s: s.minutes)
    longest.assistant = longest.minutes // 2 + rng.randrange(-3, 4)
    longest.therapist -= longest.assistant
    for service in timed:
        if service is longest:
            continue
        if likely(rng, 40):
            service.therapist, service.assistant = 0, service.minutes
        elif likely(rng, 40):
            service.together = service.minutes // 3
            service.therapist -= service.together


def _second_sessions(rng: Random, visits: list[Visit]) -> list[Visit]:
    """A few days with a morning and an afternoon session, each of one service on a claim of its own."""
    plain = [v for v in visits if v.payer.unit_method == "total" and v.note_type == "daily" and v.per_code]
    plain = [v for v in plain if not v.by_assistant and not v.in_group and v.modality == "in_person" and v.linked]
    plain = [v for v in plain if v.patient.preferred_start < 11 * 60 and "97110" in v.patient.family.codes]
    wanted = [n for n, days in enumerate(TWO_SESSIONS.values()) for _ in range(days)]
    chosen: dict[str, Visit] = {}
    for visit in rng.sample(plain, len(plain)):
        chosen.setdefault(visit.patient.patient_id, visit)
    return [_afternoon(rng, morning, together_less=n == 0) for n, morning in zip(wanted, chosen.values(), strict=False)]


def _afternoon(rng: Random, morning: Visit, together_less: bool) -> Visit:
    """The second session; the first becomes one service too. 23 + 23 minutes are 3 units, not 2 + 2."""
    first, second = (range(23, 26), range(23, 26)) if together_less else (range(30, 34), range(15, 18))
    morning.services = [Service("97110", rng.choice(first))]
    return Visit(
        patient=morning.patient,
        plan=morning.plan,
        day=morning.day,
        treatment_day=morning.treatment_day,
        progress=morning.progress,
        note_type="daily",
        author=morning.author,
        services=[Service("97530", rng.choice(second))],
        session=2,
        clocked=morning.clocked,
    )


def _give_hours(rng: Random, visits: list[Visit]) -> None:
    diary = Diary()
    for visit in sorted(visits, key=lambda v: (v.day, not v.in_group, v.session, v.patient.patient_id)):
        diary.enter(rng, visit)


def days_of(visits: list[Visit]) -> dict[tuple[str, date], list[Visit]]:
    """(patient, day) -> that day's visits."""
    days: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        days.setdefault((visit.patient.patient_id, visit.day), []).append(visit)
    return days
