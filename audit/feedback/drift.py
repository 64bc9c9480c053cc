"""Whether a therapist's units creep over the documented minutes: minutes to a billed unit, month by month.

A description of all loaded claims with a note that gives minutes, as `practice` is; nobody reviewed all of them. A
month's ratio and its error are those of a ratio of sums over patient-days (Cochran 1977, 6.4); the slope over months is
weighted by them, with a normal interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Any

import pandas as pd
from sqlalchemy import Engine, extract, func, select

from audit.estimates.variation import ENOUGH
from audit.feedback.practice import documented_visits
from audit.feedback.rights import demand_reader
from audit.store.database import read

LEAST_MONTHS = 4
"""Fewest months with ENOUGH days of treatment in which a drift can be told."""
CONFIDENCE_Z = 1.959964
MONTH = ("month", "days", "units", "minutes", "each", "error", "others")


@dataclass(frozen=True)
class Drift:
    """`months`: columns MONTH in order: month (its first day), days of treatment counted, units billed, minutes
    documented, each (minutes to a unit), error (its standard error; None with fewer than ENOUGH days), others (minutes
    to a unit of all other therapists; None without any). `slope`: change of `each` in a month with its 95 % limits;
    None where too few months tell."""

    months: pd.DataFrame
    slope: tuple[float, float, float] | None

    @property
    def told(self) -> pd.DataFrame:
        """The months with ENOUGH days."""
        return self.months[self.months["error"].notna()]

    @property
    def sentence(self) -> str:
        """The answer to "do the units creep over the minutes?"."""
        if self.slope is None:
            return f"Too few months to tell: {LEAST_MONTHS} with {ENOUGH} days of treatment and more are needed."
        first, last = (self.told.iloc[place].to_dict() for place in (0, -1))
        change, low, high = self.slope
        a_month = f"{change:+.2f} minutes a month ({low:+.2f} to {high:+.2f})"
        ends = (
            f"in {_name(first['month'])} {first['each']:.1f} documented minutes stood behind a billed unit, in "
            f"{_name(last['month'])} {last['each']:.1f}"
        )
        if low <= 0 <= high:
            return f"No drift that chance does not explain: {ends}; {a_month}."
        what = "more units on the same minutes" if high < 0 else "fewer units on the same minutes"
        return f"Yes, {what}: {ends}; {a_month}, more than chance."


def drift(engine: Engine, npi: str, *, viewer: int) -> Drift:
    """Raises AccessError as `items.of_therapist` does."""
    visits = documented_visits(npi).subquery()
    day = (
        select(visits.c.patient_id, visits.c.service_date, visits.c.mine)
        .add_columns(func.sum(visits.c.units).label("u"), func.sum(visits.c.minutes).label("m"))
        .group_by(visits.c.patient_id, visits.c.service_date, visits.c.mine)
        .subquery()
    )
    year, month = (extract(part, day.c.service_date).label(part) for part in ("year", "month"))
    u, m = day.c.u, day.c.m
    sums = {"n": func.count(), "u": func.sum(u), "m": func.sum(m), "uu": func.sum(u * u), "mm": func.sum(m * m),
            "um": func.sum(u * m)}  # fmt: skip
    query = select(day.c.mine, year, month, *[value.label(name) for name, value in sums.items()])
    with read(engine) as connection:
        demand_reader(connection, npi, viewer)
        found = connection.execute(query.group_by(day.c.mine, year, month).order_by(year, month)).mappings().all()
    return drift_of([dict(row) for row in found])


def drift_of(sums: list[dict[str, Any]]) -> Drift:
    """`sums`: by month (year, month) and `mine`, of patient-days: n of them, u units, m minutes, and the sums of their
    squares and products uu, mm, um."""
    rest = {(one["year"], one["month"]): int(one["m"]) / int(one["u"]) for one in sums if not one["mine"]}
    rows = [_month(one, rest.get((one["year"], one["month"]))) for one in sums if one["mine"]]
    months = pd.DataFrame(rows, columns=list(MONTH))
    told = months[months["error"].notna()]
    return Drift(months, _slope(told) if len(told) >= LEAST_MONTHS else None)


def _month(one: dict[str, Any], others: float | None) -> tuple[object, ...]:
    n, u, m, uu, mm, um = (int(one[name]) for name in ("n", "u", "m", "uu", "mm", "um"))
    ratio = m / u
    left = max(mm - 2 * ratio * um + ratio * ratio * uu, 0.0)
    error = sqrt(n / (n - 1) * left) / u if n >= ENOUGH else None
    return date(int(one["year"]), int(one["month"]), 1), n, u, m, ratio, error, others


def _slope(told: pd.DataFrame) -> tuple[float, float, float] | None:
    """By weighted least squares; None where a month has no spread to weigh it by."""
    errors = told["error"].astype("float64")
    if not (errors > 0).all():
        return None
    weight, each = 1 / errors**2, told["each"].astype("float64")
    place = pd.Series([12 * month.year + month.month for month in told["month"]], index=told.index, dtype="float64")
    from_middle = place - (weight * place).sum() / weight.sum()
    spread = float((weight * from_middle**2).sum())
    slope, reach = float((weight * from_middle * each).sum()) / spread, CONFIDENCE_Z / sqrt(spread)
    return slope, slope - reach, slope + reach


def _name(month: date) -> str:
    return f"{month:%b %Y}"
