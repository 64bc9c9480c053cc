"""Whether units creep over the minutes: months worked out a second way, from the rows that were loaded."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from audit.errors import AccessError
from audit.feedback import drift
from tests.answering import OTHER, add_therapists
from tests.databases import filled
from tests.reviewing import NPI, load, people_of, visit

pytest_plugins = ["tests.databases", "tests.reviewing"]
MONTHS = (date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1))
MINUTES = (22, 25, 28, 30, 31, 33, 35, 37, 36, 24)
"""Of the ten days of each month; the units billed creep up from month to month."""


def creeping(engine: Engine) -> dict[str, int]:
    add_therapists(engine)
    visits = []
    for place, first in enumerate(MONTHS):
        for number, minutes in enumerate(MINUTES):
            units = 2 + (number < 3 * place)
            day = f"{first + timedelta(days=number)}"
            visits.append(visit(f"M{place}-{number}", day, units, minutes, patient=f"P{number}"))
    other = visit("OTHER", "2026-04-20", 2, 29, patient="Q1")
    other["claims"]["rendering_npi"] = OTHER
    load(engine, *visits, other)
    return people_of(engine)


crept = filled("crept", creeping, on="people")


def test_minutes_to_a_unit_by_month(engine: Engine, crept: dict[str, int]) -> None:
    found = drift.drift(engine, NPI, viewer=crept["thea"])
    assert list(found.months["month"]) == [day.replace(day=1) for day in MONTHS]
    for place, row in enumerate(found.months.to_dict("records")):
        units = [2 + (number < 3 * place) for number in range(10)]
        ratio = sum(MINUTES) / sum(units)
        left = [m - ratio * u for m, u in zip(MINUTES, units, strict=True)]
        by_hand = (fmean(one**2 for one in left) * 10 / 9 / 10) ** 0.5 / fmean(units)
        assert (row["days"], row["units"], row["minutes"]) == (10, sum(units), sum(MINUTES))
        assert (row["each"], row["error"]) == (pytest.approx(ratio), pytest.approx(by_hand))
    assert found.months["others"].dropna().to_dict() == {1: 14.5}
    assert found.slope is not None
    weights = 1 / found.months["error"].to_numpy(dtype="float64")
    (line, _), spread = np.polyfit([3, 4, 5, 6], found.months["each"].to_numpy("float64"), 1, w=weights, cov="unscaled")
    reach = 1.959964 * spread[0, 0] ** 0.5
    assert found.slope == pytest.approx((line, line - reach, line + reach))
    assert found.sentence.startswith("Yes, more units on the same minutes: in Mar 2026 15.1 documented minutes")
    with pytest.raises(AccessError):
        drift.drift(engine, NPI, viewer=crept["cora"])


def month(number: int, n: int, units: int, minutes: int, mine: int = 1) -> dict[str, Any]:
    """`n` days of which every second has a minute more than the others."""
    more = n // 2
    each = [(minutes + (at < more), units) for at in range(n)]
    return {"year": 2026, "month": number, "mine": mine, "n": n, "u": sum(u for _, u in each),
            "m": sum(m for m, _ in each), "uu": sum(u * u for _, u in each), "mm": sum(m * m for m, _ in each),
            "um": sum(u * m for m, u in each)}  # fmt: skip


def test_few_months_and_few_days_tell_nothing() -> None:
    assert drift.drift_of([]).sentence.startswith("Too few months to tell")
    three = [month(number, 20, 2, 30) for number in (1, 2, 3)]
    assert drift.drift_of(three).slope is None
    assert drift.drift_of([*three, month(4, 9, 2, 30)]).slope is None, "nine days of a month are too few"
    assert drift.drift_of([*three, month(4, 20, 2, 30)]).slope is not None


def test_no_drift_one_down_and_one_across_the_year() -> None:
    still = drift.drift_of([month(number, 20, 2, 30) for number in (1, 2, 3, 4)])
    assert still.sentence.startswith("No drift that chance does not explain")
    up = drift.drift_of([month(number, 20, 2, 30 + number) for number in (1, 2, 3, 4)])
    assert up.sentence.startswith("Yes, fewer units on the same minutes")
    turn = [month(11, 20, 2, 32), month(12, 20, 2, 31), {**month(1, 20, 2, 30), "year": 2027},
            {**month(2, 20, 2, 29), "year": 2027}]  # fmt: skip
    across = drift.drift_of(turn).slope
    assert across is not None
    assert across[0] == pytest.approx(-0.5)
    same = [{**month(number, 20, 2, 30), "mm": 20 * 30 * 30, "m": 600, "um": 1200} for number in (1, 2, 3, 4)]
    assert drift.drift_of(same).slope is None, "days that are all alike give nothing to weigh a month by"
