from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.evaluations.level_above_findings import readable, unread


@rule("EVAL-04", grain="evaluation", severity="info", sources=["cpt-eval-levels"])
def far_below_typical_time(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """The evaluation took less than half the time that is typical for its code.

    Why it matters: typical time is no criterion of the level and nothing fails on it; a very short evaluation
    of a high level still invites questions.
    What to do: nothing, when the findings support the level.
    """
    rows = evaluations[readable(evaluations) & (evaluations["typical_minutes"] != "")]
    rows = rows.assign(typical=pd.to_numeric(rows["typical_minutes"]).astype("Int64"))
    return [
        findings(
            rows[(2 * rows["minutes"] < rows["typical"]).fillna(False)],
            expected="about {typical:minute} (typical, not required)",
            observed="{minutes:minute}",
            because="The evaluation took {minutes:minute}; {procedure_code} typically takes {typical}. Time does not "
            "decide the level.",
        ),
        *unread(evaluations),
        untestable(
            rows[rows["minutes"].isna()],
            "The note does not say how many minutes the evaluation took."
            "|Load note_services with minutes of the evaluation",
        ),
    ]
