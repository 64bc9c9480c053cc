from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.more_units_than_minutes import unjudged

PAID_MORE = " The codes billed are paid more than any of these by Medicare's fee schedule."


@rule("UNIT-04", grain="service", severity="warning", sources=["cms-100-04-ch5-20.2"])
def remainder_units_misplaced(services: pd.DataFrame) -> list[pd.DataFrame]:
    """The number of timed units is supported, but they stand on other codes than the minutes allow.

    Why it matters: units that remain after the whole quarters go to the services with the most minutes left. Where
    the codes billed are paid more by Medicare than any that the minutes allow, it is an error, else a warning.
    What to do: bill one of the allocations that the minutes allow.
    """
    pool = services[services["in_pool"] & (services["method"] == "total") & (services["codes_of_day"] > 1)]
    known = pool[(pool["minutes_known"] == "per_code") & (pool["day_units"] <= pool["supported_high"])]
    wrong = known[~known["day_fits"]]
    wrong = wrong.assign(excess=wrong["units"] - wrong["most"]).sort_values("excess", ascending=False, kind="stable")
    first = wrong.drop_duplicates(["day", "claim_id"])
    more = first["paid_more"]
    return [
        findings(
            first.assign(more=pd.Series(PAID_MORE, index=first.index).where(more, "")),
            expected="{allowed}",
            observed="{billed}",
            because="The day's minutes support {supported_high:unit} as {allowed}. Billed: {billed}.{more}",
            severity=pd.Series("warning", index=first.index, dtype="str").mask(more, "error"),
            change="{change}",
        ),
        *unjudged(pool),
    ]
