"""The trail for people: events by filter, and the regular review of the trail.

Looking at the trail is an event too. Only roles that never review may look, so that nothing blind is shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select, true

from audit.errors import StateError
from audit.reviewing.review import VIEWS
from audit.reviewing.review_rights import TRAIL_READERS, account_may
from audit.store import schema, trail
from audit.store.database import read, write

REVIEWED = "trail reviewed"
COLUMNS = ("id", "at", "who", "kind", "subject", "details", "origin", "before", "after")
SHORT = 12
_DIGEST = re.compile("[0-9a-f]{64}")
_UNTOLD = ("from", "before", "after", "row")
events = schema.events


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What is not given does not matter; `until` is not included. `subject` is exact: "claim version 12"."""

    kind: str = ""
    account_id: int | None = None
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EventPage:
    """Events, newest first, columns COLUMNS, and how many there are in all."""

    rows: pd.DataFrame
    total: int


def events_seen(
    engine: Engine, *, viewer: int, at: datetime, wanted: EventFilter | None = None, page: int = 1, size: int = 50
) -> EventPage:
    """One page of the trail; that it was looked at is recorded. Raises AccessError for other roles."""
    wanted = wanted or EventFilter()
    with write(engine) as connection:
        account_may(connection, viewer, TRAIL_READERS)
        where = _where(wanted)
        total = connection.execute(select(func.count()).select_from(events).where(where)).scalar_one()
        query = select(events).where(where).order_by(events.c.id.desc()).limit(size).offset((page - 1) * size)
        rows = _told(connection, query)
        looked = {"filter": {n: str(getattr(wanted, n)) for n in EventFilter.__slots__ if getattr(wanted, n)}}
        details = looked | {"page": page}
        trail.record(connection, kind="trail viewed", subject="trail", account_id=viewer, at=at, details=details)
    return EventPage(rows, int(total))


def kinds(engine: Engine) -> list[str]:
    """Every kind of event there is, for a filter."""
    with read(engine) as connection:
        return list(connection.execute(select(events.c.kind).distinct().order_by(events.c.kind)).scalars())


def record_review(engine: Engine, *, account_id: int, at: datetime, text: str, upto: int | None = None) -> None:
    """Record that the trail was reviewed up to an event (default: the newest), and what came of it."""
    if not text.strip():
        raise StateError("a review of the trail needs words", do="Say what was looked at and found")
    with write(engine) as connection:
        account_may(connection, account_id, TRAIL_READERS)
        newest = connection.execute(select(func.max(events.c.id))).scalar() or 0
        last = _last_review(connection)
        details = {"text": text.strip(), "after": last["upto"] if last else 0, "upto": min(upto or newest, newest)}
        details["head"] = trail.head(connection)
        trail.record(connection, kind=REVIEWED, subject="trail", account_id=account_id, at=at, details=details)


def last_review(engine: Engine) -> dict[str, Any] | None:
    """The newest review of the trail: at, who, upto (event), text; None when it was never reviewed."""
    with read(engine) as connection:
        return _last_review(connection)


def _where(wanted: EventFilter) -> ColumnElement[bool]:
    parts = [
        events.c[name] == value
        for name in ("kind", "account_id", "subject")
        if (value := getattr(wanted, name)) not in (None, "")
    ]
    if wanted.since:
        parts.append(events.c.at >= wanted.since)
    if wanted.until:
        parts.append(events.c.at < wanted.until)
    return and_(true(), *parts)


def _told(connection: Connection, query: Any) -> pd.DataFrame:
    accounts = schema.accounts
    names = dict(connection.execute(select(accounts.c.id, accounts.c.name)).all())
    rows = []
    for one in connection.execute(query).mappings():
        details = json.loads(one["details"])
        told = "; ".join(f"{name}: {_in_words(value)}" for name, value in details.items() if name not in _UNTOLD)
        rows.append(
            {
                **{name: one[name] for name in ("id", "at", "kind", "subject")},
                "who": names.get(one["account_id"], ""),
                "details": told,
                "origin": str(details.get("from", "")),
                **{name: _state(str(details.get(name, ""))) for name in ("before", "after")},
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _state(name: str) -> str:
    return VIEWS.get(name, name)


def _in_words(value: Any) -> str:
    """A detail for reading; of a digest its first characters, which tell it from any other."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value[:SHORT]}…" if isinstance(value, str) and _DIGEST.fullmatch(value) else str(value)


def _last_review(connection: Connection) -> dict[str, Any] | None:
    query = select(events).where(events.c.kind == REVIEWED).order_by(events.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    details = json.loads(row["details"])
    who = connection.execute(select(schema.accounts.c.name).where(schema.accounts.c.id == row["account_id"])).scalar()
    return {"at": row["at"], "who": who or "", "upto": details["upto"], "text": details["text"]}
