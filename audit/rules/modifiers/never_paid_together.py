from __future__ import annotations

import pandas as pd

from audit.rules import rule
from audit.rules.modifiers.pair_without_modifier import judged


@rule("MOD-12", grain="pair", severity="error", sources=["ncci-2024q3"])
def never_paid_together(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Two services are billed that Medicare never pays on the same day.

    Why it matters: the second code of such a pair is not payable, and no modifier helps.
    What to do: remove the second code.
    """
    return judged(
        pairs[pairs["indicator"].isin(["0", ""])],
        expected="{procedure_code} not billed beside {column_1}",
        observed="{procedure_code} and {column_1}",
        because="{procedure_code} is never paid on the day of {column_1}, whatever the modifier.",
    )
