"""When an overpayment is to be reported and returned: 42 CFR 401.305(b), since 2025-01-01.

60 days from the day it is identified: known, or not known by reckless disregard or deliberate ignorance. Since 2025 the
amount need not be known for the days to run. A timely good-faith investigation of related overpayments suspends the
deadline until it is concluded and the whole amount is worked out, at the latest 180 days after the first was
identified. The regulation does not count the days after a suspension; here those that ran before it count, which is the
earlier date of the two readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from audit.errors import FactError
from audit.facts.reference import Facts


@dataclass(frozen=True, slots=True)
class Clock:
    """`due_on`: the last day; while an investigation is open, the last day if it takes as long as it may.
    `suspended_until`: the last day of the suspension, None without one."""

    due_on: date
    suspended_until: date | None = None


def due_date(
    facts: Facts, identified_on: date, begun_on: date | None = None, ended_on: date | None = None
) -> Clock | None:
    """None where no rule with its dates is on file for the day it was identified. `begun_on`, `ended_on`: of the
    investigation; one that began after the deadline, or before the rule knew of any, suspends nothing."""
    try:
        days = int(facts.value("OVERPAYMENT_DAYS", identified_on))
    except FactError:
        return None
    plain = identified_on + timedelta(days)
    longest = _longest(facts, identified_on)
    if begun_on is None or longest is None or begun_on > plain:
        return Clock(plain)
    latest = identified_on + timedelta(longest)
    until = min(ended_on or latest, latest)
    ran = max((begun_on - identified_on).days, 0)
    return Clock(max(plain, until + timedelta(days - ran)), until)


def _longest(facts: Facts, on: date) -> int | None:
    try:
        return int(facts.value("OVERPAYMENT_INVESTIGATION_DAYS", on))
    except FactError:
        return None
