"""What administrators do with accounts. Every act is an event with what was before and after. `by`
None is the command line.

Nobody changes their own role or stops their own account, and one administrator is always left: whoever could make
himself a reviewer could sign what he reviewed as another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, Engine, Row, func, select

from audit.access import accounts, invitations, sessions, solo
from audit.access.permission import account_may
from audit.errors import CountersignError, StateError
from audit.model import Role
from audit.store import schema
from audit.store.database import alone, read, write

ADMINISTRATOR: tuple[Role, ...] = ("administrator",)
_accounts = schema.accounts


@dataclass(frozen=True, slots=True)
class Person:
    """An account as administrators see it. `locked_until` is None unless it is locked now; `has_password` is false
    until the one-time link was used."""

    account: accounts.Account
    locked_until: datetime | None
    has_password: bool
    sessions: int


def everyone(engine: Engine, now: datetime) -> list[Person]:
    """All accounts by name, those that may sign in first."""
    query = select(_accounts).order_by(_accounts.c.active.desc(), func.lower(_accounts.c.name), _accounts.c.id)
    with read(engine) as connection:
        open_ones = sessions.live(connection, now)
        rows = connection.execute(query).all()
    return [_person(row, open_ones, now) for row in rows]


def _person(row: Row[Any], open_ones: dict[int, int], now: datetime) -> Person:
    locked = row.locked_until if row.locked_until and now < row.locked_until else None
    return Person(accounts.account_of(row), locked, bool(row.password_hash), open_ones.get(row.id, 0))


def add(engine: Engine, *, username: str, name: str, role: Role, npi: str, by: int, at: datetime) -> str:
    """Add an account; return the token of the one-time link with which its owner sets a password.

    Raises AccessError for all but administrators, CountersignError and StateError as `accounts.add` does.
    """
    with write(engine) as connection:
        _begin(connection, by)
        made = accounts.add(connection, username=username, name=name, role=role, npi=npi, at=at, by=by)
        return invitations.make(connection, made.id, at=at, by=by)


def invite(engine: Engine, account_id: int, *, by: int | None, at: datetime) -> str:
    """A new one-time link, for a password forgotten; the old password holds until the link is used."""
    with write(engine) as connection:
        _begin(connection, by)
        row = _of(connection, account_id)
        if not row.active:
            raise StateError("the account is stopped", do="Start it again first")
        return invitations.make(connection, account_id, at=at, by=by)


def change_role(engine: Engine, account_id: int, role: Role, *, by: int, at: datetime) -> None:
    """Give another person another role. Their sessions end: what stands on their screens was for the old one."""
    if role not in get_args(Role):
        raise CountersignError(f"there is no role {role}", do=f"Roles are {', '.join(get_args(Role))}")

    def change(connection: Connection, row: Row[Any]) -> None:
        _not_own(account_id, by, "your own role is for another administrator to change")
        if role == row.role:
            raise StateError("the account has this role already")
        if role == "therapist" and not row.npi:
            raise StateError("a therapist's account needs an NPI", do="Stop this account and add another with it")
        _one_left(connection, row)
        accounts.change(connection, account_id, role=role)
        solo.end_when_not_alone(connection, by=by, at=at)
        sessions.end_all(connection, account_id, at, by=by, why="role changed")

    _do(engine, "role changed", account_id, change, by=by, at=at)


def stop(engine: Engine, account_id: int, *, by: int | None, at: datetime) -> None:
    """Stop an account: its sessions and one-time links end at once, and it cannot sign in."""

    def change(connection: Connection, row: Row[Any]) -> None:
        _not_own(account_id, by, "your own account is for another administrator to stop")
        if not row.active:
            raise StateError("the account is stopped already")
        _one_left(connection, row)
        accounts.change(connection, account_id, active=False)
        invitations.end_all(connection, account_id, at)
        sessions.end_all(connection, account_id, at, by=by, why="account stopped")

    _do(engine, "account stopped", account_id, change, by=by, at=at)


def start_again(engine: Engine, account_id: int, *, by: int, at: datetime) -> None:
    """Let a stopped account sign in again, with the password it had."""

    def change(connection: Connection, row: Row[Any]) -> None:
        if row.active:
            raise StateError("the account is not stopped")
        accounts.change(connection, account_id, active=True, failed_attempts=0, locked_until=None)
        solo.end_when_not_alone(connection, by=by, at=at)

    _do(engine, "account started again", account_id, change, by=by, at=at)


def unlock(engine: Engine, account_id: int, *, by: int, at: datetime) -> None:
    """Take back the lock of too many wrong passwords."""

    def change(connection: Connection, row: Row[Any]) -> None:
        accounts.change(connection, account_id, failed_attempts=0, locked_until=None)

    _do(engine, "lock reset", account_id, change, by=by, at=at)


def end_sessions(engine: Engine, account_id: int, *, by: int, at: datetime) -> None:
    """Sign a person out everywhere. The event of `sessions.end_all` tells of it."""
    with write(engine) as connection:
        _begin(connection, by)
        _of(connection, account_id)
        sessions.end_all(connection, account_id, at, by=by, why="by an administrator")


def _do(
    engine: Engine,
    kind: str,
    account_id: int,
    change: Callable[[Connection, Row[Any]], None],
    *,
    by: int | None,
    at: datetime,
) -> None:
    """One act of an administrator and its event, in one transaction."""
    with write(engine) as connection:
        _begin(connection, by)
        before = _of(connection, account_id)
        change(connection, before)
        after = _of(connection, account_id)
        details = {"before": _state(before, at), "after": _state(after, at)}
        accounts.record(connection, kind, account_id, at, by=by, details=details)


def _begin(connection: Connection, by: int | None) -> None:
    """Only administrators and the command line, and one of them at a time until the end of this transaction."""
    alone(connection, "accounts")
    if by is not None:
        account_may(connection, by, ADMINISTRATOR)


def _of(connection: Connection, account_id: int) -> Row[Any]:
    row = accounts.row_of(connection, _accounts.c.id == account_id)
    if row is None:
        raise StateError(f"there is no account {account_id}", do="Look at the list of accounts")
    return row


def _state(row: Row[Any], now: datetime) -> dict[str, Any]:
    locked = row.locked_until is not None and now < row.locked_until
    return {"role": row.role, "active": row.active, "locked": locked}


def _not_own(account_id: int, by: int | None, wrong: str) -> None:
    if account_id == by:
        raise StateError(wrong, do="Ask another administrator")


def _one_left(connection: Connection, row: Row[Any]) -> None:
    others = select(func.count()).where(_accounts.c.role == "administrator", _accounts.c.active)
    left = connection.execute(others.where(_accounts.c.id != row.id)).scalar_one()
    if row.role == "administrator" and row.active and not left:
        raise StateError("this is the last administrator", do="Make another administrator first")
