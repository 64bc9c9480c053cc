from __future__ import annotations

import pandas as pd

from audit.evaluations import sub_criteria_mismatches
from audit.rules import findings, rule, untestable
from audit.rules.evaluations.level_above_findings import readable, unread, with_level

ASKED = {"97165": ["comorbidities"], "97166": ["assistance"], "97167": ["comorbidities", "assistance"]}
"""Sub-criteria that can disagree with each level."""
SAID = ["procedure_code", "comorbidities", "assistance"]


@rule("EVAL-03", grain="evaluation", severity="warning", sources=["cpt-eval-levels"])
def sub_criteria_disagree(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """Comorbidities or assistance in the note do not fit the level that is billed.

    Why it matters: they are part of what each level describes; a reader of the chart will ask.
    What to do: judge whether the note is incomplete or the level is wrong; it lowers no level by itself.
    """
    levels = with_level(evaluations)
    rows = levels[readable(levels)]
    rows = rows.merge(_compared(rows[SAID].drop_duplicates()), on=SAID, validate="m:1")
    named = rows.assign(**{name: rows[name].mask(rows[name] == "", "not stated") for name in SAID[1:]})
    return [
        findings(
            named[rows["mismatch"] != ""],
            expected="comorbidities and assistance as {procedure_code} describes them",
            observed="comorbidities {comorbidities}, assistance {assistance}",
            because="Billed is {procedure_code}: {mismatch}.",
        ),
        *unread(levels),
        untestable(rows[rows["missing"] != ""], "The evaluation does not state: {missing}.|Load notes with {missing}"),
    ]


def _compared(told: pd.DataFrame) -> pd.DataFrame:
    """Each combination of code and sub-criteria once, with what disagrees and what is missing, in words."""
    said = told.to_dict("records")
    return told.assign(
        mismatch=["; ".join(sub_criteria_mismatches(*one.values())) for one in said],
        missing=[", ".join(name for name in ASKED[one["procedure_code"]] if not one[name]) for one in said],
    )
