from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.units.more_units_than_minutes import UNKNOWN
from audit.rules.units.too_many_by_both_methods import most_by_midpoints

SAID = ["no_note", "contradicting", "twice"]


@rule("UNIT-20", grain="service", severity="error", sources=["cpt-time-rule"])
def more_units_than_midpoints(services: pd.DataFrame) -> list[pd.DataFrame]:
    """Under the midpoint method, a code is billed for more units than its own minutes reach.

    Why it matters: this payer counts each code alone: a further unit needs more than half of its 15 minutes.
    Minutes of other codes do not help.
    What to do: bill the units that the code's own minutes reach.
    """
    billed = services[(services["method"] == "midpoint") & (services["units"] > 0)]
    pool, strange = billed[billed["in_pool"]], billed[~billed["code_known"]]
    sound = pool["listed"] & pool["minutes"].notna() & ~pool["minutes_known"].isin(["contradicting", "twice"])
    pool = pool.assign(excess=pool["units"] - pool["midpoint"])
    over, unsure = pool[sound & (pool["excess"] > 0)], pool[~sound]
    totals = unsure[unsure["minutes_known"] == "total_only"].drop_duplicates(["claim_id", "day"])
    totals = totals.assign(by_midpoints=most_by_midpoints(totals))
    sure = totals[(totals["day_units"] > totals["by_midpoints"]).astype("bool")]
    unsure = unsure[~unsure["day"].isin(sure["day"])]
    return [
        findings(
            over,
            expected="{midpoint:unit} of {service}",
            observed="{units:unit}",
            because="{service} has {minutes:minute} of its own. By midpoints that earns {midpoint:unit}, not the "
            "{units} billed.",
            change="{service} -{excess}",
        ),
        findings(
            sure,
            expected="{by_midpoints:unit} at most",
            observed="{day_units:unit}",
            because="Billed: {day_units:unit}. The day's {minutes_high:minute}, however they are divided among the "
            "codes billed, earn no more than {by_midpoints:unit} by midpoints.",
        ),
        *[untestable(unsure[unsure["minutes_known"] == k], UNKNOWN[k]) for k in SAID],
        untestable(
            unsure[~unsure["minutes_known"].isin(SAID)],
            "This payer counts each code alone, and the notes do not give the minutes of {service}."
            "|Load note_services with minutes of {service}",
        ),
        untestable(
            strange,
            "{procedure_code} is not on file for this date, so its minutes cannot be turned into units."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]
