from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("MOD-02", grain="line", severity="error", sources=["cms-100-04-ch5-20.1"])
def wrong_discipline_modifier(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A line has two discipline modifiers, or that of another discipline.

    Why it matters: a service belongs to one plan of care; GP or GN on occupational therapy puts it under the wrong
    one, and its dollars under the wrong yearly threshold.
    What to do: keep the modifier of the discipline that furnished the service: GO.
    """
    several = lines[["has_go", "has_gp", "has_gn"]].sum(axis=1) > 1
    other = (lines["discipline"] == "OT") & (lines["has_gp"] | lines["has_gn"]) & ~several
    return [
        findings(
            lines[several],
            expected="one of GO, GP, GN",
            observed="{modifiers}",
            because="The line carries more than one discipline modifier ({modifiers}).",
        ),
        findings(
            lines[other],
            expected="GO",
            observed="{modifiers}",
            because="The service was furnished by occupational therapy; the line says {modifiers}.",
        ),
    ]
