"""Whether units on the wrong codes are paid more than on the right ones, by Medicare's fee schedule."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts
from audit.money import dollars_at_risk
from audit.units import COGNITIVE, COGNITIVE_SERVICE, supported_units

PLACE = "nonfacility"
"""Outpatient therapy is paid at the non-facility rate wherever it is given (42 CFR 414.22)."""


def paid_more(services: pd.DataFrame, of_day: pd.DataFrame, lines: pd.DataFrame, facts: Facts) -> pd.Series[bool]:
    """For rows of the grain `service`: the day's units, as billed, are worth more than by every allocation that the
    total-minutes method allows. False where another payer pays, or a fee of the date is not on file."""
    wrong = services[~services["day_fits"] & (services["minutes_known"] == "per_code") & services["in_pool"]]
    wrong = wrong[wrong["day_units"] <= wrong["supported_high"]]
    medicare = (lines["medicare"] == "yes").groupby(lines["day"]).all()
    days = {day: date for day, date in zip(wrong["day"], wrong["service_date"], strict=True) if medicare[day]}
    billed, supported = [], []
    for day, rows in of_day[of_day["day"].isin(days)].groupby("day"):
        units = dict(zip(rows["service"], rows["units"], strict=True))
        pool = rows[rows["in_pool"]]
        minutes = dict(zip(pool["service"], pool["minutes"].fillna(0).astype("int64"), strict=True))
        others = {code: n for code, n in units.items() if code not in minutes}
        for number, allowed in enumerate(supported_units(minutes, "total")):
            key = (f"{day} {number}", days[day])
            billed += _priced(units, *key)
            supported += _priced(allowed | others, *key)
    if not billed:
        return pd.Series(False, index=services.index)
    at_risk = dollars_at_risk(pd.DataFrame(billed), pd.DataFrame(supported), facts)
    more = (at_risk["over"] > 0).fillna(False).groupby(at_risk.index.str.split().str[0]).all()
    return services["day"].isin({int(day) for day in more.index[more]})


def _priced(units: dict[str, int], day_key: str, date: pd.Timestamp) -> list[dict[str, object]]:
    split = {code: n for code, n in units.items() if code != COGNITIVE_SERVICE}
    if n := units.get(COGNITIVE_SERVICE, 0):
        split |= {COGNITIVE[0]: 1, COGNITIVE[1]: n - 1}
    same = {"day_key": day_key, "service_date": date, "place": PLACE, "co_units": 0}
    return [{**same, "procedure_code": code, "plain_units": n} for code, n in split.items() if n]
