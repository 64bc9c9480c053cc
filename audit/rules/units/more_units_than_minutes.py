from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

UNKNOWN = {
    "no_note": "There is no note for this day, so there are no minutes to hold the units against.",
    "unknown": "The note gives neither minutes for each timed service nor total timed minutes.",
}


@rule("UNIT-01", grain="day", severity="error", sources=["cms-100-04-ch5-20.2"])
def more_units_than_minutes(days: pd.DataFrame) -> list[pd.DataFrame]:
    """More timed units are billed than the day's minutes support.

    Why it matters: Medicare adds up all timed minutes of the day and pays only the units in its table; every
    unit above it is an overpayment.
    What to do: bill the supported units, or add an addendum when minutes were left out of the note.
    """
    timed = days[days["pooled"] & (days["units"] > 0)]
    total = timed[timed["method"] == "total"]
    over = total[(total["units"] > total["supported_high"]).fillna(False)]
    over = over.assign(over=over["units"] - over["supported_high"])
    either = total[(total["units"] > total["supported_low"]).fillna(False) & ~total.index.isin(over.index)]
    parts = [
        findings(
            over,
            expected="{supported_high:unit}",
            observed="{units:unit}",
            because="{minutes_high:minute} of timed services on this day support {supported_high:unit}; "
            "{units} are billed: {over} too many.",
        ),
        untestable(
            either,
            "The note contradicts itself: its services add up to {code_minutes:minute}, its total says "
            "{stated_timed}. One of them supports the {units:unit} billed, the other does not.",
        ),
        untestable(
            timed[~timed["codes_known"]],
            "A code of this day is not on file for this date, so its minutes cannot be placed.",
        ),
    ]
    return parts + [untestable(timed[timed["minutes_known"] == known], why) for known, why in UNKNOWN.items()]
