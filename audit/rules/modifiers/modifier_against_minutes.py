from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule, untestable

MEANS = {
    "22": "more work than usual; more minutes are more units",
    "52": "less than the whole service; fewer than 8 minutes are no unit, with 52 or without",
    "76": "the service was repeated; its minutes of one day are summed and billed as units",
    "77": "the service was repeated by another; its minutes of one day are summed and billed as units",
}


@rule("MOD-18", grain="line", severity="warning", sources=["timed-service-modifiers"], of_modifiers="looked at")
def modifier_against_minutes(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A timed service carries 22, 52, 76 or 77, which say what its units should say.

    Why it matters: the minutes of a timed service decide its units; a modifier for more, less or repeated work makes
    the payer ask for records, or pay twice for one day.
    What to do: bill the units that the minutes of the day support, on one line, without the modifier.
    """
    rows = lines[lines[MODIFIERS].isin(list(MEANS)).any(axis=1)]
    timed = rows[rows["timed"] == "yes"]
    return [
        *(_on(timed, modifier, means) for modifier, means in MEANS.items()),
        untestable(
            rows[~rows["code_known"]],
            "{procedure_code} ({modifiers}) is not on file for this date, so whether it is a timed service, on which "
            "22, 52, 76 and 77 do not belong, cannot be told."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]


def _on(timed: pd.DataFrame, modifier: str, means: str) -> pd.DataFrame:
    return findings(
        timed[timed[MODIFIERS].isin([modifier]).any(axis=1)],
        expected=f"no {modifier} on {{procedure_code}}",
        observed="{modifiers}",
        because=f"{{procedure_code}} ({{label}}) is counted by its minutes. {modifier} says {means}.",
    )
