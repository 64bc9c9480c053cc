from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

DISCIPLINES = ["GO", "GP", "GN"]
FRONT, BACK = ["modifier_1", "modifier_2"], ["modifier_3", "modifier_4"]


@rule("MOD-19", grain="line", severity="info", sources=["noridian-modifier-position"])
def discipline_modifier_far_back(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """GO, GP or GN stands in the third or fourth place of a Medicare line.

    Why it matters: at least one Medicare contractor asks for the discipline modifier in the first or second place.
    Which of GO and CO comes first is no matter: sources differ, and both are accepted here. Other payers' wishes for
    the order are not on file.
    What to do: move it forward, if your contractor asks for it.
    """
    back = lines[BACK].isin(DISCIPLINES).any(axis=1) & ~lines[FRONT].isin(DISCIPLINES).any(axis=1)
    rows = lines[back]
    return [
        findings(
            rows[rows["medicare"] == "yes"],
            expected="the discipline modifier in the first or second place",
            observed="{modifiers}",
            because="The discipline modifier stands behind two others ({modifiers}); Noridian, a Medicare contractor, "
            "asks for it in the first or second place.",
        ),
        untestable(
            rows[rows["medicare"] == ""],
            "The discipline modifier stands behind two others ({modifiers}); whether this payer is Medicare, where a "
            "contractor minds the order, is not on file."
            "|Load payers with medicare for this payer and date",
        ),
    ]
