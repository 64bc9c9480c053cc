"""Planted errors of notes: absent, unsigned, without totals, or at odds with themselves."""

from __future__ import annotations

from random import Random

from audit.demo.mistakes.kind import Kind, Slip
from audit.demo.records import Visit
from audit.units import total_units


def minutes_contradict(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    if not visit.per_code or visit.note_type != "daily" or visit.clocked or visit.in_group or not visit.linked:
        return None
    return rng.choice((_sum_differs, _timed_over_total, _span_too_short))(rng, visit)


def _sum_differs(rng: Random, visit: Visit) -> Slip | None:
    stated = visit.timed - rng.randrange(3, 7)
    if total_units(stated) != total_units(visit.timed):
        return None
    visit.stated_timed = stated
    return Slip(f"the services come to {visit.timed} timed minutes, the note's total is {stated}")


def _timed_over_total(rng: Random, visit: Visit) -> Slip:
    visit.stated_total = visit.timed - rng.randrange(4, 10)
    return Slip(f"{visit.timed} timed minutes are more than the {visit.stated_total} of all treatment")


def _span_too_short(rng: Random, visit: Visit) -> Slip:
    visit.end = visit.start + visit.treatment - rng.randrange(6, 14)
    return Slip(f"from start to end there are {visit.end - visit.start} minutes, treatment is {visit.treatment}")


def note_missing(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if visit.note_type != "daily" or visit.in_group:
        return None
    visit.noted = False
    return Slip("there is no note for this visit")


def note_incomplete(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    if visit.note_type != "daily" or not visit.linked or not visit.timed:
        return None
    what = rng.randrange(3)
    if what == 0:
        visit.stated_timed = None
        return Slip("the note has no total of timed minutes")
    if what == 1:
        visit.stated_total = None
        return Slip("the note has no total of treatment minutes")
    visit.signed_at = visit.cosigned_at = None
    return Slip("the note is not signed", None, ("DOC-04",))


KINDS = {
    "minutes_contradict": Kind("UNIT-08", 6, minutes_contradict),
    "note_missing": Kind("DOC-01", 5, note_missing),
    "note_incomplete": Kind("DOC-02", 6, note_incomplete),
}
