"""Review of claims by people: verdicts on findings, questions, missed errors, undoing.

Decisions are only ever added; one is taken back by a further record that points to it. The same functions serve the
first review, the second review and the adjudication: the stage follows from where the claim stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.errors import StateError
from audit.reviewing import leases
from audit.reviewing.final_verdicts import standing
from audit.reviewing.opinions import findings_of, missed_of, required
from audit.reviewing.review_rights import APPROVERS, REVIEWERS, account_may, refused
from audit.store import kept, schema, seal, trail
from audit.store.database import alone, write
from audit.store.standing import Standing, newest_run

AGREE, CORRECT, DISMISS, ASK, ANSWER = "agree", "correct", "dismiss", "ask", "answer"
MISSED, UNDO = "missed", "undo"
UPHELD = (AGREE, CORRECT)
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
    "sent_back": "Sent back to the reviewer",
    "on_hold": "On hold",
    "second": "Second review",
    "adjudicate": "Adjudicate",
    "ready": "To approve or return",
    "returned": "Returned for correction",
    "stale": "Changed since",
    "approved": "Approved",
    "released": "Released",
}
"""The states of a claim, in the order in which it passes through them."""
decisions, signatures, findings = schema.decisions, schema.signatures, schema.findings
__all__ = ["APPROVERS", "REVIEWERS", "account_may", "findings_of", "missed_of", "newest_run", "refused"]


@dataclass(frozen=True, slots=True)
class LineCorrection:
    """How a claim line should read. `remove`: the line should not be billed."""

    line_number: int
    procedure_code: str
    units: int
    modifiers: tuple[str, ...] = ()
    remove: bool = False


def decide(
    engine: Engine,
    finding_id: int,
    *,
    kind: str,
    account_id: int,
    at: datetime,
    reason: str = "",
    text: str = "",
    corrected: Sequence[LineCorrection] = (),
) -> int:
    """Agree with a finding, agree and give the right value, or dismiss it with a coded reason; return the
    decision's id.

    Raises AccessError for who may not decide here, StateError without the lease, when the finding has its verdict,
    is not of the newest run, or the claim's state takes none.
    """
    row = verdict_row(kind, reason=reason, text=text, corrected=corrected)
    with write(engine) as connection:
        claim = connection.execute(select(findings.c.claim_version_id).where(findings.c.id == finding_id)).scalar()
        if claim is None:
            raise StateError("there is no such finding on a claim")
        return give_verdict(connection, claim, row | {"finding_id": finding_id}, account_id, at)


def verdict_row(kind: str, *, reason: str, text: str, corrected: Sequence[LineCorrection] = ()) -> dict[str, Any]:
    """What a verdict says, checked. Raises StateError when something is left out."""
    if kind not in (AGREE, CORRECT, DISMISS):
        raise StateError(f"'{kind}' is no decision on a finding")
    if kind == DISMISS and (reason not in REASONS or (reason in NEED_TEXT and not text.strip())):
        raise StateError("a dismissal needs its reason in words", do="Choose a reason and say where or why")
    if kind == CORRECT and not corrected:
        raise StateError("a correction needs the right value", do="Say how the line should read")
    lines = sorted(corrected, key=lambda line: line.line_number) if kind == CORRECT else []
    right = json.dumps([asdict(line) for line in lines], sort_keys=True) if lines else ""
    return {"kind": kind, "reason": reason if kind == DISMISS else "", "text": text.strip(), "corrected": right}


def give_verdict(
    connection: Connection, claim_version_id: int, row: dict[str, Any], account_id: int, at: datetime
) -> int:
    """Add a verdict on a finding or a missed error inside the caller's transaction."""
    now = may_decide(connection, claim_version_id, account_id, at)
    finding, about = row.get("finding_id"), row.get("about_id")
    key = ("finding", int(finding)) if finding is not None else ("missed", int(about or 0))
    if finding is not None and finding not in {one["id"] for one in now.findings}:
        raise StateError("a newer run has replaced this finding", do="Open the claim again")
    if key in now.verdicts.of_stage(now.stage):
        raise StateError("this finding has its verdict already", do="Undo that first")
    return add(connection, now, row, account_id, at)


def ask(
    engine: Engine,
    claim_version_id: int,
    *,
    text: str,
    due_on: date,
    account_id: int,
    at: datetime,
    finding_id: int | None = None,
) -> int:
    """Ask the therapist: the claim is on hold until the answer is recorded. Raises StateError without words, or
    when the day it is due lies before today."""
    if not text.strip():
        raise StateError("a question needs words", do="Say what the therapist is to answer")
    if due_on < at.date():
        raise StateError("the day the answer is due has passed", do="Choose a later day")
    with write(engine) as connection:
        now = may_decide(connection, claim_version_id, account_id, at)
        row = {"kind": ASK, "text": text.strip(), "due_on": due_on, "finding_id": finding_id}
        return add(connection, now, row, account_id, at)


