"""Single-person mode: a practice of one may sign off alone, openly.

Without the mode nothing about two persons loosens. With it, every signature carries the mark for ever, every
screen says so, and it holds only while one account at most may review: `audit.store.guards` sees to all three.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access.permission import account_may
from audit.errors import AccessError, StateError
from audit.store import guards, trail
from audit.store.database import alone, read, write
from audit.store.schema import single_person_mode

MARK = "signed alone, in single-person mode"
"""What stands beside each signature made in the mode."""


def is_on(connection: Connection) -> bool:
    """Whether a signature made now carries the mark: the mode is set, and nobody else may review."""
    return bool(connection.execute(select(guards.single_person_holds())).scalar())


def is_on_now(engine: Engine) -> bool:
    with read(engine) as connection:
        return is_on(connection)


def switch(engine: Engine, on: bool, *, by: int, at: datetime, reason: str) -> None:
    """Set the mode. Raises AccessError for all but administrators and while two people may review, StateError
    without a reason or when it is so already."""
    if not reason.strip():
        raise StateError("this change needs its reason in words", do="Say why")
    with write(engine) as connection:
        account_may(connection, by, ("administrator",))
        alone(connection, "single-person mode")
        if _is_set(connection) == on:
            raise StateError(f"single-person mode is {'on' if on else 'off'} already")
        try:
            _set(connection, on, by=by, at=at, reason=reason.strip())
        except DBAPIError as error:
            sentence = guards.refusal(error)
            if sentence is None:
                raise
            raise AccessError(sentence[:1].upper() + sentence[1:], do="Stop the other account first") from None


def end_when_not_alone(connection: Connection, *, by: int | None, at: datetime) -> None:
    """Switch the mode off for good when a second person may review now: their leaving does not bring it back."""
    if _is_set(connection) and not is_on(connection):
        _set(connection, False, by=by, at=at, reason="a second person may review")


def _is_set(connection: Connection) -> bool:
    table = single_person_mode
    return bool(connection.execute(select(table.c.is_on).order_by(table.c.id.desc()).limit(1)).scalar())


def _set(connection: Connection, on: bool, *, by: int | None, at: datetime, reason: str) -> None:
    row = {"is_on": on, "account_id": by, "at": at, "reason": reason}
    before = _is_set(connection)
    connection.execute(insert(single_person_mode).values(row))
    details = {"before": before, "after": on, "reason": reason}
    trail.record(connection, kind="single-person mode", subject="practice", account_id=by, at=at, details=details)
