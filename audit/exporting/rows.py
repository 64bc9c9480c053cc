"""The rows of an audit one by one: the claims drawn and their findings with the verdict that stands."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, and_, func, select

from audit.reviewing.final_verdicts import final, of_signed_run
from audit.reviewing.review import CORRECT, DISMISS, UPHELD, decisions, findings, newest_run
from audit.store import schema
from audit.store.rows import among

FINDINGS = ["claim_version_id", "claim_id", "patient_id", "service_date", "rule", "severity", "line_number",
            "procedure_code", "expected", "observed", "because", "verdict", "dollars", "facts_unchecked"]  # fmt: skip
VERDICTS = {"agree": "upheld", CORRECT: "upheld", DISMISS: "dismissed"}


def findings_of(connection: Connection, audit_id: int) -> pd.DataFrame:
    """Findings on the claims of an audit in the screening of each that was signed last, before any signature in the
    newest: FINDINGS, in the order drawn. `verdict`:
    upheld, dismissed, open, or "cannot be tested"."""
    claims, lines, taken, run = schema.claims, schema.claim_lines, schema.audit_claims, newest_run().subquery()
    made = and_(decisions.c.finding_id == findings.c.id, decisions.c.kind.in_((*UPHELD, DISMISS)), final())
    line = and_(lines.c.claim_version_id == claims.c.id, lines.c.line_number == findings.c.line_number)
    query = (
        select(findings, claims.c.claim_id, claims.c.patient_id, decisions.c.kind)
        .add_columns(func.coalesce(lines.c.service_date, claims.c.service_date).label("service_date"))
        .join(run, run.c.claim_version_id == findings.c.claim_version_id)
        .join(taken, taken.c.claim_version_id == findings.c.claim_version_id)
        .join(claims, claims.c.id == findings.c.claim_version_id)
        .outerjoin(lines, line)
        .outerjoin(decisions, made)
        .where(taken.c.audit_id == audit_id, of_signed_run(findings, run.c.run_id))
        .order_by(taken.c.position, findings.c.id)
    )
    found = connection.execute(query)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    verdict = rows["kind"].map(VERDICTS).fillna("open")
    rows["verdict"] = verdict.mask(rows["severity"] == "untestable", "cannot be tested")
    rows["dollars"] = rows["dollars_at_risk"]
    return rows[FINDINGS]


def patients_of(connection: Connection, claim_version_ids: list[int]) -> dict[int, str]:
    """Claim version -> the patient's id."""
    claims = schema.claims
    query = select(claims.c.id, claims.c.patient_id).where(among(connection, claims.c.id, claim_version_ids))
    return dict(connection.execute(query).all())
