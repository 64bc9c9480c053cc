from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule(
    "MOD-03",
    grain="line",
    severity="error",
    sources=["sometimes-therapy", "cms-100-04-ch5-20.1"],
    of_modifiers="missed",
)
def sometimes_therapy_without_go(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A service that is therapy when a therapist gives it is billed for an occupational therapist without GO.

    Why it matters: whatever an occupational therapist furnishes is given under a plan of care, and GO says so;
    without it the line is rejected. Physicians bill the same codes without GO, outside a plan.
    What to do: add GO, unless a physician furnished the service.
    """
    bare = lines[~lines[["has_go", "has_gp", "has_gn"]].any(axis=1) & (lines["therapy_class"] == "sometimes")]
    bare = bare[(bare["discipline"] == "OT") & ~bare["by_physician"]]
    asked = bare[bare["therapy_modifier"].isin(["required", ""])]
    known = asked[asked["discipline_known"]]
    return [
        findings(
            known[known["therapy_modifier"] == "required"],
            expected="GO",
            observed="no discipline modifier",
            because="{procedure_code} ({label}) was furnished by occupational therapy, which makes it a therapy "
            "service, and this payer requires GO; the line has no discipline modifier.",
        ),
        untestable(
            known[known["therapy_modifier"] == ""],
            "{procedure_code} has no GO; whether this payer requires it is not on file (no single payer profile says "
            "so for this date).|Load payers with therapy_modifier for this payer and date",
        ),
        untestable(
            asked[~asked["discipline_known"]],
            "{procedure_code} has no GO, which it needs from an occupational therapist and not from a physician; "
            "neither a note nor the list of providers tells who furnished it."
            "|Load providers with discipline of the rendering practitioner",
        ),
    ]
