from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule

REASONS = ["XE", "XP", "XS", "XU"]


@rule("MOD-14", grain="line", severity="error", sources=["x-modifiers-with-59"], of_modifiers="looked at")
def separate_told_twice(lines: pd.DataFrame) -> pd.DataFrame:
    """A line carries 59 together with XE, XP, XS or XU.

    Why it matters: each of the four says more exactly what 59 says; both on one line contradict each other, and the
    line is denied.
    What to do: keep the one that the note bears out, and remove 59.
    """
    both = lines[MODIFIERS].isin(["59"]).any(axis=1) & lines[MODIFIERS].isin(REASONS).any(axis=1)
    return findings(
        lines[both],
        expected="59 or one of XE, XP, XS, XU",
        observed="{modifiers}",
        because="The line says twice that the service was separate: by 59 and by one of XE, XP, XS, XU ({modifiers}).",
    )
