from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.modifiers.pair_without_modifier import age


@rule("MOD-11", grain="line", severity="warning", sources=["ncci-2024q3"], of_modifiers="looked at")
def needless_separate_modifier(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """59 (or XE, XP, XS, XU) stands on a line that is in no pair that day.

    Why it matters: the modifier says something that nobody asked; payers watch for its overuse.
    What to do: remove it, unless this payer asks for it by a rule of its own.
    """
    marked = lines[lines["has_separate"]]
    rows = marked[marked["list_known"] & ~marked["in_pair"]]
    known = rows[rows["pairs_known"]]
    return [
        findings(
            known.assign(age=age(known)),
            expected="no 59, XE, XP, XS or XU",
            observed="{modifiers}",
            because="{procedure_code} forms no active pair with any other code of this day, and carries "
            "{modifiers}.{age}",
        ),
        untestable(
            marked[marked["list_known"] & (marked["coverage"] == "before")],
            "The pair table on file is that of {table_period} and does not reach back to this date: whether "
            "{procedure_code} needs what it carries ({modifiers}) cannot be told."
            "|Load facts (ncci_pairs) with the pair table of this date",
        ),
        untestable(
            rows[~rows["pairs_known"] & (rows["coverage"] != "before")],
            "A code of this day is unknown to the pair table on file: whether {procedure_code} needs what it "
            "carries ({modifiers}) cannot be told."
            "|Load facts (ncci_pairs) with the codes of this day",
        ),
        untestable(
            marked[~marked["list_known"] & ~marked["pair_edits"].isin(["", "none"])],
            "The pair table that this payer follows ({pair_edits}) is not on file: whether {procedure_code} needs "
            "what it carries ({modifiers}) cannot be told."
            "|Load facts (ncci_pairs) with --list {pair_edits}",
        ),
        untestable(
            marked[marked["pair_edits"] == ""],
            "Whether this payer follows Medicare's pairs is not on file ({procedure_code} with {modifiers})."
            "|Load payers with pair_edits for this payer and date",
        ),
    ]
