"""Sign-off by two people: the first signs what was reviewed, a different one approves or returns it.

A signature is bound to a digest of exactly what was seen: the claim and note versions, the findings, the
decisions, the version of the code and of the facts. The database itself refuses an approval by whoever decided,
reviewed, rendered or billed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access import solo
from audit.access.permission import account_may
from audit.errors import StateError
from audit.review import REVIEWERS, findings_of, missed_of, refused, state_of
from audit.store import schema, trail
from audit.store.canonical import sha256
from audit.store.database import alone, write

APPROVERS = ("second_reviewer", "doctor_of_ot")
"""Roles that give the second signature."""
MEANINGS = {"reviewed": "reviewed", "approved": "approved for submission", "returned": "returned for correction"}
signatures = schema.signatures


def digest(connection: Connection, claim_version_id: int) -> str:
    """SHA-256 over all that a signature on this claim stands for. Hex."""
    claims, notes, runs = schema.claims, schema.notes, schema.runs
    claim = connection.execute(select(claims).where(claims.c.id == claim_version_id)).mappings().one()
    found, missed = findings_of(connection, claim_version_id), missed_of(connection, claim_version_id)
    dates = select(schema.claim_lines.c.service_date).where(schema.claim_lines.c.claim_version_id == claim_version_id)
    of_days = notes.c.is_current & (notes.c.patient_id == claim["patient_id"]) & notes.c.service_date.in_(dates)
    note_rows = connection.execute(select(notes.c.note_id, notes.c.content_sha256).where(of_days)).all()
    runs_seen = sorted({int(run) for run in found["run_id"]})
    run_rows = connection.execute(
        select(runs.c.id, runs.c.code_version, runs.c.facts_sha256).where(runs.c.id.in_(runs_seen))
    ).all()
    seen = ["id", "rule", "severity", "expected", "observed", "because", "decision_id", "decision", "reason", "text"]
    return sha256(
        f"claim {claim['claim_id']} {claim['version']} {claim['content_sha256']}",
        *sorted(f"note {note_id} {content}" for note_id, content in note_rows),
        *sorted(f"run {run}" for run in run_rows),
        *[f"finding {tuple(row)}" for row in found[seen].astype("str").itertuples(index=False, name=None)],
        *[f"missed {row}" for row in missed[["id", "text"]].itertuples(index=False, name=None)],
    )


def sign_reviewed(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime) -> int:
    """The first signature: every finding has a verdict. Return the signature's id.

    Raises StateError while a finding is undecided, or the claim is signed already.
    """
    with write(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        _in_state(connection, claim_version_id, ("to_review", "returned"))
        found = findings_of(connection, claim_version_id)
        left = int(((found["severity"] != "untestable") & (found["decision"] == "")).sum())
        if left:
            raise StateError(f"{left} findings have no verdict yet", do="Decide on each finding first")
        return _sign(connection, claim_version_id, "reviewed", account_id=account_id, at=at)


def approve(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime) -> int:
    """The second signature: the claim may be submitted and is locked. Return the signature's id.

    Raises AccessError for the wrong role and for whoever decided, reviewed, rendered or billed; StateError when
    the claim is not reviewed, or anything changed since it was.
    """
    with write(engine) as connection:
        account_may(connection, account_id, APPROVERS)
        _in_state(connection, claim_version_id, ("second",))
        _unchanged(connection, claim_version_id)
        return _sign(connection, claim_version_id, "approved", account_id=account_id, at=at)


def return_claim(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, text: str) -> int:
    """Send a reviewed claim back with the reason; its decisions can be changed again."""
    if not text.strip():
        raise StateError("a claim goes back with a reason", do="Say what is to be looked at again")
    with write(engine) as connection:
        account_may(connection, account_id, APPROVERS)
        _in_state(connection, claim_version_id, ("second",))
        last = _last(connection, claim_version_id)
        if last["account_id"] == account_id:
            raise StateError("your own review is for another person to return", do="Ask a second reviewer")
        return _sign(connection, claim_version_id, "returned", account_id=account_id, at=at, reason=text.strip())


def signatures_of(connection: Connection, claim_version_id: int) -> pd.DataFrame:
    """Signatures on a claim version in their order: id, account_id, printed_name, single_person, meaning, reason,
    digest, at."""
    table = signatures.c
    columns = [table.id, table.account_id, table.printed_name, table.single_person, table.meaning, table.reason]
    columns += [table.digest, table.at]
    query = select(*columns).where(table.claim_version_id == claim_version_id).order_by(table.id)
    found = connection.execute(query)
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def _last(connection: Connection, claim_version_id: int) -> Any:
    query = select(signatures).where(signatures.c.claim_version_id == claim_version_id)
    return connection.execute(query.order_by(signatures.c.id.desc()).limit(1)).mappings().one()


def _unchanged(connection: Connection, claim_version_id: int) -> None:
    if _last(connection, claim_version_id)["digest"] != digest(connection, claim_version_id):
        raise StateError(
            "the claim, a note, a finding or a rule changed after the first signature",
            do="Return the claim: it must be reviewed again",
        )


def _in_state(connection: Connection, claim_version_id: int, wanted: tuple[str, ...]) -> None:
    alone(connection, f"claim {claim_version_id}")
    state = state_of(connection, claim_version_id)
    if state not in wanted:
        says = {
            "to_review": "the claim is not reviewed yet",
            "second": "the claim has its first signature",
            "returned": "the claim was returned",
            "approved": "the claim is approved and locked",
        }
        raise StateError(says[state], do="Open the claim again")


def _sign(
    connection: Connection, claim_version_id: int, meaning: str, *, account_id: int, at: datetime, reason: str = ""
) -> int:
    name = connection.execute(select(schema.accounts.c.name).where(schema.accounts.c.id == account_id)).scalar_one()
    seen = digest(connection, claim_version_id)
    row = {
        "claim_version_id": claim_version_id,
        "account_id": account_id,
        "meaning": meaning,
        "printed_name": name,
        "single_person": solo.is_on(connection),
        "reason": reason,
        "digest": seen,
        "at": at,
    }
    try:
        signed: int = connection.execute(insert(signatures).values(row).returning(signatures.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    details = {"signature": signed, "digest": seen, "single_person": row["single_person"]}
    subject = f"claim version {claim_version_id}"
    trail.record(connection, kind=meaning, subject=subject, account_id=account_id, at=at, details=details)
    return signed
