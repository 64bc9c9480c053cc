"""Disputes ruled: a doctor of OT upholds the finding or accepts the dispute; on appeal a manager, for good.

An accepted dispute changes no decision: it adds one that reverses the verdict (stage `dispute`). The signatures that
rested on the verdict are left behind: the claim goes back to its reviewer. What was released by then cannot be taken
back and goes onto the list of `to_correct`.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine, and_, exists, insert, or_, select
from sqlalchemy.exc import DBAPIError

from audit.access.permission import account_may
from audit.errors import AccessError, StateError
from audit.feedback.answered import answered, answers_of
from audit.feedback.answers import APPEAL, DISPUTE
from audit.feedback.items import one_item
from audit.feedback.rights import RULERS, TO_RULE, due, npi_of
from audit.reviewing import review
from audit.reviewing.opinions import required
from audit.reviewing.review_rights import refused
from audit.store import schema, seal, trail
from audit.store.database import alone, read, write
from audit.store.review_conditions import RULED
from audit.store.rows import Row

UPHELD, ACCEPTED = "upheld", "accepted"
OUTCOMES = {UPHELD: "Uphold the finding", ACCEPTED: "Accept the dispute"}
WAITING = (
    *("answer_id", "kind", "at", "due_on", "overdue", "decision_id", "claim_version_id", "claim_id", "service_date"),
    *("therapist_npi", "therapist", "rule", "procedure_code", "because", "text", "note_id", "passage", "cannot"),
)
answers, rulings = schema.feedback_answers, schema.feedback_rulings
decisions, claims, accounts, lines = schema.decisions, schema.claims, schema.accounts, schema.claim_lines


def rule(engine: Engine, answer_id: int, *, outcome: str, reason: str, account_id: int, at: datetime) -> int:
    """Rule on a dispute or an appeal; return the ruling's id.

    Raises AccessError for whoever gave the verdict, rendered or billed, and when it is another role's turn; StateError
    without a reason or when it is ruled on already.
    """
    if outcome not in OUTCOMES:
        raise StateError("a ruling upholds the finding or accepts the dispute", do="Choose one of the two")
    if not reason.strip():
        raise StateError("a ruling needs its reason", do="Say it in words that the therapist can use")
    with write(engine) as connection:
        role = account_may(connection, account_id, RULERS)
        answer, about = _open(connection, answer_id)
        alone(connection, f"claim {about['claim_version_id']}")
        if why := cannot_rule(connection, answer, about, account_id):
            raise AccessError(why, do="Leave it to somebody else")
        reversing = _reverse(connection, about, reason.strip(), account_id, at) if outcome == ACCEPTED else None
        row = {"answer_id": answer_id, "account_id": account_id, "outcome": outcome, "reason": reason.strip()}
        row |= {"level": "manager" if role == "manager" else "doctor", "decision_id": reversing, "at": at}
        return _add(connection, row, about, at)


def _open(connection: Connection, answer_id: int) -> tuple[Row, Row]:
    answer = connection.execute(select(answers).where(answers.c.id == answer_id)).mappings().first()
    if answer is None or answer["kind"] not in (DISPUTE, APPEAL):
        raise StateError("there is no such dispute", do="Open the list of disputes again")
    if connection.execute(select(rulings.c.id).where(rulings.c.answer_id == answer_id)).first():
        raise StateError("this dispute is ruled on already", do="Open the list of disputes again")
    return dict(answer), one_item(connection, answer["decision_id"]) | {"decision_id": answer["decision_id"]}


def _reverse(connection: Connection, about: Row, reason: str, account_id: int, at: datetime) -> int:
    """The decision that reverses the verdict. It is kept to no stage and no lease: the claim may be signed, replaced or
    released by now."""
    now = required(connection, about["claim_version_id"])
    target = {"finding_id": about["finding_id"], "about_id": None if about["finding_id"] else about["decision_id"]}
    row = {"kind": review.DISMISS, "stage": RULED, "review_id": None, "reason": RULED, "text": reason, **target}
    return review.add(connection, now, row, account_id, at)


def _add(connection: Connection, row: Row, about: Row, at: datetime) -> int:
    try:
        added: int = connection.execute(insert(rulings).values(row).returning(rulings.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    details = {"ruling": added, "answer": row["answer_id"], "level": row["level"], "reversed by": row["decision_id"]}
    details["row"] = seal.stored_digest(connection, rulings, added)
    kind = "dispute accepted" if row["outcome"] == ACCEPTED else "finding upheld"
    subject = f"claim version {about['claim_version_id']}"
    trail.record(connection, kind=kind, subject=subject, account_id=row["account_id"], at=at, details=details)
    return added


def cannot_rule(connection: Connection, answer: Row, about: Row, account_id: int) -> str:
    """Why this person may not rule on this answer; "" when they may."""
    role = connection.execute(select(accounts.c.role).where(accounts.c.id == account_id, accounts.c.active)).scalar()
    if role not in RULERS:
        return "your account does not rule on disputes"
    if not _free(connection, about, account_id):
        return "whoever gave the verdict, rendered or billed may not rule on it"
    if answer["kind"] == APPEAL:
        return "" if role == "manager" else "an appeal is for a manager"
    if role == "manager" and _doctors(connection, about):
        return "a doctor of OT rules first; an appeal comes to you"
    return ""


def _doctors(connection: Connection, about: Row) -> list[int]:
    """Doctors of OT who may rule on the verdict."""
    query = select(accounts.c.id).where(accounts.c.role == "doctor_of_ot", accounts.c.active)
    return [one for one in connection.execute(query).scalars() if _free(connection, about, one)]


def _free(connection: Connection, about: Row, account_id: int) -> bool:
    npi = npi_of(connection, account_id)
    version = about["claim_version_id"]
    billed = or_(lines.c.rendering_npi == npi, lines.c.billing_npi == npi)
    on_claim = or_(claims.c.rendering_npi == npi, claims.c.billing_npi == npi)
    own = or_(
        exists().where(lines.c.claim_version_id == version, billed), exists().where(claims.c.id == version, on_claim)
    )
    return account_id != about["account_id"] and not (npi and connection.execute(select(own)).scalar())


def waiting(engine: Engine, *, viewer: int, at: datetime) -> pd.DataFrame:
    """Disputes and appeals without a ruling, the first due first: columns WAITING. `cannot`: why this viewer may not
    rule on it, "" when they may. Raises AccessError for roles that do not rule."""
    with read(engine) as connection:
        account_may(connection, viewer, RULERS)
        open_ = ~exists().where(rulings.c.answer_id == answers.c.id)
        query = select(answers).where(answers.c.kind.in_((DISPUTE, APPEAL)), open_).order_by(answers.c.at, answers.c.id)
        found = [dict(row) for row in connection.execute(query).mappings()]
        rows = [_waiting(connection, one, viewer, at) for one in found]
    return pd.DataFrame(rows, columns=list(WAITING))


def _waiting(connection: Connection, answer: Row, viewer: int, at: datetime) -> Row:
    about = one_item(connection, answer["decision_id"])
    findings = schema.findings
    told = connection.execute(select(findings.c.because).where(findings.c.id == about["finding_id"])).scalar()
    seen = connection.execute(select(decisions.c.text).where(decisions.c.id == answer["decision_id"])).scalar()
    day = connection.execute(
        select(claims.c.service_date, claims.c.rendering_name).where(claims.c.id == about["claim_version_id"])
    ).one()
    until = due(answer["at"], TO_RULE)
    return {
        **answer,
        **about,
        "answer_id": answer["id"],
        "rule": about["rule"] or "",
        "because": told or seen,
        "service_date": day.service_date,
        "therapist_npi": about["npi"],
        "therapist": day.rendering_name or about["npi"],
        "due_on": until,
        "overdue": until < at.date(),
        "cannot": cannot_rule(connection, answer, about, viewer),
    }


def history(engine: Engine, decision_id: int) -> list[Row]:
    """Answers and rulings on a verdict in their order, as `answered.Answered.said` has them."""
    with read(engine) as connection:
        given = answers_of(connection, [decision_id]).get(decision_id, [])
    return answered(given, datetime.min).said  # noqa: DTZ901  (only what was said is asked for)


def to_correct(engine: Engine, viewer: int) -> pd.DataFrame:
    """Claims whose released version rests on a verdict that was reversed after a dispute: claim_id, version (released),
    rule, reason, ruled_at, decision_id. A claim leaves the list when a newer version of it comes.

    Raises AccessError for roles that do not rule.
    """
    about, taken, newer, findings = claims.alias(), schema.release_claims, claims.alias(), schema.findings
    replaced = exists().where(newer.c.claim_id == claims.c.claim_id, newer.c.version > claims.c.version)
    query = (
        select(claims.c.claim_id, claims.c.version, findings.c.rule, rulings.c.reason)
        .add_columns(rulings.c.at.label("ruled_at"), answers.c.decision_id)
        .select_from(rulings)
        .join(answers, answers.c.id == rulings.c.answer_id)
        .join(decisions, decisions.c.id == answers.c.decision_id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .join(about, about.c.id == decisions.c.claim_version_id)
        .join(claims, and_(claims.c.claim_id == about.c.claim_id, claims.c.version >= about.c.version))
        .join(taken, taken.c.claim_version_id == claims.c.id)
        .where(rulings.c.outcome == ACCEPTED, ~replaced)
        .order_by(rulings.c.at, rulings.c.id)
    )
    with read(engine) as connection:
        account_may(connection, viewer, RULERS)
        found = connection.execute(query)
        return pd.DataFrame(found.all(), columns=list(found.keys())).fillna({"rule": ""})
