from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.units.more_units_than_minutes import UNKNOWN
from audit.units import PAST_MIDPOINT, UNIT


@rule("UNIT-21", grain="service", severity="error", sources=["payer-design", "cms-100-04-ch5-20.2", "cpt-time-rule"])
def too_many_by_both_methods(services: pd.DataFrame) -> list[pd.DataFrame]:
    """The payer's counting method is not known: the units are judged by both.

    Why it matters: units that neither method supports are wrong for any payer; where only one supports them, the
    payer's policy decides.
    What to do: when both fail, bill what the minutes support; else look up the payer's method and enter it.
    """
    billed = services[(services["method"] == "unknown") & (services["units"] > 0)]
    timed = billed[billed["in_pool"] | ~billed["code_known"]].drop_duplicates(["claim_id", "day"])
    mixed, one = "the payers of this day count differently", "this payer's method is not known"
    timed = timed.assign(why=timed["mixed"].map({True: mixed, False: one}))
    known = timed[timed["minutes_known"] == "per_code"]
    total, midpoint = ~known["day_fits"], known["day_over_midpoint"] > 0
    verdict = pd.Series("Neither method supports what is billed.", index=known.index, dtype="str")
    verdict = verdict.mask(~midpoint, "Only midpoints do, and " + known["why"] + ".")
    verdict = verdict.mask(~total, "Only total minutes do, and " + known["why"] + ".")
    severity = pd.Series("info", index=known.index, dtype="str").mask(total & midpoint, "error")
    failing = total | midpoint
    totals = timed[timed["minutes_known"] == "total_only"]
    totals = totals.assign(by_midpoints=most_by_midpoints(totals))
    most = totals[["supported_high", "by_midpoints"]].max(axis=1)
    sure = (totals["day_units"] > most).astype("bool")
    return [
        findings(
            known.assign(verdict=verdict)[failing],
            expected="by total minutes {allowed}; by midpoints {by_midpoints}",
            observed="{billed}",
            because="Billed: {billed}. By total minutes the day supports {allowed}; by midpoints {by_midpoints}. "
            "{verdict}",
            severity=severity[failing],
            change="{change}",
        ),
        *[untestable(timed[timed["minutes_known"] == k], UNKNOWN[k]) for k in UNKNOWN if k != "total_only"],
        findings(
            totals[sure],
            expected="{supported_high:unit} by total minutes; {by_midpoints} at most by midpoints",
            observed="{day_units:unit}",
            because="Billed: {day_units:unit}. The day's {minutes_high:minute} support {supported_high:unit} by total "
            "minutes and, however they are divided among the codes billed, no more than {by_midpoints} by midpoints.",
        ),
        untestable(
            totals[~sure],
            "Units can only be held against the total of the minutes, not against those of each code, and {why}."
            "|Load payers with unit_method for this payer and date, and note_services with minutes of every service",
        ),
    ]


def most_by_midpoints(rows: pd.DataFrame) -> pd.Series[int]:
    """The most units that a day's total of minutes can earn by midpoints, however its billed codes share it: 8 minutes
    for the first unit of each code, 15 for each further one."""
    minutes = rows["minutes_high"]
    codes = pd.concat([rows["codes_billed"].astype("Int64"), minutes // PAST_MIDPOINT], axis=1).min(axis=1)
    return codes + (minutes - codes * PAST_MIDPOINT) // UNIT
