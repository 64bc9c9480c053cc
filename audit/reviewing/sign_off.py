"""Sign-off: the first person signs what was reviewed; a different one approves it, returns it or sends it back.

A signature is bound to a digest of exactly what was seen (`store.seal`). It needs the password again, names the
person and the time, and says what it means. The database itself refuses an approval by whoever decided, reviewed,
rendered or billed, and of a claim on which an upheld error stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access import accounts, solo
from audit.errors import AccessError, StateError
from audit.reviewing import leases
from audit.reviewing.opinions import first_hands, required, second_hands
from audit.reviewing.review_rights import APPROVERS, REVIEWERS, account_may, refused
from audit.store import kept, schema, seal, trail
from audit.store.database import alone, write
from audit.store.standing import Standing

MEANINGS = {
    "reviewed": "reviewed",
    "second": "reviewed a second time",
    "approved": "approved for submission",
    "returned": "returned for correction",
    "sent_back": "sent back to the reviewer",
}
TYPED, IN_SITTING = "typed for this signature", "stands from the same sitting"
SITTING = timedelta(minutes=10)
"""How long one typed password stands for a row of signatures in one window."""
Confirm = Callable[[Engine, int, datetime], str]
"""Makes sure that the person of the account is at the keyboard; raises AccessError when not. Returns what the trail
says of the password: TYPED or IN_SITTING."""
SIGNATURE_COLUMNS = ("id", "account_id", "printed_name", "single_person", "meaning", "reason", "digest", "at")
signatures = schema.signatures


def by_password(password: str) -> Confirm:
    """Confirmation by typing the password again. A wrong one counts towards the account's lock."""

    def confirm(engine: Engine, account_id: int, at: datetime) -> str:
        accounts.confirm_password(engine, account_id, password, at)
        return TYPED

    return confirm


def by_sitting(typed_by: int, typed_at: datetime) -> Confirm:
    """Confirmation by the password that this person typed in the same window within SITTING."""

    def confirm(_engine: Engine, account_id: int, at: datetime) -> str:
        if account_id != typed_by or not typed_at <= at < typed_at + SITTING:
            raise AccessError("the password is needed again", do="Type it")
        return IN_SITTING

    return confirm


def sign_reviewed(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, confirm: Confirm) -> int:
    """The first signature: every finding has a verdict. Return the signature's id.

    Raises StateError while a finding is undecided, a question is open, the record changed, or the claim is signed
    already; AccessError for a wrong password.
    """
    password = confirm(engine, account_id, at)
    with write(engine) as connection:
        now = ready_to_sign(connection, claim_version_id, account_id, REVIEWERS)
        if now.stage != "first":
            raise StateError(f"the claim is {MEANINGS[now.last]}", do="Open the claim again")
        left = now.undecided()
        if left:
            raise StateError(f"{left} findings have no verdict yet", do="Decide on each finding first")
        hands = first_hands(now)
        if now.blind and hands and account_id not in hands:
            raise StateError("another person's verdicts are hidden from you", do="Leave the signature to that person")
        return sign(connection, now, "reviewed", account_id=account_id, at=at, password=password)


def approve(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, confirm: Confirm) -> int:
    """The claim may be submitted and is locked. Return the signature's id.

    Raises AccessError for the wrong role and for whoever decided, reviewed, rendered or billed; StateError when the
    claim is not ready, anything changed since it was reviewed, or an upheld error stands.
    """
    password = confirm(engine, account_id, at)
    with write(engine) as connection:
        now = ready_to_sign(connection, claim_version_id, account_id, APPROVERS)
        _ready(connection, now, account_id)
        if now.in_error:
            raise StateError("an upheld error stands on the claim", do="Return it with its correction sheet")
        return sign(connection, now, "approved", account_id=account_id, at=at, password=password)


def return_claim(
    engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, text: str, confirm: Confirm
) -> int:
    """Return a claim in error to whoever bills it, with its correction sheet: the verdicts stand."""
    reason = _reason(text)
    password = confirm(engine, account_id, at)
    with write(engine) as connection:
        now = ready_to_sign(connection, claim_version_id, account_id, APPROVERS)
        _ready(connection, now, account_id)
        return sign(connection, now, "returned", account_id=account_id, at=at, reason=reason, password=password)


def send_back(
    engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, text: str, confirm: Confirm
) -> int:
    """Send a reviewed claim back to the first reviewer with the reason: its decisions can be changed again."""
    reason = _reason(text)
    password = confirm(engine, account_id, at)
    with write(engine) as connection:
        now = ready_to_sign(connection, claim_version_id, account_id, APPROVERS)
        if now.last not in ("reviewed", "second", "returned"):
            raise StateError("only a reviewed claim goes back", do="Open the claim again")
        _other_person(connection, now, account_id)
        return sign(connection, now, "sent_back", account_id=account_id, at=at, reason=reason, password=password)


