"""Planted errors beside the 15-minute pool: cognitive codes, hour codes, daily limits, and two patients at once."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from audit.demo.billing import bill
from audit.demo.diary import clock, set_clocks
from audit.demo.mistakes.courses import after_discharge
from audit.demo.mistakes.kind import Answer, Kind, Slip, is_medicare, without_assistant_rules
from audit.demo.records import Visit
from audit.units import total_units

PAIRS_AT_ONCE = 2
TYPED, LIMIT = 5, 4
"""Units typed for one of 97112, and Medicare's limit of it."""


def further_cognitive_alone(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """All of the day's cognitive service billed as further units."""
    lines = [line for line in visit.lines if line.code in ("97129", "97130")]
    if [line.code for line in lines] != ["97129", "97130"] or lines[0].modifiers != lines[1].modifiers:
        return None
    first, further = lines
    visit.lines.remove(first)
    further.units += first.units
    return Slip(f"97130 x {further.units} is billed without 97129, which is the first unit", further)


def hour_too_short(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """A standard cognitive test in place of one service, well under the 31 minutes that it takes."""
    if not _plain(visit) or visit.patient.family.name not in ("cognition", "neuro") or len(visit.services) < 2:
        return None
    service = rng.choice(visit.services)
    if not 12 <= service.minutes <= 30 or service.code in ("97129", "97130"):
        return None
    service.code, visit.lines = "96125", []
    bill(visit)
    return Slip(f"{service.minutes} minutes of 96125; the first hour takes 31", visit.line("96125"))


def limit_exceeded(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """A slip of the finger: far more units than were given."""
    if not _plain(visit) or not is_medicare(visit) or not visit.has("97112") or visit.line("97112").units != 1:
        return None
    line = visit.line("97112")
    line.units = TYPED
    what = (
        f"97112 x {TYPED}: Medicare's limit is {LIMIT} a day, and the minutes support {total_units(visit.timed)} in all"
    )
    return Slip(what, line, ("UNIT-01",))


def two_at_once(rng: Random, visits: list[Visit]) -> Iterator[Answer]:
    """Two patients of one clinician: the shorter visit is written into the time of the longer."""
    chosen: list[Visit] = []
    for longer in rng.sample(visits, len(visits)):
        fit = [v for v in visits if _can_be_within(v, longer) and v not in chosen]
        if len(chosen) < 2 * PAIRS_AT_ONCE and longer not in chosen and fit:
            shorter = rng.choice(fit)
            length = shorter.end - shorter.start
            shorter.start, shorter.end = longer.start + 1, longer.start + 1 + length
            set_clocks(shorter)
            chosen += [longer, shorter]
            times = f"{clock(longer.start)}-{clock(longer.end)} and {clock(shorter.start)}-{clock(shorter.end)}"
            what = f"{longer.author.name} treats two patients at once, {times}"
            yield from (Answer(visit, None, "two_at_once", "UNIT-12", what, ()) for visit in (longer, shorter))


def _can_be_within(shorter: Visit, longer: Visit) -> bool:
    same = (shorter.day, shorter.author) == (longer.day, longer.author) and shorter.patient != longer.patient
    fits = shorter.end - shorter.start < longer.end - longer.start and shorter.start > longer.start
    return same and fits and _plain(shorter) and _plain(longer)


def _plain(visit: Visit) -> bool:
    """An ordinary visit of timed one-on-one services by one person, with its minutes by code."""
    alone = visit.helper is None and not visit.in_group and visit.note_type == "daily" and visit.linked
    timed = visit.per_code and visit.modality == "in_person" and all(s.timed for s in visit.services)
    separate = any("59" in line.modifiers for line in visit.lines)
    return alone and timed and not separate and without_assistant_rules(visit) and visit.payer.unit_method == "total"


KINDS = {
    "further_cognitive_alone": Kind("UNIT-09", 3, further_cognitive_alone),
    "hour_too_short": Kind("UNIT-10", 3, hour_too_short),
    "limit_exceeded": Kind("UNIT-11", 3, limit_exceeded),
    "after_discharge": Kind("DOC-14", 3, after_discharge),
}
