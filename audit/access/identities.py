"""Which of our accounts a person of another provider is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from audit.access import accounts, sessions
from audit.access.accounts import Account
from audit.access.oidc import Match, Person
from audit.errors import StateError
from audit.store import trail
from audit.store.database import write
from audit.store.schema import accounts as accounts_table
from audit.store.schema import identities


def account_for(engine: Engine, person: Person, match: Match, now: datetime) -> Account | None:
    """The active account that is bound to this person, or is bound to them now because its username matches.

    None, with an event, for everyone else: an account that is locked or stopped, or bound to another person of this
    provider.
    """
    with write(engine) as connection:
        account_id = _bound(connection, person) or _bind_by_name(connection, person, match, now)
        row = accounts.row_of(connection, accounts_table.c.id == account_id)
        locked = row is not None and row.locked_until is not None and now < row.locked_until
        if row is None or not row.active or locked:
            subject = f"account {row.id}" if row else "unknown account"
            details = {"by": "provider", "locked": locked}
            trail.record(connection, kind="sign-in failed", subject=subject, account_id=None, at=now, details=details)
            return None
        return accounts.account_of(row)


def bind(engine: Engine, account_id: int, *, issuer: str, subject: str, at: datetime) -> None:
    """Bind an account to a person of a provider, from the command line. Raises StateError when either is bound."""
    person = Person(issuer, subject, "", "")
    with write(engine) as connection:
        if _bound(connection, person) is not None or _has_one(connection, account_id, issuer):
            raise StateError("the account or the person is bound already", do="Look at the trail for when")
        _bind(connection, account_id, person, at)
        sessions.end_all(connection, account_id, at, by=None, why="bound to a provider")


def _bound(connection: Connection, person: Person) -> int | None:
    same = (identities.c.issuer == person.issuer) & (identities.c.subject == person.subject)
    return connection.execute(select(identities.c.account_id).where(same)).scalar()


def _has_one(connection: Connection, account_id: int, issuer: str) -> bool:
    same = (identities.c.account_id == account_id) & (identities.c.issuer == issuer)
    return connection.execute(select(identities.c.id).where(same).limit(1)).first() is not None


def _bind_by_name(connection: Connection, person: Person, match: Match, now: datetime) -> int | None:
    username = accounts.spelling(person.called(match))
    row = accounts.row_of(connection, accounts_table.c.username == username) if username else None
    if row is None or not row.active or _has_one(connection, row.id, person.issuer):
        return None
    _bind(connection, row.id, person, now)
    return int(row.id)


def _bind(connection: Connection, account_id: int, person: Person, at: datetime) -> None:
    row = {"account_id": account_id, "issuer": person.issuer, "subject": person.subject, "at": at}
    connection.execute(insert(identities).values(row))
    accounts.record(connection, "bound to a provider", account_id, at, details={"issuer": person.issuer})
