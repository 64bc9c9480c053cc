"""What a therapist answers to an upheld finding: agrees, disputes, or appeals a ruling. Answers are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.errors import StateError
from audit.feedback.answered import Answered, answered, answers_of
from audit.feedback.items import one_item, upheld
from audit.feedback.rights import demand_therapist
from audit.reviewing.review_rights import refused
from audit.store import schema, seal, trail
from audit.store.database import alone, write
from audit.store.feedback_guards import FINAL
from audit.store.rows import Row

AGREE, DISPUTE, APPEAL, ADDENDUM = "agree", "dispute", "appeal", "addendum"
_EVENTS = {AGREE: "feedback agreed", DISPUTE: "feedback disputed", APPEAL: "ruling appealed",
           ADDENDUM: "late entry added"}  # fmt: skip
table, decisions, signatures = schema.feedback_answers, schema.decisions, schema.signatures


def agree(engine: Engine, decision_id: int, *, account_id: int, at: datetime, text: str = "") -> int:
    """The therapist agrees with the finding; return the answer's id. Raises AccessError for anybody else, StateError
    when it is answered already or the review of the claim is not final."""
    with write(engine) as connection:
        return add(connection, decision_id, {"kind": AGREE, "text": text.strip()}, account_id, at)


def dispute(
    engine: Engine,
    decision_id: int,
    *,
    text: str,
    account_id: int,
    at: datetime,
    note_id: str = "",
    passage: str = "",
) -> int:
    """The therapist disputes the finding with reasons and, as evidence, the note and its passage. A doctor of OT rules.
    Raises as `agree` does, and StateError without words or for a passage that is not in the note."""
    if not text.strip():
        raise StateError("a dispute needs its reasons", do="Say why the finding is wrong")
    with write(engine) as connection:
        row = {"kind": DISPUTE, "text": text.strip(), "note_id": note_id, "passage": passage.strip()}
        _demand_passage(connection, decision_id, row)
        return add(connection, decision_id, row, account_id, at)


def appeal(engine: Engine, decision_id: int, *, text: str, account_id: int, at: datetime) -> int:
    """The therapist takes a doctor's ruling to a manager, whose own is final. Raises as `dispute` does."""
    if not text.strip():
        raise StateError("an appeal needs its reasons", do="Say what the ruling leaves out")
    with write(engine) as connection:
        return add(connection, decision_id, {"kind": APPEAL, "text": text.strip()}, account_id, at)


def add(connection: Connection, decision_id: int, row: Row, account_id: int, at: datetime) -> int:
    """Add an answer and its event inside the caller's transaction."""
    about = one_item(connection, decision_id)
    demand_therapist(connection, about.get("npi", ""), account_id)
    alone(connection, f"claim {about['claim_version_id']}")
    _demand_turn(connection, decision_id, row["kind"])
    whole = {**row, "decision_id": decision_id, "account_id": account_id, "at": at}
    try:
        added: int = connection.execute(insert(table).values(whole).returning(table.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    details = {"answer": added, "decision": decision_id, "finding": about["finding_id"]}
    details["row"] = seal.stored_digest(connection, table, added)
    subject = f"claim version {about['claim_version_id']}"
    kind = _EVENTS[row["kind"]]
    trail.record(connection, kind=kind, subject=subject, account_id=account_id, at=at, details=details)
    return added


def standing_of(connection: Connection, decision_id: int) -> Answered:
    """Where the answers to a verdict stand now."""
    given = answers_of(connection, [decision_id]).get(decision_id, [])
    return answered(given, datetime.min)  # noqa: DTZ901  (only the state is asked for)


def _demand_turn(connection: Connection, decision_id: int, kind: str) -> None:
    state = standing_of(connection, decision_id).state
    if kind == APPEAL:
        if state != "upheld":
            raise StateError("there is no ruling of a doctor of OT to appeal", do="Open your feedback again")
        return
    if state in ("agreed", "disputed", "upheld", "appealed", "final", "accepted"):
        raise StateError("this finding is answered already", do="Open your feedback again")
    if not is_shown(connection, decision_id):
        raise StateError("the review of this claim is not final, or the finding stands no more", do="Look again later")


def is_shown(connection: Connection, decision_id: int) -> bool:
    """Whether the therapist may see this verdict: it stands, and the review of its claim is final about it."""
    findings, newer = schema.findings, signatures.alias()
    newest = (
        select(newer.c.id)
        .where(newer.c.claim_version_id == decisions.c.claim_version_id)
        .order_by(newer.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    of_run = select(findings.c.run_id).where(findings.c.id == decisions.c.finding_id).scalar_subquery()
    query = (
        select(decisions.c.id)
        .select_from(decisions)
        .join(signatures, signatures.c.id == newest)
        .where(
            decisions.c.id == decision_id,
            upheld(),
            signatures.c.meaning.in_(FINAL),
            decisions.c.id <= signatures.c.decision_id,
            (decisions.c.finding_id.is_(None)) | (of_run == signatures.c.run_id),
        )
    )
    return connection.execute(query).first() is not None


def _demand_passage(connection: Connection, decision_id: int, row: dict[str, Any]) -> None:
    if not (row["note_id"] or row["passage"]):
        return
    claims, notes = schema.claims, schema.notes
    query = (
        select(notes.c.text)
        .join(claims, claims.c.patient_id == notes.c.patient_id)
        .join(decisions, decisions.c.claim_version_id == claims.c.id)
        .where(decisions.c.id == decision_id, notes.c.note_id == row["note_id"], notes.c.is_current)
    )
    text = connection.execute(query).scalar()
    if text is None:
        raise StateError("this patient has no such note", do="Choose the note that the passage is in")
    if _folded(row["passage"]) not in _folded(text):
        raise StateError("the passage is not in that note", do="Copy it from the note as it stands there")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
