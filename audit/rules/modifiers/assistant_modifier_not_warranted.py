from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.modifiers.assistant_modifier_missing import REQUIRED_FROM, persons, unjudged, with_shares, with_ways

TOO_EARLY = (
    "CO began on 2020-01-01: what it means on an earlier date is not on file."
    "|Mend the claim: CO does not belong on services before 2020-01-01"
)


@rule("MOD-05", grain="service", severity="warning", sources=["cms-co-2022"], of_modifiers="looked at")
def assistant_modifier_not_warranted(services: pd.DataFrame) -> list[pd.DataFrame]:
    """CO stands on more units than the assistant furnished.

    Why it matters: CO lowers the payment; where the therapist gave 8 minutes or more of the last unit, or both
    worked together, it is not due.
    What to do: remove CO from the units the therapist furnished.
    """
    marked = with_shares(services[(services["co_units"] > 0) & services["co_on_claim"]])
    early = marked["service_date"] < REQUIRED_FROM
    rows = marked[~early].assign(excess=marked["co_units"] - marked["supported_co"])
    clear = rows[rows["unclear"] == ""]
    pooled = clear[too_much_co(clear)]
    pooled = pooled.assign(persons=persons(pooled))
    untimed = with_ways(clear[~clear["timed"] & ~clear["whole_visit"]])
    shared = untimed[untimed["assistant"] > 0]
    unfounded = clear[~clear["in_pool"] & (clear["supported_co"] == 0) & (clear["assistant"] == 0)]
    return [
        findings(
            pooled[~merged(pooled)],
            expected="CO on {supported_co:unit} of {service}",
            observed="CO on {co_units:unit}",
            because="{service}: {persons}: CO is due on {supported_co:unit}; it stands on {co_units}.{older}",
            change="{service} CO -{excess}",
        ),
        findings(
            unfounded,
            expected="no CO on {service}",
            observed="CO on {co_units:unit}",
            because="{service}: by the note the assistant furnished no part of it, but it carries CO.",
            change="{service} CO -{co_units}",
        ),
        findings(
            shared[shared["ways"] == ""],
            expected="no CO on {service}",
            observed="CO on {co_units:unit}",
            because="{service}: the assistant furnished {assistant} of {minutes:minute}, no more than a tenth: CO is "
            "not due.",
            change="{service} CO -{co_units}",
        ),
        findings(
            shared[(shared["ways"] != "") & (shared["against"] != "")],
            expected="CO on {service} by one method only",
            observed="CO on {co_units:unit}",
            because="{service}: {says}",
        ),
        findings(
            rows[(rows["crossed"] != "") & (rows["unclear"] == "")],
            expected="CO on the code that the assistant gave",
            observed="CO on the other code",
            because="97129 and 97130 are one service, of which each unit is billed by who gave it. By the note, "
            "{crossed}.",
        ),
        untestable(marked[early], TOO_EARLY),
        *unjudged(rows),
    ]


def too_much_co(rows: pd.DataFrame) -> pd.Series[bool]:
    """CO on units of the therapist's. Units that nobody's minutes support are another rule's matter."""
    on_therapist = rows["units"] - rows["co_units"] < rows["supported_plain"]
    more = rows["in_pool"] & (rows["co_units"] > rows["supported_co"])
    return more & (on_therapist | (rows["assistant"] == 0))


def merged(rows: pd.DataFrame) -> pd.Series[bool]:
    """One line only, with units of both: MOD-07 names that."""
    return (rows["line_count"] == 1) & (rows["supported_co"] > 0)
