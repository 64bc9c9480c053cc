"""Who is at work on a claim: one reviewer at a time, for a while that ends by itself.

The time is passed in, never read here. What is decided or signed without the lease is refused by the service and by
the database. An assignment says whose work a claim is and until when; it keeps nobody out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from audit.errors import StateError
from audit.reviewing.review_rights import ASSIGNERS, REVIEWERS, account_may, refused
from audit.store import kept, schema, trail
from audit.store.database import alone, read, write
from audit.store.rows import among

LEASE = timedelta(minutes=15)
table = schema.leases


@dataclass(frozen=True, slots=True)
class Lease:
    """`name` is the printed name of who holds the claim."""

    claim_version_id: int
    account_id: int
    name: str
    ends_at: datetime


def take(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime) -> Lease:
    """Begin or go on with work on a claim for the next LEASE; beginning is recorded as a view of the claim.

    Raises StateError while another person's lease runs, AccessError for a role that does not review.
    """
    with write(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        new = hold(connection, claim_version_id, account_id=account_id, at=at)
        if new:
            _view(connection, claim_version_id, account_id, at)
        lease = holder(connection, claim_version_id, at)
    if lease is None:
        raise StateError("there is no such claim", do="Go back to the worklist")
    return lease


def hold(connection: Connection, claim_version_id: int, *, account_id: int, at: datetime) -> bool:
    """`take` inside the caller's transaction; true when the claim was not held by this person before."""
    alone(connection, f"claim {claim_version_id}")
    if connection.execute(select(schema.claims.c.id).where(schema.claims.c.id == claim_version_id)).first() is None:
        raise StateError("there is no such claim", do="Go back to the worklist")
    now = holder(connection, claim_version_id, at)
    if now and now.account_id != account_id:
        raise StateError(f"{now.name} is at work on this claim until {now.ends_at:%H:%M} UTC", do="Take another one")
    values = {"account_id": account_id, "taken_at": at, "ends_at": at + LEASE}
    mine = table.c.claim_version_id == claim_version_id
    try:
        if not connection.execute(update(table).where(mine).values(values)).rowcount:
            connection.execute(insert(table).values(claim_version_id=claim_version_id, **values))
    except DBAPIError as error:
        raise refused(error) from None
    return now is None


def demand(connection: Connection, claim_version_id: int, *, account_id: int, at: datetime) -> None:
    """Raise StateError unless this person holds the claim; work on it makes the lease run anew."""
    now = holder(connection, claim_version_id, at)
    if now is None:
        raise StateError("you do not hold this claim, or your time on it has ended", do="Open the claim again")
    if now.account_id != account_id:
        raise StateError(f"{now.name} is at work on this claim", do="Take another one")
    hold(connection, claim_version_id, account_id=account_id, at=at)


def give_back(engine: Engine, claim_version_id: int, *, account_id: int) -> None:
    """End one's own lease at once; nothing happens when there is none."""
    with write(engine) as connection:
        end(connection, claim_version_id, account_id=account_id)


def end(connection: Connection, claim_version_id: int, *, account_id: int) -> None:
    """`give_back` inside the caller's transaction."""
    mine = (table.c.claim_version_id == claim_version_id) & (table.c.account_id == account_id)
    connection.execute(delete(table).where(mine))


def holder(connection: Connection, claim_version_id: int, at: datetime) -> Lease | None:
    """Who is at work on the claim at this time."""
    accounts = schema.accounts
    query = (
        select(table.c.claim_version_id, table.c.account_id, accounts.c.name, table.c.ends_at)
        .join(accounts, accounts.c.id == table.c.account_id)
        .where(table.c.claim_version_id == claim_version_id, table.c.ends_at > at)
    )
    row = connection.execute(query).first()
    return Lease(*row) if row else None


def assign(
    engine: Engine,
    claim_version_ids: Sequence[int],
    *,
    to: int | None,
    account_id: int,
    at: datetime,
    due_on: date | None = None,
) -> int:
    """Give claims to a person, with the day they are due, or to nobody; return how many.

    Reviewers assign to themselves, managers and administrators to anyone who reviews.
    """
    given = schema.assignments
    ids = sorted(set(claim_version_ids))
    with write(engine) as connection:
        account_may(connection, account_id, REVIEWERS if to == account_id else ASSIGNERS)
        if to is not None and to != account_id:
            account_may(connection, to, REVIEWERS)
        connection.execute(delete(given).where(among(connection, given.c.claim_version_id, ids)))
        if to is not None and ids:
            row = {"account_id": to, "by_id": account_id, "due_on": due_on, "at": at}
            connection.execute(insert(given), [{"claim_version_id": one, **row} for one in ids])
        kept.refresh(connection, ids, at)
        details = {"to": to, "claims": ids, "due_on": due_on}
        trail.record(
            connection,
            kind="claims assigned",
            subject=f"{len(ids)} claims",
            account_id=account_id,
            at=at,
            details=details,
        )
    return len(ids)


def assignable(engine: Engine) -> dict[int, str]:
    """Account -> printed name of everyone who reviews now, by name."""
    accounts = schema.accounts.c
    query = select(accounts.id, accounts.name).where(accounts.active, accounts.role.in_(REVIEWERS))
    with read(engine) as connection:
        return {row.id: row.name for row in connection.execute(query.order_by(accounts.name, accounts.id))}


def viewed(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime) -> None:
    """Record that a person looked at a claim without taking it."""
    with write(engine) as connection:
        _view(connection, claim_version_id, account_id, at)


def _view(connection: Connection, claim_version_id: int, account_id: int, at: datetime) -> None:
    subject = f"claim version {claim_version_id}"
    trail.record(connection, kind="claim viewed", subject=subject, account_id=account_id, at=at)
