from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.modifiers.threshold_modifier_missing import NO_FEE, in_dollars


@rule("MOD-09", grain="patient_year", severity="info", sources=["getpowerback-cy2024-rule-summary-through-cy-2027"])
def past_review_amount(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The patient's therapy of the calendar year is past the amount from which Medicare may review the record.

    Why it matters: past it, claims may be chosen for medical review. They are chosen by pattern, not one by one, and
    being past it is no error.
    What to do: have the documentation ready: plan of care and certification, evaluations, progress reports, and what
    makes this patient need more than most.
    """
    rows = lines[(lines["medicare"] == "yes") & ~lines["not_covered"]]
    known = in_dollars(rows[rows["review_at"].notna()])
    known["yearly"] = known["review"]
    past = (known["total"] > known["review_at"]).astype("bool")
    return [
        findings(
            known[past].drop_duplicates(["claim_id", "bucket", "year"]),
            expected="documentation ready for review",
            observed="{dollars} in {year}",
            because="By this practice's claims alone, at national rates, {of} of {year} comes to {dollars} with this "
            "line, past the {review} from which Medicare may choose claims for medical review.",
        ),
        untestable(known[~past & (known["unpriced"] != "")], NO_FEE),
        untestable(
            rows[rows["review_at"].isna()],
            "The yearly amount from which Medicare may review records is not on file for {year}."
            "|Load facts (thresholds) with the amounts of that year",
        ),
    ]
