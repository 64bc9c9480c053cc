from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("UNIT-06", grain="day", severity="error", sources=["cms-100-04-ch5-20.2", "cpt-time-rule"])
def under_eight_minutes(days: pd.DataFrame) -> pd.DataFrame:
    """The only timed service of the day lasted less than 8 minutes, and is billed.

    Why it matters: under both counting methods a single service of 7 minutes or less earns no unit.
    What to do: remove the unit.
    """
    single = days[days["pooled"] & (days["codes_billed"] == 1) & (days["units"] > 0)]
    short = single[(single["minutes_high"] < 8).fillna(False)]
    return findings(
        short,
        expected="0 units",
        observed="{units:unit}",
        because="{minutes_high:minute} of the only timed service of the day are fewer than 8; {units:unit} billed.",
    )
