from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.texts import once_each

DISCIPLINES = ["GO", "GP", "GN"]
PLACES = 2
"""How many places are in front. A place left empty is none on the form."""


@rule("MOD-19", grain="line", severity="info", sources=["noridian-modifier-position"], of_modifiers="looked at")
def discipline_modifier_far_back(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """GO, GP or GN stands in the third or fourth place of a Medicare line.

    Why it matters: at least one Medicare contractor asks for the discipline modifier in the first or second place.
    Which of GO and CO comes first is no matter: sources differ, and both are accepted here. Other payers' wishes for
    the order are not on file.
    What to do: move it forward, if your contractor asks for it.
    """
    rows = lines[_far_back(lines["modifiers"])]
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


@once_each
def _far_back(modifiers: pd.Series[str]) -> pd.Series[bool]:
    told = [said.split() for said in modifiers]
    back = [not {*DISCIPLINES}.isdisjoint(one) and {*DISCIPLINES}.isdisjoint(one[:PLACES]) for one in told]
    return pd.Series(back, index=modifiers.index, dtype="bool")
