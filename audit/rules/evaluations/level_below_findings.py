from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.evaluations.level_above_findings import readable, unread, unstated, with_level, with_names


@rule("EVAL-02", grain="evaluation", severity="info", sources=["cpt-eval-levels"])
def level_below_findings(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """The evaluation is billed at a lower level than its findings support.

    Why it matters: the record and the code tell two stories; payers that pay by level pay too little.
    What to do: look whether the lower level was meant; else bill the supported one.
    """
    levels = with_level(evaluations)
    low = levels[(levels["level"] < levels["reach"].fillna(3))]
    under = with_names(low[readable(low) & low["stated"]])
    return [
        findings(
            under,
            expected="{reached} ({reached_name})",
            observed="{procedure_code} ({billed_name})",
            because="The evaluation has {said}. That supports {reached} ({reached_name}); billed is {procedure_code} "
            "({billed_name}), which asks for {asked}.",
            change="{procedure_code} -{units}; {reached} +{units}",
        ),
        *unread(levels),
        unstated(low),
    ]
