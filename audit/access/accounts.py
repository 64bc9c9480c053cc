"""Accounts: who there is, what they may do, and whether a password is theirs.

Five wrong passwords lock an account for a quarter of an hour. Whoever is refused is told the same, and it costs
the same, whether the username is unknown, the password wrong, the account locked or stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from audit.access import passwords, sessions, solo
from audit.errors import AccessError, CountersignError, StateError
from audit.model import Role
from audit.store import trail
from audit.store.database import read, write
from audit.store.schema import accounts

LONGEST_USERNAME = 80
LONGEST_NAME = 200
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
NOBODY = 0
"""No account has this id."""
CONFIRMING = "password refused before a signature"
"""The kind of event of a wrong password given again; it fits the 40 characters that a kind may have."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person. `npi` is "" for those who treat nobody."""

    id: int
    username: str
    name: str
    role: Role
    npi: str
    must_change_password: bool
    active: bool


def create(
    engine: Engine,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    npi: str = "",
    must_change_password: bool = True,
) -> Account:
    """Add an account from the command line. Raises CountersignError when something will not do, StateError when
    the username is taken."""
    passwords.demand(password, username=spelling(username), name=name)
    with write(engine) as connection:
        account = add(connection, username=username, name=name, role=role, npi=npi, at=now, by=None)
        must = {"must_change_password": must_change_password}
        change(connection, account.id, password_hash=passwords.hashed(password), **must)
    return replace(account, must_change_password=must_change_password)


def add(
    connection: Connection, *, username: str, name: str, role: str, npi: str, at: datetime, by: int | None
) -> Account:
    """Add an account that has no password yet. `by` is the account that did it; None is the command line or a
    one-time link. Raises as `create` does."""
    username, name, npi = spelling(username), name.strip(), npi.strip()
    _demand_person(username, name, role, npi)
    if row_of(connection, accounts.c.username == username) is not None:
        raise StateError(f"the username {username} is taken", do="Choose another one")
    row = {"username": username, "name": name, "role": role, "npi": npi, "created_at": at}
    whole = {**row, "password_hash": "", "must_change_password": False, "active": True}
    try:
        account_id = connection.execute(insert(accounts).values(whole).returning(accounts.c.id)).scalar_one()
    except IntegrityError:
        raise StateError(f"the username {username} is taken", do="Choose another one") from None
    solo.end_when_not_alone(connection, by=by, at=at)
    record(connection, "account created", account_id, at, by=by, details={"after": {"role": role, "npi": npi}})
    return account_of(row_of(connection, accounts.c.id == account_id))


def _demand_person(username: str, name: str, role: str, npi: str) -> None:
    if not 0 < len(username) <= LONGEST_USERNAME or role not in get_args(Role):
        raise CountersignError(
            f"an account needs a username of at most {LONGEST_USERNAME} letters and a role",
            do=f"Roles are {', '.join(get_args(Role))}",
        )
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise CountersignError("an account needs a printed name", do="Write it as it stands in signatures")
    if role == "therapist" and not npi:
        raise CountersignError("a therapist's account needs an NPI", do="Give the one that their claims bear")
    if npi and not re.fullmatch(r"[0-9]{10}", npi):
        raise CountersignError("an NPI has ten digits", do="Mend it, or leave it empty for who treats nobody")


def find(engine: Engine, account_id: int) -> Account | None:
    with read(engine) as connection:
        row = row_of(connection, accounts.c.id == account_id)
    return account_of(row) if row else None


def find_by_username(engine: Engine, username: str) -> Account | None:
    with read(engine) as connection:
        row = row_of(connection, accounts.c.username == spelling(username))
    return account_of(row) if row else None


def verify(engine: Engine, username: str, password: str, now: datetime) -> Account | None:
    """The account, when the password is theirs and they may sign in. Slow on purpose: call it in a thread."""
    return _verified(engine, accounts.c.username == spelling(username), password, now, "sign-in failed")


