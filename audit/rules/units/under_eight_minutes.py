from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.more_units_than_minutes import unjudged
from audit.units import PAST_MIDPOINT


@rule("UNIT-06", grain="day", severity="error", sources=["cms-100-04-ch5-20.2", "cpt-time-rule"])
def under_eight_minutes(days: pd.DataFrame) -> list[pd.DataFrame]:
    """The only timed service of the day lasted less than 8 minutes, and is billed.

    Why it matters: under both counting methods a single service of 7 minutes or less earns no unit.
    What to do: remove the unit.
    """
    single = days[days["pooled"] & (days["codes_of_day"] == 1) & (days["units"] > 0)]
    short = (single["minutes_high"] < PAST_MIDPOINT).fillna(False)
    long = (single["minutes_low"] >= PAST_MIDPOINT).fillna(False)
    return [
        findings(
            single[short],
            expected="0 units",
            observed="{units:unit}",
            because="The only timed service of this day has {minutes_high:minute}, and a unit takes at least 8; "
            "billed: {units:unit}.",
            change="{change}",
        ),
        *unjudged(single[~short & ~long]),
    ]
