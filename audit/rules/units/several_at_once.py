from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.units import PAST_MIDPOINT, UNIT

GROUP = "97150"


@rule("UNIT-15", grain="service", severity="error", sources=["one-on-one"], state="trial")
def several_at_once(services: pd.DataFrame) -> list[pd.DataFrame]:
    """Units of a one-on-one service rest on minutes that the note itself says several patients had at once.

    Why it matters: timed therapy codes are for one patient at a time. Two or more at once, at the same activity or
    at different ones, are a group for Medicare Part B: 97150, once a day, whatever the minutes.
    What to do: bill 97150 for the group, and one-on-one units by the minutes given one-on-one. A note that does not say
    how the minutes were given (note_services with mode) is taken for one-on-one: UNIT-12 holds the clock against it.
    """
    billed = services[services["units"] > 0]
    shared = billed[billed["in_pool"] & (billed["shared_sessions"] > 0)]
    none = shared[shared["sole_sessions"] == 0]
    some = shared[shared["sole_sessions"] > 0]
    told = some["minutes"].notna() & some["sole_minutes_of_day"].notna()
    part = _borne(some[told])
    alone = billed[
        (billed["service"] == GROUP) & (billed["individual_sessions"] > 0) & (billed["shared_sessions"] == 0)
    ]
    minutes = none["minutes"].astype("str") + " minutes"
    return [
        findings(
            none.assign(all=minutes.mask(none["minutes"].isna(), "of its minutes")),
            expected=GROUP,
            observed="{units:unit} of {service}",
            because="The note says that all {all} of {service} were given to several patients at once; it is "
            "billed as one-on-one.",
            change="{service} -{units}",
        ),
        findings(
            part[part["taken"] > part["borne"]],
            expected="{borne:unit}",
            observed="{taken:unit}",
            because="Without the {shared_minutes:minute} of {service} that the note says several patients had at once, "
            "{sole} minutes one-on-one bear {borne:unit}, not {taken}.",
        ),
        findings(
            alone,
            expected="minutes with several patients at once",
            observed="individual",
            because="97150 is for two or more patients at once; the note says that it was given to one alone.",
            severity="warning",
        ),
        untestable(
            some[~told],
            "Some of {service} was given to several patients at once; the note does not give the minutes of each part."
            "|Load note_services with minutes of every service of this day",
        ),
    ]


def _borne(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `sole` minutes one-on-one, the units that they bear (`borne`) and those billed (`taken`): of the day by
    total minutes, of the service by midpoints, and where the method is not known, whichever is kinder."""
    own = rows["minutes"] - rows["shared_minutes"]
    by_midpoint = own // UNIT + (own % UNIT >= PAST_MIDPOINT)
    by_total = (rows["sole_minutes_of_day"] + UNIT - PAST_MIDPOINT) // UNIT
    kinder = (rows["method"] == "unknown") & (rows["units"] - by_midpoint < rows["day_units"] - by_total)
    midpoint = (rows["method"] == "midpoint") | kinder
    return rows.assign(
        sole=rows["sole_minutes_of_day"].mask(midpoint, own),
        borne=by_total.mask(midpoint, by_midpoint),
        taken=rows["day_units"].mask(midpoint, rows["units"]),
    )
