"""What running the rules again said after a late entry: whether the finding is gone, still there or not testable."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from audit.store import schema
from audit.store.rows import Row, among

claims, findings, runs, screened = schema.claims, schema.findings, schema.runs, schema.run_claims


def outcomes(connection: Connection, answers: list[Row]) -> dict[int, str]:
    """By answer, for late entries: "resolved", "still", "untested", "unseen" (no rule saw the error) or "not run"."""
    late = [one for one in answers if one["kind"] == "addendum"]
    return {one["id"]: _outcome(connection, one) for one in late}


def _outcome(connection: Connection, answer: Row) -> str:
    decisions = schema.decisions
    query = (
        select(claims.c.claim_id, findings)
        .select_from(decisions)
        .join(claims, claims.c.id == decisions.c.claim_version_id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .where(decisions.c.id == answer["decision_id"])
    )
    about = connection.execute(query).mappings().one()
    if about["rule"] is None:
        return "unseen"
    run = _first_run(connection, about["claim_id"], answer["load_id"])
    if run is None:
        return "not run"
    severities = _severities(connection, run, about)
    if severities - {"untestable"}:
        return "still"
    return "untested" if severities else "resolved"


def _first_run(connection: Connection, claim_id: str, load_id: int) -> Any:
    """The first finished run over the claim that saw the load: its id and the claim version."""
    query = (
        select(func.min(runs.c.id).label("run_id"), screened.c.claim_version_id)
        .join(screened, screened.c.run_id == runs.c.id)
        .join(claims, claims.c.id == screened.c.claim_version_id)
        .where(runs.c.state == "finished", runs.c.load_id >= load_id, claims.c.claim_id == claim_id)
        .group_by(screened.c.claim_version_id)
        .order_by(func.min(runs.c.id))
        .limit(1)
    )
    return connection.execute(query).first()


def _severities(connection: Connection, run: Any, about: Any) -> set[str]:
    """What the rule said in that run about the same line and code of the claim."""
    same = [findings.c[name].is_not_distinct_from(about[name]) for name in ("rule", "line_number", "procedure_code")]
    mine = among(connection, findings.c.claim_version_id, [run.claim_version_id])
    query = select(findings.c.severity).where(findings.c.run_id == run.run_id, mine, *same)
    return set(connection.execute(query).scalars())
