"""The units that a day's minutes support, code by code, as the change that leads there from the units billed: what
findings about the pool are priced by (`audit.worth`).

Of several allocations that the method allows the one nearest to the bill is meant, then the dearer codes: the bill
is never said to be further off than is sure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit import money
from audit.facts.reference import Facts
from audit.grains.numbered import beside, places, sums_for
from audit.money import UNITS
from audit.shared_text import SHARED, for_all
from audit.texts import joined
from audit.units import COGNITIVE, COGNITIVE_SERVICE

AT_LEAST = " at least"
"""Ends a change of which only the number of units is sure."""
PLACE = "nonfacility"


def with_changes(days: pd.DataFrame, services: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """`days` with `change`, which makes the pooled units right as far as they are too many or on wrong codes, and
    `addition`, the units that could be billed besides: in the words of `audit.worth`, "" where there is nothing to
    change or the minutes do not tell. Claims of a day that count by different methods have changes of their own."""
    first = days["method"].take(places(days["day"], days["day"])).to_numpy()
    otherwise = days["method"].to_numpy() != first
    if otherwise.any():
        parts = [days[which] for which in (~otherwise, otherwise)]
        done = [with_changes(part, services[services["day"].isin(part["day"])], facts) for part in parts]
        return pd.concat(done).sort_index()
    told = ["day", "service_date", "method", "minutes_known", "supported_low", "supported_high", "alone"]
    rows = services.loc[services["in_pool"], ["day", "service", "units", "least", "most", "midpoint"]]
    rows = beside(rows, days[told[1:]], places(rows["day"], days["day"]))
    rows["price"] = _prices(rows, facts)
    each = (rows["minutes_known"] == "per_code") & ~rows["alone"]
    totals = ~each & (rows["alone"] | (rows["method"] == "total"))
    said = _in_words(pd.concat([_of_totals(rows[totals]), _of_codes(rows[each])], ignore_index=True))
    by_day = said.reindex(days["day"]).set_axis(days.index).astype(SHARED).fillna("")
    return days.join(by_day)


def _prices(rows: pd.DataFrame, facts: Facts) -> pd.Series[int]:
    """Cents of one further unit by Medicare's rates, 0 where not known: only the order of codes rests on it."""
    code = rows["service"].mask(rows["service"] == COGNITIVE_SERVICE, COGNITIVE[1])
    units = rows[["service_date"]].assign(
        day_key=0, procedure_code=code, place=for_all(PLACE, rows), **dict.fromkeys(UNITS, 0)
    )
    return money.further_unit(units, facts).fillna(0)


def _of_codes(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `cut` and `more` units where the minutes of each service are known."""
    rows = _with_ties(rows)
    total, midpoint = rows["target"], rows["midpoint"]
    target = total.mask(rows["method"] == "midpoint", midpoint)
    either = rows["units"].clip(np.minimum(total, midpoint), np.maximum(total, midpoint))
    target = target.mask(rows["method"] == "unknown", either)
    off = rows["units"] - target
    return rows.assign(cut=off.clip(lower=0), more=(-off).clip(lower=0), sure=True)


def _with_ties(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `target`: of the services tied for the last units those billed for one take it, the dearest first."""
    tied = rows["most"] > rows["least"]
    left = rows["supported_high"].astype("int64") - sums_for(rows["day"], rows["least"], rows["day"])
    wants = tied & (rows["units"] > rows["least"])
    order = rows[tied].assign(wants=wants, dear=rows["price"].where(wants, -rows["price"]))
    order = order.sort_values(["day", "wants", "dear", "service"], ascending=[True, False, False, True])
    place = order.groupby("day").cumcount().reindex(rows.index, fill_value=0)
    return rows.assign(target=rows["least"] + (tied & (place < left)))


def _of_totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `cut` and `more` units where only the total of the minutes is known: the cheapest codes, and `sure`
    where there is one code only."""
    billed = rows.groupby("day")["units"].transform("sum")
    over = (billed - rows["supported_high"]).clip(lower=0).fillna(0).astype("int64")
    under = (rows["supported_low"] - billed).clip(lower=0).fillna(0).astype("int64")
    ordered = rows.sort_values(["day", "price", "service"])
    before = ordered.groupby("day")["units"].cumsum() - ordered["units"]
    cut = (over - before.reindex(rows.index)).clip(0, rows["units"])
    first = ~ordered.duplicated("day").reindex(rows.index)
    one = rows.groupby("day")["service"].transform("size") == 1
    return rows.assign(cut=cut, more=under.where(first, 0), sure=one)


def _in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """By day that has something to change. What is cut comes back on other codes first, the dearest; the rest could be
    billed besides."""
    off = rows["day"].isin(rows.loc[(rows["cut"] > 0) | (rows["more"] > 0), "day"])
    ordered = rows[off].sort_values(["day", "price", "service"], ascending=[True, False, True])
    before = ordered.groupby("day")["more"].cumsum() - ordered["more"]
    moved = (ordered.groupby("day")["cut"].transform("sum") - before).clip(0, ordered["more"])
    numbers = {"change": moved - ordered["cut"], "addition": ordered["more"] - moved}
    told = {}
    for name, number in numbers.items():
        some = ordered[number != 0].sort_values(["day", "service"])
        said = some["service"] + " " + number[some.index].map("{:+d}".format).astype("str")
        text = joined(said, some["day"], "; ")
        told[name] = text + some.groupby("day")["sure"].all().map({True: "", False: AT_LEAST})
    return pd.DataFrame(told).astype(SHARED).fillna("")
