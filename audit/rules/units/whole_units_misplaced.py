from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-03", grain="service", severity="warning", sources=["cms-100-04-ch5-20.2"])
def whole_units_misplaced(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A service of 15 minutes or more is billed for fewer units than its own whole quarters of an hour.

    Why it matters: 15 minutes of a service earn it a unit, 30 minutes two; another code has taken what this
    one earned, and the codes may be paid differently.
    What to do: move the unit to the code whose minutes earned it.
    """
    pool = services[services["in_pool"] & (services["method"] == "total") & (services["codes_billed"] > 1)]
    known = pool[pool["minutes_known"] == "per_code"]
    taken = known["units"] > known["most"]
    short = known[(known["units"] < known["whole"]) & taken.groupby(known["day"]).transform("any")]
    return [
        findings(
            short,
            expected="at least {whole:unit} of {service}",
            observed="{units:unit}",
            because="{service} has {minutes:minute}, {whole} whole quarters of an hour, and is billed for "
            "{units:unit}, while another code has more than its minutes allow.",
        ),
        no_allocation(pool),
    ]


def no_allocation(pool: pd.DataFrame) -> pd.DataFrame:
    """Untestable: units cannot be told to codes when the note gives no minutes for each code."""
    return untestable(
        pool[pool["minutes_known"].isin(["total_only", "unknown", "contradicting"])],
        "The note gives no sound minutes for each service (Medicare does not require them), so units cannot be "
        "told apart by code.",
    )
