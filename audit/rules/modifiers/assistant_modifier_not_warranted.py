from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("MOD-05", grain="service", severity="warning", sources=["cms-co-2022"])
def assistant_modifier_not_warranted(services: pd.DataFrame) -> list[pd.DataFrame]:
    """CO stands on more units than the assistant furnished.

    Why it matters: CO lowers the payment; where the therapist gave 8 minutes or more of the last unit, or both
    worked together, it is not due.
    What to do: remove CO from the units the therapist furnished.
    """
    rows = services[(services["co_units"] > 0) & services["in_pool"] & (services["family"] != "eval")]
    known = rows[rows["parts_known"] & (rows["co_units"] > rows["supported_co"])]
    merged = (known["line_count"] == 1) & (known["supported_co"] > 0)
    return [
        findings(
            known[~merged],
            expected="CO on {supported_co:unit} of {service}",
            observed="CO on {co_units:unit}",
            because="{service}: therapist {therapist}, assistant {assistant:minute}: CO is due on {supported_co:unit}; "
            "it stands on {co_units}.",
        ),
        untestable(
            rows[~rows["parts_known"]],
            "The note does not say which minutes the therapist and which the assistant furnished.",
        ),
    ]
