from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-21", grain="day", severity="error", sources=["payer-design", "cms-100-04-ch5-20.2", "cpt-time-rule"])
def too_many_by_both_methods(days: pd.DataFrame) -> list[pd.DataFrame]:
    """The payer's counting method is not known: the units are judged by both.

    Why it matters: units that neither method supports are wrong for any payer; where only one supports them, the
    payer's policy decides.
    What to do: when both fail, bill what the minutes support; else look up the payer's method and enter it.
    """
    timed = days[days["pooled"] & (days["method"] == "unknown") & (days["units"] > 0)]
    known = timed[timed["minutes_known"] == "per_code"]
    over_total, over_midpoint = known["units"] > known["supported_high"], known["over_midpoint"] > 0
    return [
        findings(
            known[over_total & over_midpoint],
            expected="{supported_high} by total minutes, {midpoint_units} by midpoints",
            observed="{units:unit}",
            because="{units:unit} are billed. {minutes_high:minute} support {supported_high} by total minutes and "
            "{midpoint_units} by midpoints: neither method supports what is billed.",
        ),
        findings(
            known[over_total ^ over_midpoint],
            expected="{supported_high} by total minutes, {midpoint_units} by midpoints",
            observed="{units:unit}",
            because="{units:unit} are billed. {minutes_high:minute} support {supported_high} by total minutes and "
            "{midpoint_units} by midpoints: the methods disagree, and this payer's is not known.",
            severity="info",
        ),
        untestable(
            timed[timed["minutes_known"] != "per_code"],
            "The payer's counting method is not known, and without minutes for each code the midpoint method "
            "cannot be tried.",
        ),
    ]
