from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.more_units_than_minutes import unjudged


@rule("UNIT-04", grain="service", severity="warning", sources=["cms-100-04-ch5-20.2"])
def remainder_units_misplaced(services: pd.DataFrame) -> list[pd.DataFrame]:
    """The number of timed units is supported, but they stand on other codes than the minutes allow.

    Why it matters: units that remain after the whole quarters go to the services with the most minutes left;
    on another code they may be paid higher.
    What to do: bill one of the allocations that the minutes allow.
    """
    pool = services[services["in_pool"] & (services["method"] == "total") & (services["codes_of_day"] > 1)]
    known = pool[(pool["minutes_known"] == "per_code") & (pool["day_units"] <= pool["supported_high"])]
    wrong = known[~known["day_fits"]]
    wrong = wrong.assign(excess=wrong["units"] - wrong["most"]).sort_values("excess", ascending=False, kind="stable")
    first = wrong.drop_duplicates(["day", "claim_id"])
    return [
        findings(
            first,
            expected="{allowed}",
            observed="{billed}",
            because="The day's minutes support {supported_high:unit} as {allowed}. Billed: {billed}.",
        ),
        *unjudged(pool),
    ]
