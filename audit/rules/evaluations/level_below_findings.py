from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.evaluations.level_above_findings import LEVELS, with_names


@rule("EVAL-02", grain="evaluation", severity="info", sources=["cpt-eval-levels"])
def level_below_findings(evaluations: pd.DataFrame) -> pd.DataFrame:
    """The evaluation is billed at a lower level than its findings support.

    Why it matters: the record and the code tell two stories; payers that pay by level pay too little.
    What to do: look whether the lower level was meant; else bill the supported one.
    """
    rows = evaluations[evaluations["procedure_code"].isin(LEVELS) & evaluations["stated"]]
    under = with_names(rows[(rows["supported"] != "") & (rows["procedure_code"] < rows["supported"])])
    return findings(
        under,
        expected="{supported} ({supported_name})",
        observed="{procedure_code} ({billed_name})",
        because="{said} support {supported} ({supported_name}); billed is {procedure_code} ({billed_name}).",
    )
