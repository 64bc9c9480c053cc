from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("UNIT-02", grain="day", severity="info", sources=["cms-100-04-ch5-20.2", "cpt-time-rule"])
def fewer_units_than_minutes(days: pd.DataFrame) -> pd.DataFrame:
    """Fewer timed units are billed than the day's minutes support.

    Why it matters: documented work goes unpaid. It is no error: a clinician may choose not to bill.
    What to do: see whether a unit was forgotten; leave the claim as it is when it was meant so.
    """
    timed = days[days["pooled"] & days["method"].isin(["total", "midpoint"])]
    supported = timed["supported_low"].where(timed["method"] == "total", timed["midpoint_units"])
    timed = timed.assign(supported=supported.where((timed["method"] == "total") | timed["complete"].eq(True)))
    under = timed[(timed["units"] < timed["supported"]).fillna(False)]
    under = under.assign(under=under["supported"] - under["units"])
    return findings(
        under,
        expected="{supported:unit}",
        observed="{units:unit}",
        because="The day's minutes support {supported:unit}; {units} are billed: {under} fewer.",
    )
