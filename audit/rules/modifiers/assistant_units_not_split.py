from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("MOD-07", grain="service", severity="error", sources=["cms-co-2022"])
def assistant_units_not_split(services: pd.DataFrame) -> pd.DataFrame:
    """One line with CO bills units of which only some were furnished by the assistant.

    Why it matters: CO holds for a whole line; the therapist's units on it are paid too low.
    What to do: bill two lines of the code, one without CO for the therapist's units, one with CO for the rest.
    """
    rows = services[services["in_pool"] & services["parts_known"] & (services["line_count"] == 1)]
    merged = rows[(rows["co_units"] > rows["supported_co"]) & (rows["supported_co"] > 0)]
    return findings(
        merged,
        expected="{service} x {supported_plain} without CO, x {supported_co} with CO",
        observed="{service} x {units} with CO",
        because="{service}: therapist {therapist}, assistant {assistant:minute}: {supported_plain:unit} are the "
        "therapist's and {supported_co} the assistant's, but all {units} stand on one line with CO.",
    )
