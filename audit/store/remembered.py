"""Figures over the whole store, worked out once for each state of what they rest on and kept in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from audit.store import schema

Figure = TypeVar("Figure")
_held: WeakKeyDictionary[Engine, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()


def once(
    connection: Connection, what: str, stamp: Callable[[Connection], Any], work_out: Callable[[], Figure]
) -> Figure:
    """The figure `what` of this database. It is worked out anew when `stamp`, a few numbers that are quick to read,
    says that something it rests on has changed. Counts, ids of rows and names of payers only: what is kept here is for
    everyone."""
    held, now = _held.setdefault(connection.engine, {}), stamp(connection)
    before = held.get(what)
    if before is None or before[0] != now:
        before = held[what] = (now, work_out())
    return cast("Figure", before[1])


def loaded(connection: Connection) -> tuple[int | None, ...]:
    """What changes when loaded records come or go, or lose their patient's values."""
    asked = func.max(schema.loads.c.id), func.count(schema.withdrawals.c.load_id), func.count(schema.retentions.c.id)
    return tuple(connection.execute(select(ask)).scalar() for ask in asked)
