from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule

UNLIKELY = 0.01
"""Chance below which a shortfall is no accident."""


@rule("UNIT-13", grain="provider", split="rendering_npi", severity="info", sources=["cms-100-04-ch5-20.2-average"])
def few_minutes_a_unit(providers: pd.DataFrame) -> pd.DataFrame:
    """A clinician's billed units have well under 15 documented minutes each, over many visits.

    Why it matters: units are expected to average 15 minutes; Medicare's contractors are told to look at those who are
    always short of it. This is a pattern of the clinician: no single claim is wrong because of it.
    What to do: talk about how treatment is planned and timed. (Judged from 30 visits on, at an average of 13 minutes
    or less that chance would give less than once in a hundred; below that number nothing is said.)
    """
    return findings(
        providers[providers["chance"] < UNLIKELY],
        expected="15 minutes a unit on average",
        observed="{average} minutes a unit",
        because="{named}: {visits:visit} from {from_date} on, {minutes:minute} for {units:unit}, {average} minutes a "
        "unit. Units are expected to average 15.",
    )
