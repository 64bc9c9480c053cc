from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("EVAL-08", grain="evaluation", severity="error", sources=["uhc-ota-eval"])
def evaluation_by_assistant(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """An evaluation or re-evaluation was done by an assistant, or carries CO.

    Why it matters: an assistant may gather data, but the judgement is the therapist's; evaluations by assistants
    are not paid.
    What to do: have the therapist evaluate; remove CO when the therapist did.
    """
    alone = (evaluations["assistant_minutes"] > 0) & ~(
        evaluations["therapist_minutes"].fillna(0) + evaluations["together_minutes"].fillna(0) > 0
    )
    by_assistant = (evaluations["author"] == "assistant") | alone.fillna(False)
    return [
        findings(
            evaluations[by_assistant],
            expected="evaluation by a therapist",
            observed="{author_credential}",
            because="{procedure_code} was furnished by an assistant ({author_credential}) alone.",
        ),
        findings(
            evaluations[evaluations["has_co"] & ~by_assistant],
            expected="no CO on {procedure_code}",
            observed="{modifiers}",
            because="{procedure_code} carries CO, which says that an assistant furnished the evaluation.",
        ),
        untestable(
            evaluations[(evaluations["note_id"] != "") & (evaluations["author"] == "") & ~evaluations["has_co"]],
            "The note does not say whether a therapist or an assistant evaluated (no credential).",
        ),
    ]
