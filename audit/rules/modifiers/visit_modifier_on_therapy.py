from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule, untestable

OFFICE_VISITS = r"99[234]\d\d"
"""The codes of evaluation and management, on which 25 stands rightly."""


@rule("MOD-17", grain="line", severity="error", sources=["modifier-25"], of_modifiers="looked at")
def visit_modifier_on_therapy(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A therapy service carries 25, which belongs to evaluation and management visits of physicians.

    Why it matters: on a therapy code, 25 says nothing that a payer can read, and the line is rejected.
    What to do: remove 25. If two services of the day were separate, 59 or one of XE, XP, XS, XU may say so.
    """
    rows = lines[lines[MODIFIERS].isin(["25"]).any(axis=1)]
    visits = rows["procedure_code"].str.fullmatch(OFFICE_VISITS)
    return [
        findings(
            rows[rows["code_known"]],
            expected="no 25 on {procedure_code}",
            observed="{modifiers}",
            because="25 stands on {procedure_code} ({label}), which is no evaluation and management visit.",
        ),
        untestable(
            rows[~rows["code_known"] & ~visits],
            "{procedure_code} carries 25 and is not on file for this date, so whether it is an evaluation and "
            "management visit cannot be told."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]
