from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule(
    "MOD-01",
    grain="line",
    severity="error",
    sources=["cms-100-04-ch5-20.1", "uhc-go-2020", "anthem-go-2021"],
    of_modifiers="missed",
)
def discipline_modifier_missing(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A therapy service of occupational therapy is billed without GO.

    Why it matters: GO says that the service was given under an occupational therapy plan of care; without it the
    line is rejected.
    What to do: add GO.
    """
    bare = lines[(lines["discipline"] == "OT") & ~lines[["has_go", "has_gp", "has_gn"]].any(axis=1)]
    therapy = bare[bare["therapy_class"] == "always"]
    return [
        findings(
            therapy[therapy["therapy_modifier"] == "required"],
            expected="GO",
            observed="no discipline modifier",
            because="{procedure_code} ({label}) is always a therapy service, and this payer requires GO; the line "
            "has no discipline modifier.",
        ),
        untestable(
            therapy[therapy["therapy_modifier"] == ""],
            "The line has no GO; whether this payer requires it is not on file (no single payer profile says so for "
            "this date).|Load payers with therapy_modifier for this payer and date",
        ),
        untestable(
            bare[~bare["code_known"] & bare["therapy_modifier"].isin(["required", ""])],
            "{procedure_code} is not on file for this date, so nothing says whether it needs GO, which it lacks."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]
