"""The trail: who did what and when, each event bound to the one before it by its hash.

A changed, inserted or removed event breaks the chain. Events cut off at the end do not: keep the last hash
(`head`) outside the database, as the reports do, to find that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from audit.store.canonical import canonical, sha256
from audit.store.database import alone
from audit.store.schema import events

START = "0" * 64
where: Callable[[], str] = str
"""Tells where the person at work sits (an address of the network; "" when unknown). The server sets it at start."""
SLACK = timedelta(minutes=1)
"""How much earlier than the event before it a time may be without a word: people who work at once, a long step."""
_HASHED = ("at", "account_id", "kind", "subject", "details", "previous_sha256")


@dataclass(frozen=True, slots=True)
class Break:
    """The first event that does not follow from the one before it."""

    event_id: int
    wrong: str


def record(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    account_id: int | None,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> str:
    """Add an event inside the caller's write transaction; return its hash.

    `details` hold ids and counts, never a patient's name; `where` is added to them as "from". Call it last in
    the transaction: on PostgreSQL whoever else records waits until it ends.
    """
    row = {"kind": kind, "subject": subject, "account_id": account_id, "at": at, "details": details or {}}
    return record_all(connection, [row])


def record_all(connection: Connection, told: Iterable[Mapping[str, Any]]) -> str:
    """As `record`, many at once: each with kind, subject, account_id, at and details; return the last hash.

    No event is earlier than the one before it: where the clock was set back it has the time of that one, and "clock"
    says what the clock said.
    """
    alone(connection, "trail")
    origin = {"from": where()} if where() else {}
    rows: list[dict[str, Any]] = []
    last, latest = _newest(connection)
    for one in told:
        behind = {"clock": one["at"]} if latest and latest - one["at"] > SLACK else {}
        latest = max(latest or one["at"], one["at"])
        row = {**one, "at": latest, "details": canonical({**one["details"], **origin, **behind})}
        row["previous_sha256"] = last
        last = _digest(row)
        rows.append({**row, "sha256": last})
    if rows:
        connection.execute(insert(events), rows)
    return last


def head(connection: Connection) -> str:
    """The hash of the last event."""
    return _newest(connection)[0]


def newest(connection: Connection) -> datetime | None:
    """The time of the last event, which none is after; None without events."""
    return _newest(connection)[1]


def _newest(connection: Connection) -> tuple[str, datetime | None]:
    found = connection.execute(select(events.c.sha256, events.c.at).order_by(events.c.id.desc()).limit(1)).first()
    return (found.sha256, found.at) if found else (START, None)


def verify(connection: Connection) -> Break | None:
    """Walk the chain from its start; the first break, or None."""
    previous = START
    chain = select(events).order_by(events.c.id).execution_options(yield_per=1000)
    for row in connection.execute(chain).mappings():
        if row["previous_sha256"] != previous:
            return Break(row["id"], "it does not follow the event before it: an event was removed, added or changed")
        if row["sha256"] != _digest(row):
            return Break(row["id"], "its content was changed after it was recorded")
        previous = row["sha256"]
    return None


def _digest(row: Mapping[str, Any] | RowMapping) -> str:
    return sha256(canonical({name: row[name] for name in _HASHED}))
