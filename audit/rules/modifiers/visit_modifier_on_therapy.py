from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule, untestable
from audit.shared_text import for_all

OFFICE_VISITS = r"99[234]\d\d"
"""The codes of evaluation and management, on which 25 stands rightly."""


@rule("MOD-17", grain="line", severity="error", sources=["modifier-25"], of_modifiers="looked at")
def visit_modifier_on_therapy(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A therapy service carries 25, which belongs to evaluation and management visits of physicians.

    Why it matters: on a therapy code, 25 says nothing that a payer can read, and the line is rejected.
    Beside an office visit of the same day it is on the wrong line, which is an error all the same: the visit lacks it.
    What to do: remove 25, or move it to the office visit. If two services of the day were separate, 59 or one of XE,
    XP, XS, XU may say so.
    """
    rows = lines[lines[MODIFIERS].isin(["25"]).any(axis=1)]
    visits = rows["procedure_code"].str.fullmatch(OFFICE_VISITS)
    rows = rows.assign(visit=_bare_visit(lines, rows))
    beside = rows["visit"] != ""
    return [
        findings(
            rows[rows["code_known"] & beside],
            expected="25 on {visit}, not on {procedure_code}",
            observed="{modifiers}",
            because="25 stands on {procedure_code} ({label}); it belongs on the office visit {visit} of that day, "
            "which does not have it.",
        ),
        findings(
            rows[rows["code_known"] & ~beside],
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


def _bare_visit(lines: pd.DataFrame, rows: pd.DataFrame) -> pd.Series[str]:
    """For each row the first office visit of its patient and date that has no 25, "" for none."""
    if rows.empty:
        return for_all("", rows)
    here = lines[lines["patient_id"].isin(rows["patient_id"]) & lines["procedure_code"].str.fullmatch(OFFICE_VISITS)]
    bare = here[~here[MODIFIERS].isin(["25"]).any(axis=1)].drop_duplicates(["patient_id", "service_date"])
    by_day = bare.set_index(["patient_id", "service_date"])["procedure_code"].astype("str")
    asked = pd.MultiIndex.from_frame(rows[["patient_id", "service_date"]])
    return by_day.reindex(asked).fillna("").set_axis(rows.index)
