from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-20", grain="service", severity="error", sources=["cpt-time-rule"])
def more_units_than_midpoints(services: pd.DataFrame) -> list[pd.DataFrame]:
    """Under the midpoint method, a code is billed for more units than its own minutes reach.

    Why it matters: this payer counts each code alone: a further unit needs more than half of its 15 minutes.
    Minutes of other codes do not help.
    What to do: bill the units that the code's own minutes reach.
    """
    pool = services[services["in_pool"] & (services["method"] == "midpoint") & (services["units"] > 0)]
    known = pool[pool["minutes"].notna()]
    over = known[known["units"] > known["midpoint"]]
    over = over.assign(over=over["units"] - over["midpoint"])
    return [
        findings(
            over,
            expected="{midpoint:unit} of {service}",
            observed="{units:unit}",
            because="{service} has {minutes:minute} of its own, which reach {midpoint:unit}; {units} are billed: "
            "{over} too many.",
        ),
        untestable(
            pool[pool["minutes"].isna() & ((pool["note_count"] == 0) | pool["in_note"])],
            "This payer counts each code alone, and the note gives no minutes for each code.",
        ),
    ]
