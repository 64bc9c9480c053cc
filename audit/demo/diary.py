"""The clinic's diary: an hour for each visit, and no clinician with two patients at once (but for a group)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from random import Random

from audit.demo.chance import likely
from audit.demo.clinic import GROUP_MINUTES, GROUP_START, Practitioner, next_weekday
from audit.demo.records import Visit
from audit.errors import StateError

OPENS, LUNCH, AFTER_LUNCH, CLOSES = 8 * 60, 12 * 60, 12 * 60 + 45, 18 * 60
EARLIEST, LATEST = 7 * 60, 20 * 60
"""On a full day a clinician works through lunch, begins early or stays late."""
BREAK = 5
"""Minutes kept free after each visit."""


class Diary:
    """Times are minutes after midnight."""

    def __init__(self) -> None:
        self._taken: dict[tuple[date, str], list[tuple[int, int]]] = defaultdict(list)

    def enter(self, rng: Random, visit: Visit) -> None:
        """Give the visit its hours, clocks of services, stated totals and signatures."""
        length = visit.treatment + rng.randrange(7)
        people = [visit.author, *([visit.helper] if visit.helper else [])]
        visit.start = GROUP_START if visit.in_group else self._free(visit, people, length)
        visit.end = visit.start + (GROUP_MINUTES if visit.in_group else length)
        for person in people:
            self._taken[visit.day, person.npi].append((visit.start, visit.end + BREAK))
        visit.stated_timed, visit.stated_total = visit.timed, visit.treatment
        set_clocks(visit)
        _sign(rng, visit)

    def _free(self, visit: Visit, people: list[Practitioner], length: int) -> int:
        wish = visit.patient.preferred_start
        if visit.session == 2:
            wish = AFTER_LUNCH + 120
        taken = [t for person in people for t in self._taken[visit.day, person.npi]]
        starts = range(EARLIEST, LATEST - length, 5)
        for start in sorted(starts, key=lambda s: (not _office_hours(s, s + length), abs(s - wish), s)):
            if all(start + length + BREAK <= a or start >= b for a, b in taken):
                return start
        raise StateError(f"{people[0].name} has no free hour on {visit.day}", do="Choose another seed")


def _office_hours(start: int, end: int) -> bool:
    return OPENS <= start < end <= LUNCH or AFTER_LUNCH <= start < end <= CLOSES


def set_clocks(visit: Visit) -> None:
    """Clock times of each service, one after the other, in notes that have them."""
    now = visit.start
    for service in visit.services if visit.clocked else []:
        service.start, service.end = now, now + service.minutes
        now = service.end


def _sign(rng: Random, visit: Visit) -> None:
    """Signed after the visit or the next morning; an assistant's note is cosigned within two working days."""
    if likely(rng, 14) and visit.day.weekday() < 4:
        visit.signed_at = at(next_weekday(visit.day), 8 * 60 + rng.randrange(100))
    else:
        visit.signed_at = at(visit.day, visit.end + 3 + rng.randrange(90))
    if visit.author.is_assistant:
        visit.cosigned_at = at(next_weekday(visit.signed_at.date()), 8 * 60 + rng.randrange(540))


def at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
