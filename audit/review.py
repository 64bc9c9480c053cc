"""Review of claims by people: the decisions on findings, and which state a claim is in.

Decisions are only ever added; one is taken back by a further record that points to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, exists, func, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access.permission import account_may
from audit.errors import AccessError, StateError
from audit.store import guards, schema, trail
from audit.store.database import alone, write

REVIEWERS = ("reviewer", "second_reviewer", "doctor_of_ot")
"""Roles that decide on findings."""
AGREE, DISMISS, MISSED, UNDO = "agree", "dismiss", "missed", "undo"
REASONS = {
    "accepted": "valid, but accepted",
    "not_applicable": "the rule does not apply",
    "evidence_elsewhere": "the evidence is elsewhere (say where)",
    "reading_error": "the note was read wrongly",
    "other": "another reason (say which)",
}
"""Why a finding is dismissed; those that say so need a text."""
NEED_TEXT = ("evidence_elsewhere", "other")
VIEWS = {
    "to_review": "To review",
    "second": "Second signature",
    "returned": "Returned",
    "approved": "Approved",
}
STATES = {"": "to_review", "reviewed": "second", "returned": "returned", "approved": "approved"}
RISK = {"error": 100, "warning": 10, "info": 1}
decisions, signatures, findings = schema.decisions, schema.signatures, schema.findings


def standing(table: Any = decisions) -> ColumnElement[bool]:
    """The decision is none that was undone, and no undoing itself."""
    later = decisions.alias()
    return and_(table.c.kind != UNDO, ~exists().where(later.c.undoes_id == table.c.id))


def newest_run() -> Select[Any]:
    """For each claim version the newest finished run that screened it: claim_version_id, run_id."""
    screened, runs = schema.run_claims, schema.runs
    return (
        select(screened.c.claim_version_id, func.max(screened.c.run_id).label("run_id"))
        .join(runs, runs.c.id == screened.c.run_id)
        .where(runs.c.state == "finished")
        .group_by(screened.c.claim_version_id)
    )


def state_of(connection: Connection, claim_version_id: int) -> str:
    """Which of VIEWS the claim is in."""
    of_claim = signatures.c.claim_version_id == claim_version_id
    query = select(signatures.c.meaning).where(of_claim).order_by(signatures.c.id.desc()).limit(1)
    return STATES[connection.execute(query).scalar() or ""]


def findings_of(connection: Connection, claim_version_id: int) -> pd.DataFrame:
    """Findings of the newest run on a claim, errors first, each with its standing decision.

    Columns of `findings`, and: decision_id, decision ("" when none), reason, text, decided_by, account_id.
    """
    run = newest_run().subquery()
    made = and_(decisions.c.finding_id == findings.c.id, standing())
    accounts = schema.accounts
    rank = case({"error": 0, "warning": 1, "info": 2}, value=findings.c.severity, else_=3)
    query = (
        select(
            findings,
            decisions.c.id.label("decision_id"),
            func.coalesce(decisions.c.kind, "").label("decision"),
            func.coalesce(decisions.c.reason, "").label("reason"),
            func.coalesce(decisions.c.text, "").label("text"),
            func.coalesce(accounts.c.name, "").label("decided_by"),
            decisions.c.account_id,
        )
        .join(run, and_(run.c.claim_version_id == findings.c.claim_version_id, run.c.run_id == findings.c.run_id))
        .outerjoin(decisions, made)
        .outerjoin(accounts, accounts.c.id == decisions.c.account_id)
        .where(findings.c.claim_version_id == claim_version_id)
        .order_by(rank, findings.c.rule, findings.c.line_number, findings.c.id)
    )
    found = connection.execute(query)
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def missed_of(connection: Connection, claim_version_id: int) -> pd.DataFrame:
    """Errors that a person saw and no rule did: id, text, name, account_id."""
    accounts = schema.accounts
    query = (
        select(decisions.c.id, decisions.c.text, accounts.c.name, decisions.c.account_id)
        .join(accounts, accounts.c.id == decisions.c.account_id)
        .where(decisions.c.claim_version_id == claim_version_id, decisions.c.kind == MISSED, standing())
        .order_by(decisions.c.id)
    )
    found = connection.execute(query)
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def decide(
    engine: Engine, finding_id: int, *, kind: str, account_id: int, at: datetime, reason: str = "", text: str = ""
) -> int:
    """Agree with a finding or dismiss it with a coded reason; return the decision's id.

    Raises AccessError for a role that does not review, StateError when the finding is decided already, is not of
    the newest run, or the claim is signed.
    """
    if kind == DISMISS and (reason not in REASONS or (reason in NEED_TEXT and not text.strip())):
        raise StateError("a dismissal needs its reason in words", do="Choose a reason and say where or why")
    if kind not in (AGREE, DISMISS):
        raise StateError(f"'{kind}' is no decision on a finding")
    with write(engine) as connection:
        claim = connection.execute(select(findings.c.claim_version_id).where(findings.c.id == finding_id)).scalar()
        if claim is None:
            raise StateError("there is no such finding on a claim")
        _may_decide(connection, claim, account_id)
        now = findings_of(connection, claim)
        one = now[now["id"] == finding_id]
        if one.empty:
            raise StateError("a newer run has replaced this finding", do="Open the claim again")
        if one["decision"].iloc[0]:
            raise StateError(f"{one['decided_by'].iloc[0]} has decided on this finding", do="Undo that first")
        reason = reason if kind == DISMISS else ""
        row = {"finding_id": finding_id, "kind": kind, "reason": reason, "text": text.strip()}
        return _add(connection, claim, row, account_id, at)


def report_missed(engine: Engine, claim_version_id: int, *, text: str, account_id: int, at: datetime) -> int:
    """Record an error that no rule found. Raises StateError without words."""
    if not text.strip():
        raise StateError("a missed error needs words", do="Say what is wrong on the claim")
    with write(engine) as connection:
        _may_decide(connection, claim_version_id, account_id)
        return _add(connection, claim_version_id, {"kind": MISSED, "text": text.strip()}, account_id, at)


def undo(engine: Engine, decision_id: int, *, account_id: int, at: datetime, text: str = "") -> int:
    """Take back one's own decision by a further record. Raises StateError when it is not standing any more."""
    with write(engine) as connection:
        query = select(decisions.c.claim_version_id, decisions.c.finding_id)
        row = connection.execute(query.where(decisions.c.id == decision_id, standing())).first()
        if row is None:
            raise StateError("this decision does not stand any more", do="Open the claim again")
        _may_decide(connection, row.claim_version_id, account_id)
        taken_back = {"kind": UNDO, "undoes_id": decision_id, "finding_id": row.finding_id, "text": text.strip()}
        return _add(connection, row.claim_version_id, taken_back, account_id, at)


def _may_decide(connection: Connection, claim_version_id: int, account_id: int) -> None:
    account_may(connection, account_id, REVIEWERS)
    alone(connection, f"claim {claim_version_id}")
    state = state_of(connection, claim_version_id)
    if state == "approved":
        raise StateError("the claim is approved and locked", do="A correction comes as a new version of the claim")
    if state == "second":
        raise StateError("the claim is signed as reviewed", do="The second reviewer can return it")


def _add(connection: Connection, claim_version_id: int, row: dict[str, Any], account_id: int, at: datetime) -> int:
    whole = {"reason": "", "text": "", **row, "claim_version_id": claim_version_id, "account_id": account_id, "at": at}
    try:
        added: int = connection.execute(insert(decisions).values(whole).returning(decisions.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    details = {"decision": added, "finding": row.get("finding_id"), "reason": whole["reason"]}
    subject = f"claim version {claim_version_id}"
    trail.record(connection, kind=row["kind"], subject=subject, account_id=account_id, at=at, details=details)
    return added


def refused(error: DBAPIError) -> Exception:
    """What a guard of the database said, as an AccessError; any other database error as it is."""
    sentence = guards.refusal(error)
    return AccessError(sentence[:1].upper() + sentence[1:]) if sentence else error
