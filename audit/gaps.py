"""What could not be tested, by the input that would make it testable."""

from __future__ import annotations

import pandas as pd

from audit.grains import Prepared


def wanted_inputs(findings: pd.DataFrame) -> pd.DataFrame:
    """The untestable ones of `findings` (columns of the contract), one row for each input that is wanted.

    Columns: `wanted` (an instruction naming table and column), `rules` (codes, in order), `because` (the reason of
    the first), `claims` and `findings` (their numbers). Most claims first."""
    gaps = findings[(findings["severity"] == "untestable") & (findings["expected"] != "")]
    by_input = gaps.groupby("expected", sort=True).agg(
        rules=("rule", lambda codes: ", ".join(sorted(set(codes)))),
        because=("because", "first"),
        claims=("claim_id", "nunique"),
        findings=("rule", "size"),
    )
    rows = by_input.rename_axis("wanted").reset_index()
    return rows.sort_values(["claims", "wanted"], ascending=[False, True], ignore_index=True)


def unbilled_notes(prepared: Prepared) -> list[str]:
    """Notes that belong to no claim line of their patient, discipline and date (or of the claim they name), by id."""
    notes = prepared.linked_notes
    return list(notes.loc[notes["day"].isna(), "note_id"])