def signatures_on(now: Standing) -> pd.DataFrame:
    """Signatures on a claim version in their order: id, account_id, printed_name, single_person, meaning, reason,
    digest, at, and `stands`: it is about the findings of the newest run and nothing changed since."""
    rows = [
        {
            **{name: one[name] for name in SIGNATURE_COLUMNS},
            "stands": one["run_id"] == now.run.get("id") and not now.changed,
        }
        for one in now.signatures
    ]
    return pd.DataFrame(rows, columns=[*SIGNATURE_COLUMNS, "stands"])


def sign(
    connection: Connection,
    now: Standing,
    meaning: str,
    *,
    account_id: int,
    at: datetime,
    password: str,
    reason: str = "",
) -> int:
    """Add a signature with its digest, its event and the new row of the worklist, in the caller's transaction. It
    ends the signer's lease. `password` is what the event says of it."""
    leases.demand(connection, now.id, account_id=account_id, at=at)
    name = connection.execute(select(schema.accounts.c.name).where(schema.accounts.c.id == account_id)).scalar_one()
    newest = seal.newest_decision(connection, now.id)
    seen = seal.seal(connection, now.id, now.run["id"], newest)
    row = {
        "claim_version_id": now.id,
        "account_id": account_id,
        "meaning": meaning,
        "printed_name": name,
        "reason": reason,
        "digest": seen,
        "at": at,
        "run_id": now.run["id"],
        "review_id": None if meaning == "reviewed" else now.review["id"],
        "decision_id": newest,
        "single_person": solo.is_on(connection),
    }
    try:
        signed: int = connection.execute(insert(signatures).values(row).returning(signatures.c.id)).scalar_one()
    except DBAPIError as error:
        raise refused(error) from None
    leases.end(connection, now.id, account_id=account_id)
    shown = kept.refresh(connection, [now.id], at)
    details = {
        "signature": signed,
        "digest": seen,
        "single_person": row["single_person"],
        "password": password,
        "before": now.state,
        "after": shown[now.id]["state"] if now.id in shown else required(connection, now.id).state,
        "row": seal.stored_digest(connection, signatures, signed),
    }
    subject = f"claim version {now.id}"
    trail.record(connection, kind=meaning, subject=subject, account_id=account_id, at=at, details=details)
    return signed


def ready_to_sign(connection: Connection, claim_version_id: int, account_id: int, roles: tuple[str, ...]) -> Standing:
    """Where the claim stands, when it takes any signature at all from this person. Raises AccessError, StateError."""
    account_may(connection, account_id, roles)
    alone(connection, f"claim {claim_version_id}")
    now = required(connection, claim_version_id)
    if not now.claim["is_current"]:
        raise StateError("a newer version has replaced this version of the claim", do="Open the claim again")
    if not now.run or now.changed:
        raise StateError("the claim or its record changed after the rules ran", do="Run the rules on this claim again")
    if now.last == "approved" or now.released:
        raise StateError("the claim is approved and locked", do="A correction comes as a new version of the claim")
    if now.verdicts.open_asks:
        raise StateError("the claim waits for an answer", do="Record the answer first")
    return now


def _ready(connection: Connection, now: Standing, account_id: int) -> None:
    if now.state != "ready":
        why = {
            "second": "the plan asks for a second review",
            "adjudicate": "the two reviews differ and are not adjudicated",
            "stale": "the claim, a note, a finding or a rule changed after the first signature",
        }
        raise StateError(why.get(now.state, "the claim is not reviewed yet"), do="Open the claim again")
    _other_person(connection, now, account_id)
    if now.people > 2 and account_id in _seconds(now):
        raise AccessError("the plan asks for a third person", do="Leave this to somebody else")


def _other_person(connection: Connection, now: Standing, account_id: int) -> None:
    if account_id == now.review.get("account_id") and not solo.is_on(connection):
        raise AccessError("your own review is for another person to judge", do="Ask a second reviewer")


def _seconds(now: Standing) -> set[int]:
    of_review = [one for one in now.signatures if one["review_id"] == now.review["id"]]
    return {one["account_id"] for one in of_review if one["meaning"] == "second"} | second_hands(now)


def _reason(text: str) -> str:
    if not text.strip():
        raise StateError("a claim goes back with a reason", do="Say what is to be looked at again")
    return text.strip()
