"""One-time links: whoever holds one sets the first password of an account, once, within a day.

The very first one makes the first administrator; it stands on the console of whoever starts the server. The
database holds only the SHA-256 of what is in a link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update

from audit.access import accounts, passwords, sessions
from audit.access.accounts import Account
from audit.access.sessions import sha256
from audit.errors import AccessError, CountersignError
from audit.store import trail
from audit.store.database import alone, read, write
from audit.store.schema import accounts as accounts_table
from audit.store.schema import invitations

PATH = "/first-password"
LASTS = timedelta(hours=24)
FIRST_LASTS = timedelta(hours=1)
"""The link on the console gives all there is to give, so it lasts less long."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What a link that still holds is for: an account, or None for the first administrator."""

    account: Account | None


def path_of(token: str) -> str:
    return f"{PATH}?key={token}"


def make(connection: Connection, account_id: int, *, at: datetime, by: int | None) -> str:
    """The token of a new link for an account; older links end."""
    end_all(connection, account_id, at)
    token = _make(connection, account_id, at, LASTS)
    accounts.record(connection, "one-time link made", account_id, at, by=by)
    return token


def first_administrator(engine: Engine, at: datetime) -> str | None:
    """The token of a link that makes the first administrator; None when there is one. Earlier ones end."""
    with write(engine) as connection:
        if _administrators(connection):
            return None
        _end(connection, invitations.c.account_id.is_(None), at)
        token = _make(connection, None, at, FIRST_LASTS)
        subject = "first administrator"
        trail.record(connection, kind="one-time link made", subject=subject, account_id=None, at=at)
        return token


def find(engine: Engine, token: str, now: datetime) -> Invited | None:
    """What a link is for; None when it is unknown, used or too old. Looking does not use it."""
    with read(engine) as connection:
        return _find(connection, token, now)


def use(engine: Engine, token: str, password: str, now: datetime, *, username: str = "", name: str = "") -> Account:
    """Set the password that the link is for, and end it. `username` and `name` are the first administrator's.

    Raises AccessError for a link that holds no more, CountersignError when something will not do: then the link
    still holds. Slow on purpose.
    """
    invited = find(engine, token, now)
    if invited is None:
        raise _over()
    person = invited.account
    passwords.demand(
        password,
        username=person.username if person else accounts.spelling(username),
        name=person.name if person else name,
    )
    password_hash = passwords.hashed(password)
    with write(engine) as connection:
        alone(connection, "accounts")
        this = (invitations.c.token_sha256 == sha256(token)) & invitations.c.used_at.is_(None)
        if _find(connection, token, now) is None or not _end(connection, this, now):
            raise _over()
        account = person or _first(connection, username, name, now)
        _set_password(connection, account, password_hash, now)
        return account


def end_all(connection: Connection, account_id: int, at: datetime) -> None:
    """End every link for an account."""
    _end(connection, invitations.c.account_id == account_id, at)


def _find(connection: Connection, token: str, now: datetime) -> Invited | None:
    holds = (invitations.c.token_sha256 == sha256(token)) & invitations.c.used_at.is_(None)
    row = connection.execute(select(invitations).where(holds, invitations.c.ends_at > now)).one_or_none()
    if row is None:
        return None
    if row.account_id is None:
        return None if _administrators(connection) else Invited(None)
    account = accounts.account_of(accounts.row_of(connection, accounts_table.c.id == row.account_id))
    return Invited(account) if account.active else None


def _first(connection: Connection, username: str, name: str, now: datetime) -> Account:
    return accounts.add(connection, username=username, name=name, role="administrator", npi="", at=now, by=None)


def _set_password(connection: Connection, account: Account, password_hash: str, now: datetime) -> None:
    fresh = {"must_change_password": False, "failed_attempts": 0, "locked_until": None}
    accounts.change(connection, account.id, password_hash=password_hash, **fresh)
    sessions.end_all(connection, account.id, now, by=account.id, why="password set")
    accounts.record(connection, "password set by one-time link", account.id, now, by=account.id)


def _make(connection: Connection, account_id: int | None, at: datetime, lasts: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    row = {"token_sha256": sha256(token), "account_id": account_id, "made_at": at, "ends_at": at + lasts}
    connection.execute(insert(invitations).values(row))
    return token


def _end(connection: Connection, which: ColumnElement[bool], at: datetime) -> int:
    ending = update(invitations).where(which, invitations.c.used_at.is_(None))
    return connection.execute(ending.values(used_at=at)).rowcount


def _administrators(connection: Connection) -> bool:
    found = select(accounts_table.c.id).where(accounts_table.c.role == "administrator", accounts_table.c.active)
    return connection.execute(found.limit(1)).first() is not None


def _over() -> CountersignError:
    return AccessError("this link was used already or is too old", do="Ask an administrator for a new one")
