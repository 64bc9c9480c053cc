from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule(
    "MOD-20",
    grain="line",
    severity="error",
    sources=["assistant-modifier-scope", "uhc-ota-eval"],
    of_modifiers="looked at",
)
def assistant_modifier_out_of_place(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """CO or CQ stands on an evaluation, or on a code that is no therapy service.

    Why it matters: an assistant may not evaluate, and outside the therapy list the modifier means nothing: the line
    is rejected, or says that somebody did what the law does not let them do.
    What to do: remove CO or CQ if a therapist did the work; if an assistant evaluated, the line cannot be billed.
    """
    rows = lines[lines["has_co"] | lines["has_cq"]]
    evaluates = rows["family"] == "eval"
    rows = rows.assign(said=_said(rows))
    return [
        findings(
            rows[evaluates],
            expected="no {said} on {procedure_code}",
            observed="{modifiers}",
            because="{procedure_code} ({label}) carries {said}: an assistant may not evaluate.",
        ),
        findings(
            rows[rows["code_known"] & ~evaluates & (rows["therapy_class"] == "none")],
            expected="no {said} on {procedure_code}",
            observed="{modifiers}",
            because="{procedure_code} ({label}) is not on the list of therapy services, so {said} has no meaning on "
            "it.",
            facts_unchecked=True,
        ),
        untestable(
            rows[~rows["code_known"]],
            "{procedure_code} carries {said} and is not on file for this date, so whether it is a therapy service "
            "cannot be told.|Load facts (codes) with {procedure_code} on this date",
        ),
    ]


def _said(rows: pd.DataFrame) -> pd.Series[str]:
    said = pd.Series("CO", index=rows.index, dtype="str").mask(~rows["has_co"], "CQ")
    return said.mask(rows["has_co"] & rows["has_cq"], "CO and CQ")
