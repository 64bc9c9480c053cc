from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("MOD-06", grain="line", severity="error", sources=["aota-co-go"], of_modifiers="looked at")
def assistant_modifier_without_go(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """CO stands without GO, or CQ (the physical therapy assistant's modifier) stands with GO.

    Why it matters: the assistant's modifier is read together with the discipline's; an unpaired one is rejected.
    What to do: pair CO with GO; replace CQ by CO on occupational therapy.
    """
    of_others = lines["has_gp"] | lines["has_gn"]
    bare = lines["has_co"] & ~lines["has_go"] & ~of_others & (lines["therapy_modifier"] != "refused")
    return [
        findings(
            lines[bare],
            expected="GO beside CO",
            observed="{modifiers}",
            because="The line has CO but not GO ({modifiers}).",
        ),
        findings(
            lines[lines["has_co"] & ~lines["has_go"] & of_others],
            expected="CO with GO only",
            observed="{modifiers}",
            because="CO belongs to occupational therapy assistants; this line is billed for another discipline "
            "({modifiers}).",
        ),
        findings(
            lines[lines["has_cq"] & lines["has_go"]],
            expected="CO in place of CQ",
            observed="{modifiers}",
            because="CQ belongs to physical therapy assistants; this line is billed as occupational therapy "
            "({modifiers}).",
        ),
    ]