def answer(engine: Engine, ask_id: int, *, text: str, account_id: int, at: datetime) -> int:
    """Record the answer to a question; the hold ends with the last one. Whoever reviews may, without the lease."""
    if not text.strip():
        raise StateError("an answer needs words", do="Say what the therapist answered")
    with write(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        asked = connection.execute(select(decisions).where(decisions.c.id == ask_id)).mappings().first()
        if asked is None or asked["kind"] != ASK:
            raise StateError("there is no such question", do="Open the claim again")
        now = _at_work(connection, asked["claim_version_id"])
        if ask_id not in {one["id"] for one in now.verdicts.open_asks}:
            raise StateError("this question is answered or was taken back", do="Open the claim again")
        row = {"kind": ANSWER, "text": text.strip(), "about_id": ask_id, "finding_id": asked["finding_id"]}
        row |= {"stage": asked["stage"], "review_id": asked["review_id"]}
        return add(connection, now, row, account_id, at)


def report_missed(engine: Engine, claim_version_id: int, *, text: str, account_id: int, at: datetime) -> int:
    """Record an error that no rule found. Raises StateError without words."""
    if not text.strip():
        raise StateError("a missed error needs words", do="Say what is wrong on the claim")
    with write(engine) as connection:
        now = may_decide(connection, claim_version_id, account_id, at)
        if now.stage == "adjudication":
            raise StateError("an adjudicator decides only what the two reviews differ on", do="Send the claim back")
        return add(connection, now, {"kind": MISSED, "text": text.strip()}, account_id, at)


def judge_missed(
    engine: Engine, missed_id: int, *, kind: str, account_id: int, at: datetime, reason: str = "", text: str = ""
) -> int:
    """Agree with a missed error that another person reported, or dismiss it: in a second review or adjudication."""
    row = verdict_row(kind, reason=reason, text=text)
    with write(engine) as connection:
        query = select(decisions.c.claim_version_id).where(decisions.c.id == missed_id, decisions.c.kind == MISSED)
        claim = connection.execute(query).scalar()
        if claim is None:
            raise StateError("there is no such missed error", do="Open the claim again")
        seen = {int(one) for one in missed_of(connection, claim, account_id)["id"]}
        if missed_id not in seen or required(connection, claim).stage == "first":
            raise StateError("this missed error is not for you to judge", do="Open the claim again")
        return give_verdict(connection, claim, row | {"about_id": missed_id}, account_id, at)


def undo(engine: Engine, decision_id: int, *, account_id: int, at: datetime, text: str) -> int:
    """Take back one's own decision by a further record with the reason. Raises StateError when it does not stand."""
    if not text.strip():
        raise StateError("an undoing needs its reason", do="Say why")
    with write(engine) as connection:
        query = select(decisions).where(decisions.c.id == decision_id, standing())
        row = connection.execute(query).mappings().first()
        if row is None:
            raise StateError("this decision does not stand any more", do="Open the claim again")
        now = may_decide(connection, row["claim_version_id"], account_id, at)
        if row["finding_id"] is not None and row["finding_id"] not in {one["id"] for one in now.findings}:
            raise StateError("a newer run has replaced this finding", do="Decide on what it found")
        same = {name: row[name] for name in ("finding_id", "about_id", "stage", "review_id")}
        taken_back = {"kind": UNDO, "undoes_id": decision_id, "text": text.strip(), **same}
        return add(connection, now, taken_back, account_id, at, before=row["kind"])


def may_decide(connection: Connection, claim_version_id: int, account_id: int, at: datetime) -> Standing:
    """Where the claim stands, when this person may decide on it now. Raises AccessError and StateError."""
    account_may(connection, account_id, REVIEWERS)
    now = _at_work(connection, claim_version_id)
    if now.stage in ("second", "adjudication"):
        account_may(connection, account_id, APPROVERS)
    if not now.stage:
        raise StateError(_CLOSED.get(now.last, "the claim takes no decision now"), do=_CLOSED_DO.get(now.last, ""))
    if now.changed:
        raise StateError("the record changed after the rules ran", do="Run the rules on this claim again")
    leases.demand(connection, claim_version_id, account_id=account_id, at=at)
    return now


_CLOSED = {
    "approved": "the claim is approved and locked",
    "reviewed": "the claim is signed as reviewed",
    "returned": "the claim is returned for correction",
}
_CLOSED_DO = {
    "approved": "A correction comes as a new version of the claim",
    "reviewed": "The second reviewer can send it back",
    "returned": "The corrected claim comes as a new version",
}


def _at_work(connection: Connection, claim_version_id: int) -> Standing:
    alone(connection, f"claim {claim_version_id}")
    now = required(connection, claim_version_id)
    if not now.claim["is_current"]:
        raise StateError("a newer version has replaced this version of the claim", do="Open the claim again")
    if now.released:
        raise StateError("the claim is released", do="A correction comes as a new version of the claim")
    return now


def add(
    connection: Connection, now: Standing, row: dict[str, Any], account_id: int, at: datetime, *, before: str = ""
) -> int:
    """Add a decision, its event and the new row of the worklist, inside the caller's transaction."""
    stage = {"stage": now.stage or "first", "review_id": now.review["id"] if now.stage not in ("first", "") else None}
    whole = {"reason": "", "text": "", **stage, **row, "claim_version_id": now.id, "account_id": account_id, "at": at}
    try:
        added: int = connection.execute(insert(decisions).values(whole).returning(decisions.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    shown = kept.refresh(connection, [now.id], at)
    details = {
        "decision": added,
        "finding": row.get("finding_id"),
        "stage": whole["stage"],
        "reason": whole["reason"],
        "before": before or now.state,
        "after": shown.get(now.id, {}).get("state", ""),
        "row": seal.stored_digest(connection, decisions, added),
    }
    subject = f"claim version {now.id}"
    trail.record(connection, kind=row["kind"], subject=subject, account_id=account_id, at=at, details=details)
    return added
