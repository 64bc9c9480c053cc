from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("MOD-11", grain="line", severity="warning", sources=["ncci-2024q3"])
def needless_separate_modifier(lines: pd.DataFrame) -> pd.DataFrame:
    """59 (or XE, XP, XS, XU) stands on a line that is in no pair that day.

    Why it matters: the modifier says something that nobody asked; payers watch for its overuse.
    What to do: remove it, unless this payer asks for it by a rule of its own.
    """
    rows = lines[lines["has_separate"] & (lines["pair_edits"] == "medicare") & ~lines["in_pair"]]
    return findings(
        rows[rows["pairs_known"]],
        expected="no 59, XE, XP, XS or XU",
        observed="{modifiers}",
        because="{procedure_code} forms no active pair with any other code of this day, and carries {modifiers}.",
    )
