"""Incoming records beside what the store holds: which are new, changed, unchanged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select

from audit import model
from audit.store import schema
from audit.store.cells import Cells, Places, columns
from audit.store.records import KEYS, Records, records
from audit.store.rows import among
from audit.tables import Tables


@dataclass(frozen=True, slots=True)
class Held:
    """The current version of a record in the store."""

    id: int
    content_sha256: str
    load_id: int


@dataclass(frozen=True)
class Compared:
    """The records of one table, and the places of those that are new, changed and unchanged; `held` has the current
    versions by key, `gone` the ids of rows of a payment that came again without them."""

    table: Table
    records: Records
    held: dict[tuple[Any, ...], Held]
    new: Places
    changed: Places
    unchanged: Places
    gone: list[int]


def incoming(connection: Connection, tables: Tables) -> dict[str, Records]:
    """The records of `tables`. Notes that come without any services have those of the store."""
    services = columns(tables.note_services, model.NOTE_SERVICES)
    if tables.note_services.empty and not tables.notes.empty:
        services = _services_held(connection, tables.notes["note_id"].tolist())
    return records(tables, services)


def _services_held(connection: Connection, note_ids: list[str]) -> dict[str, Cells]:
    services, notes = schema.note_services, schema.notes
    names = model.NOTE_SERVICES.names
    query = (
        select(*[services.c[name] for name in names])
        .join(notes, notes.c.id == services.c.note_version_id)
        .where(notes.c.is_current, among(connection, notes.c.note_id, note_ids))
        .order_by(services.c.note_version_id, services.c.position)
    )
    rows = connection.execute(query).all()
    return {name: Cells.of([row[place] for row in rows]) for place, name in enumerate(names)}


def compare(connection: Connection, name: str, found: Records, answered: Collection[str] = ()) -> Compared:
    """What becomes of the records of table `name`. What tells less than the record itself replaces none that is held:
    claims that are known from a payer's answer only (`answered`), and what is left of refused records."""
    table = schema.metadata.tables[name]
    held = _held(connection, table, found)
    kept, refused = set(answered) if name == "claims" else set(), found.refused
    fates: tuple[list[int], ...] = ([], [], [])
    for place, (key, digest) in enumerate(zip(found.keys, found.digests, strict=True)):
        old = held.get(key)
        less = refused[place] or key[0] in kept
        differs = old is not None and old.content_sha256 != digest and not less
        fates[0 if old is None else 1 if differs else 2].append(place)
    came = set(found.keys) if name in model.PAID else set()
    gone = [old.id for key, old in held.items() if name in model.PAID and key not in came]
    new, changed, unchanged = [np.array(places, dtype=np.intp) for places in fates]
    return Compared(table, found, held, new, changed, unchanged, gone)


def _held(connection: Connection, table: Table, found: Records) -> dict[tuple[Any, ...], Held]:
    if not found.keys or connection.execute(select(table.c.id).limit(1)).first() is None:
        return {}
    key = [table.c[name] for name in KEYS[table.name]]
    query = select(table.c.id, table.c.content_sha256, table.c.load_id, *key).where(
        table.c.is_current, among(connection, key[0], [one[0] for one in found.keys])
    )
    return {tuple(row[3:]): Held(*row[:3]) for row in connection.execute(query)}


def newest_versions(connection: Connection, table: Table, keys: list[str]) -> dict[str, int]:
    """By key the highest number that a version of it ever had, those of loads undone included."""
    key = table.c[KEYS[table.name][0]]
    query = select(key, func.max(table.c.version)).where(among(connection, key, keys)).group_by(key)
    return {row[0]: row[1] for row in connection.execute(query)}
