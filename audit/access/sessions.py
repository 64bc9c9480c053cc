"""Sessions: one row from sign-in to sign-out, idle log-off or the end of the day.

The browser holds a random token, the database only its SHA-256: a copy of the database signs nobody in.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from audit.errors import InputError
from audit.store import trail
from audit.store.database import read, write
from audit.store.schema import accounts, sessions

VARIABLE = "COUNTERSIGN_IDLE_MINUTES"
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
TOUCH_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is live. `ends_at` moves on with each sign of life, up to `LONGEST` after sign-in."""

    token_sha256: str
    account_id: int
    seen_at: datetime
    ends_at: datetime


def idle_limit() -> timedelta:
    """How long nobody may be at the keyboard. Raises InputError for a setting that is no number of minutes."""
    written = os.environ.get(VARIABLE)
    try:
        limit = timedelta(minutes=float(written)) if written else IDLE
    except (ValueError, OverflowError):
        limit = timedelta(0)
    if not timedelta(0) < limit <= LONGEST:
        raise InputError(
            f"{written!r} is not a number of minutes from 0 to {LONGEST // timedelta(minutes=1)}",
            where=VARIABLE,
            do="Write a number such as 15, or remove the setting",
        )
    return limit


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def begin(engine: Engine, account_id: int, now: datetime, *, instead_of: str = "", proof: str = "password") -> str:
    """Sign in: end the session whose token the browser still sent, begin a new one, return its token.

    `proof` says in the trail what showed who it is.
    """
    token = secrets.token_urlsafe(32)
    row = {"token_sha256": sha256(token), "account_id": account_id, "created_at": now, "seen_at": now}
    with write(engine) as connection:
        _end(connection, sessions.c.token_sha256 == sha256(instead_of), now)
        connection.execute(insert(sessions).values(row))
        subject, details = f"account {account_id}", {"by": proof}
        trail.record(connection, kind="sign-in", subject=subject, account_id=account_id, at=now, details=details)
    return token


def find(engine: Engine, token_sha256: str, now: datetime) -> Session | None:
    """The live session of this token: not ended, not idle for too long, not too old, of an active account."""
    query = (
        select(sessions.c.account_id, sessions.c.created_at, sessions.c.seen_at)
        .join(accounts)
        .where(sessions.c.token_sha256 == token_sha256, sessions.c.ended_at.is_(None), accounts.c.active)
    )
    with read(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    ends_at = min(row.seen_at + idle_limit(), row.created_at + LONGEST)
    return Session(token_sha256, row.account_id, row.seen_at, ends_at) if now < ends_at else None


def expire(engine: Engine, token_sha256: str, now: datetime) -> None:
    """Close a session that ran out, and record that; nothing when it is live, closed already or unknown."""
    if find(engine, token_sha256, now) is not None:
        return
    this = (sessions.c.token_sha256 == token_sha256) & sessions.c.ended_at.is_(None)
    with read(engine) as connection:
        if connection.execute(select(sessions.c.account_id).where(this)).first() is None:
            return
    with write(engine) as connection:
        ended = connection.execute(update(sessions).where(this).values(ended_at=now).returning(sessions)).first()
        if ended:
            why = "too long" if now >= ended.created_at + LONGEST else "idle"
            _record_end(connection, ended.account_id, now, by=None, sessions=1, why=why)


def touch(engine: Engine, session: Session, now: datetime) -> None:
    """A person did something. Written at most once in `TOUCH_EVERY`; an ended session stays ended."""
    if now - session.seen_at < min(TOUCH_EVERY, idle_limit() / 10):
        return
    this = (sessions.c.token_sha256 == session.token_sha256) & sessions.c.ended_at.is_(None)
    with write(engine) as connection:
        connection.execute(update(sessions).where(this).values(seen_at=now))


def end(engine: Engine, session: Session, now: datetime) -> None:
    """Sign out."""
    account_id = session.account_id
    with write(engine) as connection:
        _end(connection, sessions.c.token_sha256 == session.token_sha256, now)
        trail.record(connection, kind="sign-out", subject=f"account {account_id}", account_id=account_id, at=now)


def end_everywhere(engine: Engine, account_id: int, now: datetime) -> None:
    """Sign out on every device."""
    with write(engine) as connection:
        end_all(connection, account_id, now, by=account_id, why="signed out everywhere")


def end_all(connection: Connection, account_id: int, now: datetime, *, by: int | None, why: str) -> None:
    """End every session of an account, within the caller's write transaction, and record how many there were."""
    ended = _end(connection, sessions.c.account_id == account_id, now)
    if ended:
        _record_end(connection, account_id, now, by=by, sessions=ended, why=why)


def live(connection: Connection, now: datetime) -> dict[int, int]:
    """The number of live sessions of each account that has one."""
    query = (
        select(sessions.c.account_id, func.count().label("number"))
        .where(
            sessions.c.ended_at.is_(None),
            sessions.c.seen_at > now - idle_limit(),
            sessions.c.created_at > now - LONGEST,
        )
        .group_by(sessions.c.account_id)
    )
    return {row.account_id: row.number for row in connection.execute(query)}


def _end(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    open_ones = update(sessions).where(which, sessions.c.ended_at.is_(None))
    return connection.execute(open_ones.values(ended_at=now)).rowcount


def _record_end(connection: Connection, account_id: int, now: datetime, *, by: int | None, **details: Any) -> None:
    subject = f"account {account_id}"
    trail.record(connection, kind="session ended", subject=subject, account_id=by, at=now, details=details)
