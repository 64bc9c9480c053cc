from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule

INSTEAD = {"97003": "97165, 97166 or 97167", "97004": "97168"}
ENDED = pd.Timestamp("2017-01-01")
"""The first date of service on which the old codes are none."""


@rule("EVAL-09", grain="line", severity="error", sources=["eval-codes-2017"])
def withdrawn_evaluation_code(lines: pd.DataFrame) -> pd.DataFrame:
    """An evaluation is billed under a code that ended with 2016.

    Why it matters: 97003 and 97004 no longer exist; the line is rejected.
    What to do: bill the level that the findings of the evaluation support (97165, 97166, 97167), or 97168 for a
    re-evaluation.
    """
    rows = lines[lines["procedure_code"].isin(list(INSTEAD)) & (lines["service_date"] >= ENDED)]
    return findings(
        rows.assign(instead=rows["procedure_code"].map(INSTEAD)),
        expected="{instead}",
        observed="{procedure_code}",
        because="{procedure_code} ended with 2016; since 2017-01-01 the evaluation is billed as {instead}.",
    )
