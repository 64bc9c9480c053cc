"""Incoming records beside what the store holds: which are new, changed, unchanged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from audit import model
from audit.store import schema
from audit.store.records import KEYS, Record, records
from audit.store.rows import Row, among, rows
from audit.tables import Tables


@dataclass(frozen=True, slots=True)
class Held:
    """The current version of a record in the store."""

    id: int
    content_sha256: str
    load_id: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The records of one table by what becomes of them; `held` has the current versions by key, `gone` the ids of
    rows of a payment that came again without them."""

    table: Table
    held: dict[tuple[Any, ...], Held]
    new: list[Record]
    changed: list[Record]
    unchanged: list[Record]
    gone: list[int]


def incoming(connection: Connection, tables: Tables) -> dict[str, list[Record]]:
    """The records of `tables`. Notes that come without any services have those of the store."""
    services = rows(tables.note_services, model.NOTE_SERVICES)
    if not services:
        services = _services_held(connection, tables.notes["note_id"].tolist())
    return records(tables, services)


def _services_held(connection: Connection, note_ids: list[str]) -> list[Row]:
    services, notes = schema.note_services, schema.notes
    query = (
        select(*[services.c[name] for name in model.NOTE_SERVICES.names])
        .join(notes, notes.c.id == services.c.note_version_id)
        .where(notes.c.is_current, among(connection, notes.c.note_id, note_ids))
        .order_by(services.c.note_version_id, services.c.position)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def compare(connection: Connection, name: str, found: list[Record], answered: Collection[str] = ()) -> Compared:
    """What becomes of the records of table `name`. Claims that are known from a payer's answer only (`answered`) do
    not replace what is held: an answer tells less than the claim that was sent."""
    table = schema.metadata.tables[name]
    held = _held(connection, table, found)
    kept = set(answered) if name == "claims" else set()
    known, came = [(record, held.get(record.key)) for record in found], {record.key for record in found}
    return Compared(
        table,
        held,
        new=[record for record, old in known if old is None],
        changed=[record for record, old in known if old and _differs(record, old, kept)],
        unchanged=[record for record, old in known if old and not _differs(record, old, kept)],
        gone=[old.id for key, old in held.items() if name in model.PAID and key not in came],
    )


def _differs(record: Record, old: Held, kept: set[str]) -> bool:
    return old.content_sha256 != record.content_sha256 and record.key[0] not in kept


def _held(connection: Connection, table: Table, found: list[Record]) -> dict[tuple[Any, ...], Held]:
    key = [table.c[name] for name in KEYS[table.name]]
    query = select(table.c.id, table.c.content_sha256, table.c.load_id, *key).where(
        table.c.is_current, among(connection, key[0], [record.key[0] for record in found])
    )
    return {tuple(row[3:]): Held(*row[:3]) for row in connection.execute(query)}


def newest_versions(connection: Connection, table: Table, keys: list[str]) -> dict[str, int]:
    """By key the highest number that a version of it ever had, those of loads undone included."""
    key = table.c[KEYS[table.name][0]]
    query = select(key, func.max(table.c.version)).where(among(connection, key, keys)).group_by(key)
    return {row[0]: row[1] for row in connection.execute(query)}
