from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

UNKNOWN = {
    "no_note": "There is no note for this day, so there are no minutes to hold the units against."
    "|Load notes with the note of this day and its total_timed_minutes",
    "unplaced": "A code of this day is not on file for this date, so its minutes and units cannot be placed."
    "|Load facts (codes) with the codes of this day",
    "contradicting": "The documentation of this day contradicts itself: its services and its totals do not give the "
    "same timed minutes (between {minutes_low} and {minutes_high:minute})."
    "|Load notes with total_timed_minutes that is the sum of the minutes in note_services",
    "twice": "Two notes of this day, of different types, list the same services with the same minutes and no times of "
    "their own: one visit written down twice has {minutes_low:minute}, two visits have {minutes_high}."
    "|Load notes with start_time and end_time of each, or take one of the two out",
    "total_only": "The notes give total timed minutes but not those of each service (Medicare requires no more), so "
    "units cannot be told apart by code."
    "|Load note_services with minutes of every service of this day",
    "unknown": "The notes of this day do not give all timed minutes, neither for each service nor in total."
    "|Load notes with total_timed_minutes, or note_services with minutes",
}
"""Why units cannot be judged, by what is known of the minutes (`minutes_known`)."""


@rule("UNIT-01", grain="day", severity="error", sources=["cms-100-04-ch5-20.2"])
def more_units_than_minutes(days: pd.DataFrame) -> list[pd.DataFrame]:
    """More timed units are billed than the day's minutes support.

    Why it matters: Medicare adds up all timed minutes of the day and pays only the units in its table; every
    unit above it is an overpayment. Its price takes units with CO away first, which are paid less: it is never more
    than is sure.
    What to do: bill the supported units, or add an addendum when minutes were left out of the note.
    """
    total = days[days["method"] == "total"]
    timed = total[total["pooled"] & (total["units"] > 0)]
    over = (timed["units"] > timed["supported_high"]).fillna(False)
    sure = (timed["units"] <= timed["supported_low"]).fillna(False)
    strange = total[~total["codes_known"]]
    unsure = timed[~over & ~sure & ~timed.index.isin(strange.index)]
    bound = timed["minutes_low"] < timed["minutes_high"]
    timed = timed.assign(at_most=pd.Series("at most ", index=timed.index).where(bound.fillna(False), ""))
    return [
        findings(
            timed[over],
            expected="{supported_high:unit}",
            observed="{units:unit}",
            because="The timed services of this day come to {at_most}{minutes_high:minute}. That supports "
            "{supported_high:unit}, not the {units} billed.",
            change="{change}",
        ),
        *unjudged(strange),
        *unjudged(unsure),
    ]


def unjudged(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Each day that cannot be judged, with what its notes lack."""
    known = set(rows["minutes_known"].unique())
    return [untestable(rows[rows["minutes_known"] == one], why) for one, why in UNKNOWN.items() if one in known]
