from __future__ import annotations

import pandas as pd

from audit.evaluations import sub_criteria_mismatches
from audit.rules import findings, rule
from audit.rules.evaluations.level_above_findings import LEVELS


@rule("EVAL-03", grain="evaluation", severity="warning", sources=["cpt-eval-levels"])
def sub_criteria_disagree(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Comorbidities or assistance in the note do not fit the level that is billed.

    Why it matters: they are part of what each level describes; a reader of the chart will ask.
    What to do: judge whether the note is incomplete or the level is wrong; it lowers no level by itself.
    """
    rows = evaluations[evaluations["procedure_code"].isin(LEVELS)]
    said = zip(rows["procedure_code"], rows["comorbidities"], rows["assistance"], strict=True)
    rows = rows.assign(mismatch=["; ".join(sub_criteria_mismatches(*one)) for one in said])
    return findings(
        rows[rows["mismatch"] != ""],
        expected="comorbidities and assistance as {procedure_code} describes them",
        observed="comorbidities {comorbidities}, assistance {assistance}",
        because="Billed is {procedure_code}: {mismatch}.",
    )
