from __future__ import annotations

import pandas as pd

from audit.evaluations import LEVEL_NAMES, limiting
from audit.rules import findings, rule, untestable

LEVELS = list(LEVEL_NAMES)


@rule("EVAL-01", grain="evaluation", severity="error", sources=["cpt-eval-levels"])
def level_above_findings(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """The evaluation is billed at a higher level than its findings support.

    Why it matters: every component must reach the level; the lowest decides. Medicare pays the three levels
    alike, so this is a matter of compliance, not of dollars, unless the payer pays by level.
    What to do: bill the supported level, or have the evaluation completed by an addendum.
    """
    levels = evaluations[evaluations["procedure_code"].isin(LEVELS)]
    known = with_names(levels[levels["stated"]])
    over = known[(known["supported"] != "") & (known["procedure_code"] > known["supported"])]
    none = known[known["supported"] == ""]
    return [
        findings(
            over,
            expected="{supported} ({supported_name})",
            observed="{procedure_code} ({billed_name})",
            because="{said} support {supported} ({supported_name}); billed is {procedure_code} ({billed_name}). "
            "Limited by: {limits}.",
        ),
        findings(
            none,
            expected="no evaluation level",
            observed="{procedure_code} ({billed_name})",
            because="{said} support no level: no performance deficit is documented.",
        ),
        untestable(levels[levels["note_id"] == ""], "There is no evaluation note for this day."),
        untestable(
            with_names(levels[(levels["note_id"] != "") & ~levels["stated"]]),
            "The evaluation does not state: {missing}.",
        ),
    ]


def with_names(rows: pd.DataFrame) -> pd.DataFrame:
    """What the components say in words, which of them limit, and which are missing."""
    return rows.assign(
        said=[", ".join(f"{c.name} {c.documented}" for c in parts) for parts in rows["components"]],
        limits=[", ".join(limiting(parts)) for parts in rows["components"]],
        missing=[", ".join(c.name for c in parts if c.reaches is None) for parts in rows["components"]],
        billed_name=rows["procedure_code"].map(LEVEL_NAMES),
        supported_name=rows["supported"].map(LEVEL_NAMES).fillna("none"),
    )
