"""Whether units on the wrong codes are paid more than on the right ones, by Medicare's fee schedule."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts
from audit.grains.again import REPLACED
from audit.money import KEY, UNITS, dollars_at_risk
from audit.units import COGNITIVE, COGNITIVE_SERVICE, supported_units

Priced = tuple[int, str, pd.Timestamp, str, int, int]
"""KEY and UNITS of `money`."""
PLACE = "nonfacility"
"""Outpatient therapy is paid at the non-facility rate wherever it is given (42 CFR 414.22)."""


def paid_more(services: pd.DataFrame, of_day: pd.DataFrame, lines: pd.DataFrame, facts: Facts) -> pd.Series[bool]:
    """For rows of the grain `service`: the day's units, as billed, are worth more than by every allocation that the
    total-minutes method allows. False where another payer pays (alone, or services of its own besides), or a fee of
    the date is not on file."""
    wrong = services[["day", "service_date"]][
        ~services["day_fits"]
        & services["in_pool"]
        & (services["minutes_known"] == "per_code")
        & (services["day_units"] <= services["supported_high"]).fillna(False)
    ]
    of_these = lines[lines["day"].isin(wrong["day"]) & (lines["told_again"] != REPLACED)]
    medicare = of_these[of_these["medicare"] == "yes"]
    counted = of_these[of_these["told_again"] == ""]
    kinds = pd.DataFrame({"day": counted["day"], "medicare": counted["medicare"] == "yes"}).drop_duplicates()
    alone = {*medicare["day"]} - {*kinds.loc[kinds["day"].duplicated(), "day"]}
    days = {day: date for day, date in zip(wrong["day"], wrong["service_date"], strict=True) if day in alone}
    billed: list[Priced] = []
    supported: list[Priced] = []
    cases: list[int] = []
    for day, (units, minutes) in sorted(_by_day(of_day[of_day["day"].isin(days)]).items()):
        others = {code: n for code, n in units.items() if code not in minutes}
        for allowed in supported_units(minutes, "total"):
            billed += _priced(units, len(cases), days[day])
            supported += _priced(allowed | others, len(cases), days[day])
            cases.append(day)
    if not billed:
        return pd.Series(False, index=services.index)
    before, after = (pd.DataFrame(rows, columns=[*KEY, *UNITS]) for rows in (billed, supported))
    at_risk = dollars_at_risk(before, after, facts)
    more = (at_risk["over"] > 0).fillna(False).groupby([cases[case] for case in at_risk.index]).all()
    return services["day"].isin(more.index[more]) & services["claim_id"].isin(medicare["claim_id"])


def _by_day(of_day: pd.DataFrame) -> dict[int, tuple[dict[str, int], dict[str, int]]]:
    """By day: the units of its services, and the minutes of those of the 15-minute pool."""
    found: dict[int, tuple[dict[str, int], dict[str, int]]] = {}
    columns = [of_day[name] for name in ("day", "service", "units", "in_pool")]
    for day, service, units, in_pool, minutes in zip(*columns, of_day["minutes"].fillna(0), strict=True):
        held = found.setdefault(day, ({}, {}))
        held[0][service] = units
        if in_pool:
            held[1][service] = minutes
    return found


def _priced(units: dict[str, int], day_key: int, date: pd.Timestamp) -> list[Priced]:
    split = {code: n for code, n in units.items() if code != COGNITIVE_SERVICE}
    if n := units.get(COGNITIVE_SERVICE, 0):
        split |= {COGNITIVE[0]: 1, COGNITIVE[1]: n - 1}
    return [(day_key, code, date, PLACE, n, 0) for code, n in split.items() if n]
