"""Undoing a load as a whole, by who may load, with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from audit.access.permission import account_may
from audit.errors import StateError
from audit.model import OPENERS
from audit.store import database, withdrawing


def undo(engine: Engine, load_id: int, *, reason: str, account_id: int | None, at: datetime) -> dict[str, int]:
    """Undo a load, all of it or nothing; return the number of its records by table.

    Raises AccessError for a role that does not load (None is the command line, which may); StateError without a
    reason, and when something rests on the load.
    """
    if not reason.strip():
        raise StateError("a load is undone with a reason", do="Write why")
    with database.write(engine) as connection:
        if account_id is not None:
            account_may(connection, account_id, OPENERS)
        return withdrawing.withdraw(connection, load_id, reason=reason, account_id=account_id, at=at)


def why_not(engine: Engine, load_id: int) -> str:
    """Why a load cannot be undone, in a sentence; "" when it can."""
    with database.read(engine) as connection:
        wrong = withdrawing.in_the_way(connection, load_id)
    if wrong is None:
        return ""
    said = StateError(wrong[0], do=wrong[1]).sentence()
    return said[0].upper() + said[1:]
