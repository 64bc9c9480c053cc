from __future__ import annotations

import pandas as pd

from audit.grains.notes import PARTS
from audit.rules import UNTOLD_MODIFIERS, findings, rule, untestable


@rule("EVAL-08", grain="evaluation", severity="error", sources=["uhc-ota-eval"])
def evaluation_by_assistant(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """An evaluation or re-evaluation was done by an assistant, or carries CO.

    Why it matters: an assistant may gather data, but the judgement is the therapist's; evaluations by assistants
    are not paid.
    What to do: have the therapist evaluate; remove CO when the therapist did.
    """
    minutes = evaluations[PARTS].fillna(0)
    therapist = minutes["therapist_minutes"] + minutes["together_minutes"] > 0
    open_share = ~therapist & (minutes.sum(axis=1) < evaluations["minutes"]).fillna(False) & evaluations["some_parts"]
    alone = ~therapist & (minutes["assistant_minutes"] > 0)
    written = evaluations["author"] == "assistant"
    by_assistant = (alone | (written & ~therapist)) & ~evaluations["rival_authors"] & ~open_share
    carries = evaluations["has_co"] & ~by_assistant
    by_therapist = (evaluations["author"] == "therapist") | (therapist & ~written & (minutes["assistant_minutes"] == 0))
    unsure = ~by_assistant & ~carries & (~by_therapist | evaluations["rival_authors"] | open_share)
    untold = ~by_assistant & ~unsure & (evaluations["modifiers_told"] == "no")
    noted = evaluations["note_id"] != ""
    return [
        findings(
            evaluations[by_assistant & written],
            expected="evaluation by a therapist",
            observed="{author_credential}",
            because="The note of {procedure_code} is by an assistant ({author_credential}), and no minutes of it are "
            "a therapist's.",
            change="{procedure_code} -{units}",
        ),
        findings(
            evaluations[by_assistant & ~written],
            expected="evaluation by a therapist",
            observed="assistant minutes only",
            because="All {assistant_minutes:minute} of {procedure_code} are an assistant's.",
            change="{procedure_code} -{units}",
        ),
        findings(
            evaluations[carries],
            expected="no CO on {procedure_code}",
            observed="{modifiers}",
            because="{procedure_code} carries CO, which says that an assistant furnished the evaluation.",
            change="{procedure_code} CO -{units}",
        ),
        untestable(evaluations[untold], UNTOLD_MODIFIERS),
        untestable(
            evaluations[unsure & ~noted],
            "No note of this day is an evaluation, so it cannot be told who evaluated."
            "|Load notes with the evaluation's note, its note_type and author_credential",
        ),
        untestable(
            evaluations[unsure & noted],
            "The documentation of this day does not say for certain whether a therapist or an assistant evaluated."
            "|Load notes with author_credential, and note_services with therapist_minutes and assistant_minutes",
        ),
    ]