def confirm_password(engine: Engine, account_id: int, password: str, at: datetime) -> None:
    """The password again, before a signature. Wrong ones count towards the lock, and the lock ends all sessions:
    somebody else is at this keyboard.

    Raises AccessError when the password is wrong or the account is locked or stopped. Slow on purpose; call it
    outside a write transaction.
    """
    if _verified(engine, accounts.c.id == account_id, password, at, CONFIRMING) is None:
        raise AccessError(
            "the password is not right, so nothing was signed",
            do=f"Type it again; {TRIES} wrong tries lock the account for {LOCKED_FOR // timedelta(minutes=1)} minutes",
        )


def _verified(engine: Engine, which: ColumnElement[bool], password: str, now: datetime, failure: str) -> Account | None:
    with read(engine) as connection:
        found = row_of(connection, which)
    right = passwords.matches(found.password_hash if found else None, password)
    with write(engine) as connection:
        if found is None:  # as many statements as for a wrong password: time tells nothing
            row_of(connection, accounts.c.id == NOBODY)
            change(connection, NOBODY, failed_attempts=0)
            record(connection, failure, None, now)
            return None
        now_stored = row_of(connection, accounts.c.id == found.id)
        if now_stored is None or _refused(connection, now_stored, right, now, failure):
            return None
        change(connection, found.id, failed_attempts=0, locked_until=None)
        return account_of(now_stored)


def change_password(engine: Engine, account: Account, old: str, new: str, now: datetime) -> None:
    """Give the account a new password and end all its sessions. A wrong old password counts towards the lock.

    Raises AccessError when `old` is wrong, CountersignError when `new` will not do.
    """
    if verify(engine, account.username, old, now) is None:
        raise AccessError("the present password is not right", do="Type it again")
    passwords.demand(new, username=account.username, name=account.name)
    if new == old:
        raise CountersignError("the new password is the old one", do="Choose another one")
    password_hash = passwords.hashed(new)
    with write(engine) as connection:
        change(connection, account.id, password_hash=password_hash, must_change_password=False)
        sessions.end_all(connection, account.id, now, by=account.id, why="password changed")
        record(connection, "password changed", account.id, now, by=account.id)


def _refused(connection: Connection, row: Row[Any], right: bool, now: datetime, failure: str) -> bool:
    """Whether this password is refused; what happened is counted and recorded."""
    locked = row.locked_until is not None and now < row.locked_until
    if right and row.active and not locked:
        return False
    locks_now = not right and not locked and _count_failure(connection, row, now)
    if locks_now and failure == CONFIRMING:
        sessions.end_all(connection, row.id, now, by=None, why="locked")
    record(connection, failure, row.id, now, details={"locked": locked, "active": row.active})
    if locks_now:
        record(connection, "lock-out", row.id, now, details={"tries": TRIES})
    return True


def _count_failure(connection: Connection, row: Row[Any], now: datetime) -> bool:
    """Count a wrong password; true when it was one too many and the account is locked from here on."""
    if row.failed_attempts + 1 < TRIES:
        change(connection, row.id, failed_attempts=row.failed_attempts + 1)
        return False
    change(connection, row.id, failed_attempts=0, locked_until=now + LOCKED_FOR)
    return True


def record(
    connection: Connection,
    kind: str,
    account_id: int | None,
    now: datetime,
    *,
    by: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """What was typed as a username is never recorded: it may be a password."""
    subject = "unknown account" if account_id is None else f"account {account_id}"
    trail.record(connection, kind=kind, subject=subject, account_id=by, at=now, details=details)


def row_of(connection: Connection, which: ColumnElement[bool]) -> Row[Any] | None:
    return connection.execute(select(accounts).where(which)).one_or_none()


def change(connection: Connection, account_id: int, **values: Any) -> None:
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(**values))


def account_of(row: Row[Any] | None) -> Account:
    assert row is not None
    return Account(row.id, row.username, row.name, row.role, row.npi, row.must_change_password, row.active)


def spelling(username: str) -> str:
    """Usernames are the same in capitals and small letters."""
    return "".join(letter for letter in username if letter.isprintable()).strip().casefold()
