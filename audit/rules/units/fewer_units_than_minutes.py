from __future__ import annotations

import pandas as pd

from audit.grains.again import REPLACED
from audit.rules import findings, rule, untestable
from audit.rules.units.more_units_than_minutes import unjudged
from audit.units import PAST_MIDPOINT, UNIT


@rule("UNIT-02", grain="day", severity="info", sources=["cms-100-04-ch5-20.2", "cpt-time-rule"])
def fewer_units_than_minutes(days: pd.DataFrame) -> list[pd.DataFrame]:
    """Fewer timed units are billed than the day's minutes support.

    Why it matters: documented work goes unpaid. It is no error: a clinician may choose not to bill.
    What to do: see whether a unit was forgotten; leave the claim as it is when it was meant so.
    """
    timed = days[(days["codes_of_day"] > 0) & (days["told_again"] != REPLACED)]
    timed = timed[timed["pooled"] | ~timed.groupby("day")["pooled"].transform("any")]
    timed = timed.assign(fewest=_supported(timed, "supported_low"), most=_supported(timed, "supported_high"))
    under = (timed["units"] < timed["fewest"]).fillna(False) & timed["codes_known"]
    under &= ~(timed["shared_minutes"] > 0) | (timed["units"] < _one_on_one(timed)).fillna(False)
    sure = (timed["units"] >= timed["most"]).fillna(False) & timed["codes_known"]
    sure |= (timed["shared_minutes"] > 0) & (timed["units"] < timed["fewest"]).fillna(False)
    unsure = timed[~under & ~sure]
    return [
        findings(
            timed[under],
            expected="{fewest:unit}",
            observed="{units:unit}",
            because="The day's documented minutes support {fewest:unit}; billed: {units}.",
            change="{addition}",
        ),
        *unjudged(unsure),
        untestable(
            unsure[unsure["minutes_known"] == "per_code"],
            "The day's minutes support {supported_low:unit} by total minutes and {midpoint_units} by midpoints; "
            "billed: {units}. The payer's counting method is not known."
            "|Load payers with unit_method for this payer and date",
        ),
    ]


def _one_on_one(days: pd.DataFrame) -> pd.Series[int]:
    """The units that are supported by total minutes without those of several patients at once, which earn none."""
    fewer = ((days["minutes_low"] - days["shared_minutes"]).clip(lower=0) + UNIT - PAST_MIDPOINT) // UNIT
    return fewer.where(days["method"] == "total", 0)


def _supported(days: pd.DataFrame, end: str) -> pd.Series[int]:
    """The fewest or the most units by the payer's method, or by either where that is not known."""
    total = days[end]
    midpoint = days["midpoint_units"].astype("Int64").where(days["minutes_known"] == "per_code")
    both = pd.concat([total, midpoint], axis=1)
    either = both.min(axis=1, skipna=False) if end == "supported_low" else both.max(axis=1, skipna=False)
    supported = total.mask(days["method"] == "midpoint", midpoint)
    return supported.mask(days["method"] == "unknown", either).astype("Int64")
