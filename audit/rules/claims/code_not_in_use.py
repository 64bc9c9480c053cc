from __future__ import annotations

import re

import pandas as pd

from audit.rules import findings, rule, untestable

SHAPE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]")
OTHERS = ("97003", "97004")
"""EVAL-09 speaks of these."""


@rule("FMT-03", grain="filing", severity="error", sources=["cms-therapy-codes", "pprrvu-2026-07"])
def code_not_in_use(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A procedure code is no code, or was not in use on the date of service.

    Why it matters: a code that did not exist on the day is rejected, whatever was done.
    What to do: bill the code that was in use on that day, or mend the date.
    """
    shaped = lines["procedure_code"].map(_is_code(lines["procedure_code"])).astype("bool")
    asked = lines[shaped & ~lines["procedure_code"].isin(OTHERS)]
    told = asked["codes_covered"] | (asked["service_date"] < asked["code_begins"])
    known = asked[(asked["code_period"] != "") & told]
    late = known[known["code_known"] & (known["fees_covered"] == "after")]
    gone = known[known["code_known"] & (known["fees_covered"] == "within") & ~known["fee_known"] & known["fee_before"]]
    return [
        findings(
            lines[~shaped],
            expected="a code of five characters",
            observed="{procedure_code}",
            because="{procedure_code} is not written as a procedure code (five digits, or a letter and four digits).",
        ),
        findings(
            known[~known["code_known"]],
            expected="a code in use on the date",
            observed="{procedure_code}",
            because="{procedure_code} is in use {code_period}, not on the date of service.",
        ),
        findings(
            gone,
            expected="a code in use on the date",
            observed="{procedure_code}",
            because="{procedure_code} stood in an earlier fee schedule and is not in that of the date of service.",
            severity="warning",
        ),
        untestable(
            asked[(asked["code_period"] != "") & ~told],
            "The list of codes does not reach back to this date.|Load facts (codes) of this date",
        ),
        untestable(
            late,
            "Whether {procedure_code} is still in use cannot be told: no fee schedule of this date is on file."
            "|Load facts (fees) with the fee schedule of this year",
        ),
        untestable(
            asked[asked["code_period"] == ""],
            "{procedure_code} is not in the list of therapy codes, so its dates are not known."
            "|Load facts (codes) with this code, or mend procedure_code",
        ),
    ]


def _is_code(codes: pd.Series[str]) -> dict[str, bool]:
    return {code: SHAPE.fullmatch(code) is not None for code in codes.unique()}
