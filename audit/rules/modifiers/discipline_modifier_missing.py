from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("MOD-01", grain="line", severity="error", sources=["cms-100-04-ch5-20.1", "uhc-go-2020", "anthem-go-2021"])
def discipline_modifier_missing(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A therapy service of occupational therapy is billed without GO.

    Why it matters: GO says that the service was given under an occupational therapy plan of care; without it the
    line is rejected.
    What to do: add GO.
    """
    therapy = lines[(lines["therapy_class"] == "always") & (lines["discipline"] == "OT")]
    bare = therapy[~(therapy["has_go"] | therapy["has_gp"] | therapy["has_gn"])]
    return [
        findings(
            bare[bare["therapy_modifier"] == "required"],
            expected="GO",
            observed="{modifiers}",
            because="{procedure_code} ({label}) is always a therapy service, and this payer requires GO; the line "
            "has no discipline modifier.",
        ),
        untestable(
            bare[bare["therapy_modifier"] == ""],
            "Whether this payer requires GO is not on file (no payer profile for this date).",
        ),
    ]
