from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.whole_units_misplaced import no_allocation


@rule("UNIT-04", grain="service", severity="warning", sources=["cms-100-04-ch5-20.2"])
def remainder_units_misplaced(services: pd.DataFrame) -> list[pd.DataFrame]:
    """The number of timed units is right, but they stand on other codes than the minutes allow.

    Why it matters: units that remain after the whole quarters go to the services with the most minutes left;
    on another code they may be paid higher.
    What to do: bill one of the allocations that the minutes allow.
    """
    pool = services[services["in_pool"] & (services["method"] == "total")]
    known = pool[(pool["minutes_known"] == "per_code") & (pool["day_units"] == pool["supported_high"])]
    wrong = known[~known["fits"]].sort_values("units", ascending=False, kind="stable")
    first = wrong.drop_duplicates(["day", "claim_id"])
    of_day = known[known["day"].isin(first["day"])].drop_duplicates(["day", "service"])
    billed = (of_day["service"] + " x " + of_day["units"].astype("str")).groupby(of_day["day"]).agg(", ".join)
    first = first.assign(billed=first["day"].map(billed))
    return [
        findings(
            first,
            expected="{allowed}",
            observed="{billed}",
            because="{day_units:unit} are supported, but not as billed ({billed}). The minutes allow: {allowed}.",
        ),
        no_allocation(pool[pool["codes_billed"] > 1]),
    ]

