from __future__ import annotations

import pandas as pd

from audit.rules import UNTOLD_MODIFIERS, findings, rule, untestable
from audit.texts import once_each

INVALID, BUNDLED, NOT_COVERED = "I", "B", "N"
INSTEAD = {"97014": "G0283"}
SAID_NOT_COVERED = ("GY", "GX")
"""Modifiers by which the claim itself says that Medicare does not cover the service."""


@rule("FMT-07", grain="filing", severity="error", sources=["pprrvu-2026-07", "pprrvu25-jan", "pprrvu22-jan"])
def status_not_payable(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A code is billed to Medicare that Medicare does not take, pays with another service, or does not cover.

    Why it matters: the line is returned or pays nothing; billed again and again it looks like unbundling.
    What to do: bill G0283 for unattended stimulation (97014 is not for Medicare); leave out 97010, which is part of
    every other service; for a code that is not covered tell the patient first, and add GY if a denial is wanted.
    """
    rows = lines[(lines["medicare"] == "yes") & (lines["statuses"] != "")]
    told = rows[rows["fees_covered"] == "within"]
    told = told.assign(instead=told["procedure_code"].map(INSTEAD).fillna("another code").astype("str"))
    by_status = {status: told[told["status"] == status] for status in (INVALID, BUNDLED, NOT_COVERED)}
    bare = by_status[NOT_COVERED][~_says_so(by_status[NOT_COVERED])]
    return [
        findings(
            by_status[INVALID],
            expected="{instead}",
            observed="{procedure_code}",
            because="{procedure_code} is not valid for Medicare (status I in the fee schedule); {instead} is.",
        ),
        findings(
            by_status[BUNDLED],
            expected="no {procedure_code}",
            observed="{procedure_code}",
            because="{procedure_code} is bundled (status B): Medicare pays nothing for it beside other services.",
            severity="warning",
        ),
        findings(
            bare[bare["modifiers_told"] != "no"],
            expected="no {procedure_code}, or GY",
            observed="{procedure_code} {modifiers}",
            because="{procedure_code} is not covered by Medicare (status N in the fee schedule).",
            severity="warning",
        ),
        untestable(bare[bare["modifiers_told"] == "no"], UNTOLD_MODIFIERS),
        untestable(
            told[(told["status"] == "") & _doubtful(told)],
            "The fee schedule on file for this date does not tell the status of {procedure_code}, which is not always "
            "payable.|Load facts (fees) with the fee schedule of this year",
        ),
        untestable(
            rows[rows["fees_covered"] != "within"],
            "No fee schedule of this date is on file, so whether Medicare takes {procedure_code} is not known."
            "|Load facts (fees) with the fee schedule of this year",
        ),
        untestable(
            lines[(lines["medicare"] == "") & _doubtful(lines)],
            "Medicare does not always pay {procedure_code}; whether this payer is Medicare is not on file."
            "|Load payers with medicare (yes or no) for this payer",
        ),
    ]


def _doubtful(rows: pd.DataFrame) -> pd.Series[bool]:
    return _holds_one(rows["statuses"])


@once_each
def _holds_one(statuses: pd.Series[str]) -> pd.Series[bool]:
    return statuses.str.contains(f"[{INVALID}{BUNDLED}{NOT_COVERED}]")


def _says_so(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["modifiers"].str.contains("|".join(SAID_NOT_COVERED))
