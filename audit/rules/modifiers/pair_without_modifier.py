from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

OLD = " The pair table on file was read on 2024-07-01: look the pair up in the current one."


@rule("MOD-10", grain="pair", severity="error", sources=["ncci-2024q3", "ncci-manual-59"])
def pair_without_modifier(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Two services that Medicare pays together only when they were separate are billed without saying so.

    Why it matters: without 59 or one of XE, XP, XS, XU the second code of the pair is denied.
    What to do: when the note shows separate time or body parts, add the modifier; else remove the second code.
    """
    rows = pairs[(pairs["indicator"] == "1") & ~pairs["separated"]]
    return judged(
        rows,
        expected="59 or XE, XP, XS, XU on {procedure_code} or {column_1}",
        observed="{modifiers}",
        because="{procedure_code} is the second code of a pair with {column_1}, billed the same day; neither line "
        "says that they were separate.",
    )


def judged(rows: pd.DataFrame, *, expected: str, observed: str, because: str) -> list[pd.DataFrame]:
    """Findings on pairs: errors within the dates of the table, warnings after them, untestable before."""
    medicare = rows[rows["pair_edits"] == "medicare"]
    current, later = medicare["coverage"] == "within", medicare["coverage"] == "after"
    medicare = medicare.assign(old=later.map({True: OLD, False: ""}))
    severity = pd.Series("error", index=medicare.index, dtype="str").mask(later, "warning")
    found = medicare[current | later]
    return [
        findings(
            found, expected=expected, observed=observed, because=because + "{old}", severity=severity[found.index]
        ),
        untestable(
            medicare[medicare["coverage"] == "before"],
            "The pair table on file does not reach back to this date ({column_1} with {procedure_code}).",
        ),
        untestable(
            rows[rows["pair_edits"] == "medicaid"],
            "Medicaid has a pair table of its own, which is not on file ({column_1} with {procedure_code}).",
        ),
        untestable(
            rows[rows["pair_edits"] == ""],
            "Whether this payer follows Medicare's pairs is not on file ({column_1} with {procedure_code}).",
        ),
    ]
