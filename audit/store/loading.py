"""Checked tables into the store: what is new is added, what changed becomes a new version, the rest is skipped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from audit import model
from audit.errors import InputError, Refusal
from audit.store import kept, schema, trail
from audit.store.canonical import canonical
from audit.store.comparing import Compared, compare, incoming, newest_versions
from audit.store.database import alone, write
from audit.store.records import KEYS, Record
from audit.store.rows import among
from audit.tables import Tables

Counts = dict[str, dict[str, int]]
PARTS = {
    "claims": ("lines", schema.claim_lines, "claim_version_id"),
    "notes": ("services", schema.note_services, "note_version_id"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `counts`: for claims, lines, notes, services and each context table the numbers `new`,
    `changed` and `unchanged` (lines and services share the fate of their claim or note), and for `refused` the
    rows. `load_id` is None when nothing was added; `before` is then when this content came."""

    load_id: int | None
    counts: Counts
    before: datetime | None = None

    def sentence(self) -> str:
        if self.load_id is None:
            on = f" on {self.before:%Y-%m-%d}" if self.before else ""
            return f"This content was already loaded{on}; nothing was added."
        claims = self.counts["claims"]
        return f"Claims: {claims['new']} new, {claims['changed']} changed, {claims['unchanged']} unchanged."


def load(
    engine: Engine,
    tables: Tables,
    refusals: Sequence[Refusal],
    *,
    name: str,
    sha256: str,
    account_id: int | None,
    at: datetime,
    answered: Collection[str] = (),
    refused_tables: Sequence[tuple[str, str]] = (),
) -> Loaded:
    """Add checked tables to the store, all of them or nothing, in one transaction.

    `name` is what the user calls the files, `sha256` the digest of their bytes; `answered` are ids of claims
    that came as a payer's answer only: they never replace a claim that is held; `refused_tables` are the refused
    rows as they stood, name and CSV. Nothing is added, and no load
    counted, when the store has all of it. Notes that come without any services keep those they have. Raises
    InputError when a key stands twice.
    """
    with write(engine) as connection:
        return take(
            connection,
            tables,
            refusals,
            name=name,
            sha256=sha256,
            account_id=account_id,
            at=at,
            answered=answered,
            refused_tables=refused_tables,
        )


def take(
    connection: Connection,
    tables: Tables,
    refusals: Sequence[Refusal],
    *,
    name: str,
    sha256: str,
    account_id: int | None,
    at: datetime,
    answered: Collection[str] = (),
    refused_tables: Sequence[tuple[str, str]] = (),
) -> Loaded:
    """`load` inside the caller's transaction."""
    _refuse_repeats(tables, name)
    alone(connection, "load")
    found = [compare(connection, *named, answered) for named in incoming(connection, tables).items()]
    counts = _counts(found, refusals)
    told_before = not refusals or _seen(connection, sha256)
    if told_before and not any(part.new or part.changed or part.gone for part in found):
        return Loaded(None, counts, _when(connection, found))
    row = {"sha256": sha256, "name": name, "account_id": account_id, "at": at, "counts": canonical(counts)}
    load_id = connection.execute(insert(schema.loads).values(row).returning(schema.loads.c.id)).scalar_one()
    _add_all(connection, load_id, found, refusals)
    if refused_tables:
        rows = [{"load_id": load_id, "name": one, "csv": csv} for one, csv in refused_tables]
        connection.execute(insert(schema.refused_tables), rows)
    kept.refresh(connection, kept.touched_by_load(connection, load_id), at)
    details = {"sha256": sha256, "counts": counts}
    trail.record(connection, kind="load", subject=f"load {load_id}", account_id=account_id, at=at, details=details)
    return Loaded(load_id, counts)


def _refuse_repeats(tables: Tables, name: str) -> None:
    for table in model.TABLES.values():
        if table.key and getattr(tables, table.name).duplicated(list(table.key)).any():
            key = " and ".join(table.key)
            raise InputError(f"two rows of {table.name} have the same {key}", where=name, do="Keep one of them")


def _counts(found: list[Compared], refusals: Sequence[Refusal]) -> Counts:
    counts: Counts = {}
    for part in found:
        fates = {"new": part.new, "changed": part.changed, "unchanged": part.unchanged}
        counts[part.table.name] = {fate: len(of_fate) for fate, of_fate in fates.items()}
        if part.table.name in PARTS:
            inside = {fate: sum(len(record.parts) for record in of_fate) for fate, of_fate in fates.items()}
            counts[PARTS[part.table.name][0]] = inside
    return counts | {"refused": {"rows": len({(r.file, r.row) for r in refusals})}}


def _seen(connection: Connection, sha256: str) -> bool:
    loads = schema.loads
    return connection.execute(select(loads.c.id).where(loads.c.sha256 == sha256).limit(1)).first() is not None


def _when(connection: Connection, found: list[Compared]) -> datetime | None:
    """When the newest of the records came that the store had already."""
    ids = {part.held[record.key].load_id for part in found for record in part.unchanged}
    loads = schema.loads
    return connection.execute(select(func.max(loads.c.at)).where(among(connection, loads.c.id, sorted(ids)))).scalar()


def _add_all(connection: Connection, load_id: int, found: list[Compared], refusals: Sequence[Refusal]) -> None:
    if refusals:
        connection.execute(insert(schema.refusals), [{"load_id": load_id, **asdict(r)} for r in refusals])
    for part in found:
        if part.new or part.changed or part.gone:
            _add(connection, load_id, part)


def _add(connection: Connection, load_id: int, part: Compared) -> None:
    """Retire the versions that changed, then add the new ones with their lines or services."""
    table, added = part.table, [*part.new, *part.changed]
    _retire(connection, load_id, table, [*part.gone, *[part.held[record.key].id for record in part.changed]])
    fixed = {"is_current": True, "load_id": load_id}
    versions = [{**record.row, **fixed, "content_sha256": record.content_sha256} for record in added]
    if "version" in table.c:
        newest = newest_versions(connection, table, [record.key[0] for record in added])
        for record, row in zip(added, versions, strict=True):
            row["version"] = newest.get(record.key[0], 0) + 1
    if versions:
        connection.execute(insert(table), versions)
    if table.name in PARTS:
        _add_parts(connection, load_id, table, added)


def _retire(connection: Connection, load_id: int, table: Table, ids: list[int]) -> None:
    if ids:
        connection.execute(update(table).where(among(connection, table.c.id, ids)).values(is_current=False))
        rows = [{"load_id": load_id, "table_name": table.name, "row_id": one} for one in ids]
        connection.execute(insert(schema.retirements), rows)


def _add_parts(connection: Connection, load_id: int, table: Table, added: list[Record]) -> None:
    _, parts, reference = PARTS[table.name]
    key = table.c[KEYS[table.name][0]]
    added_rows = connection.execute(select(key, table.c.id).where(table.c.load_id == load_id))
    ids = {row[0]: row[1] for row in added_rows}
    inside = [{reference: ids[record.key[0]], **row} for record in added for row in record.parts]
    if inside:
        connection.execute(insert(parts), inside)
