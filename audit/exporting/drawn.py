"""The claims of an audit and their findings as tables of a report, with patients or without."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from audit.exporting.pseudonyms import Pseudonyms
from audit.exporting.sheets import Kind, Sheet, sheet

Columns = dict[str, str | tuple[str, Kind]]
CLAIMS: Columns = {
    "place": ("no.", "count"), "claim": "claim", "patient": "patient", "served": "year of service",
    "therapist": "therapist", "payer": "payer", "stratum": "stratum", "state": "review", "in_error": "in error",
}  # fmt: skip
MONEY: Columns = {"over": ("overbilled", "dollars"), "under": ("underbilled", "dollars"), "unpriced": "without a price"}
FINDINGS: Columns = {
    "claim": "claim", "served": "year of service", "rule": "rule", "severity": "severity", "procedure_code": "code",
    "verdict": "verdict", "dollars": ("dollars at risk", "dollars"),
}  # fmt: skip
TEXTS: Columns = {
    "line_number": ("line", "count"), "expected": "expected", "observed": "observed", "because": "because",
}  # fmt: skip


def claims_and_findings(
    claims: pd.DataFrame, found: pd.DataFrame, patients: Mapping[int, str], *, identified: bool
) -> tuple[Sheet, Sheet]:
    """The sheets Claims (in the order drawn) and Findings. `claims`: `Results.claims`; `found`: `rows.findings_of`;
    `patients`: claim version -> patient's id. Without patients, what a rule says in words is left out: words hold
    dates and ids."""
    names = Pseudonyms()
    date: Columns = {"served": ("date of service", "date")} if identified else {}
    claims = claims.assign(patient=claims["claim_version_id"].map(patients), place=range(1, len(claims) + 1))
    state = claims["reviewed"].map({True: "reviewed", False: "open"}).mask(claims["missing"], "no record")
    claims = claims.assign(state=state, in_error=claims["in_error"].map(_yes))
    if "unpriced" in claims:
        claims = claims.assign(unpriced=claims["unpriced"].map(_yes))
    claims, found = (
        frame.assign(
            claim=frame["claim_id"] if identified else [names.of("claim", one) for one in frame["claim_id"]],
            served=frame["service_date"] if identified else [str(one)[:4] for one in frame["service_date"]],
        )
        for frame in (claims, found)
    )
    if not identified:
        claims = claims.assign(patient=[names.of("patient", one) for one in claims["patient"]])
    of_claims: Columns = CLAIMS | date | (MONEY if "over" in claims else {})
    of_findings: Columns = FINDINGS | date | (TEXTS if identified else {})
    return (
        sheet("Claims", "Which claims were drawn, in the order of review?", "", of_claims, claims),
        sheet("Findings", "What did the rules find on them, and what did reviewers say?", "", of_findings, found),
    )


def _yes(flag: object) -> str:
    return "yes" if flag else "no"
