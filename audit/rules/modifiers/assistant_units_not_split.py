from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.modifiers.assistant_modifier_missing import REQUIRED_FROM, persons, unjudged, with_shares
from audit.rules.modifiers.assistant_modifier_not_warranted import TOO_EARLY, merged, too_much_co


@rule("MOD-07", grain="service", severity="error", sources=["cms-co-2022"], of_modifiers="looked at")
def assistant_units_not_split(services: pd.DataFrame) -> list[pd.DataFrame]:
    """One line with CO bills units of which only some were furnished by the assistant.

    Why it matters: CO holds for a whole line; the therapist's units on it are paid too low.
    What to do: bill two lines of the code, one without CO for the therapist's units, one with CO for the rest.
    """
    alone = services[services["in_pool"] & (services["line_count"] == 1) & (services["co_units"] > 1)]
    if alone.empty:
        return []
    marked = with_shares(alone)
    early = marked["service_date"] < REQUIRED_FROM
    rows = marked[~early]
    both = rows[(rows["unclear"] == "") & too_much_co(rows) & merged(rows)]
    both = both.assign(persons=persons(both))
    return [
        findings(
            both,
            expected="{service} x {supported_plain} without CO, x {supported_co} with CO",
            observed="{service} x {units} with CO",
            because="{service}: {persons}: {supported_plain:unit} without CO and {supported_co} with CO are "
            "supported; one line bills {units:unit}, all with CO.{older}",
            change="{service} CO -{supported_plain}",
            severity=both["weight"],
        ),
        untestable(marked[early], TOO_EARLY),
        *unjudged(rows),
    ]
