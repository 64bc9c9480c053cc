"""Checked tables into the store: what is new is added, what changed becomes a new version, the rest is skipped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from audit import model
from audit.errors import InputError, Refusal
from audit.store import adding, kept, schema, trail
from audit.store.canonical import canonical
from audit.store.cells import Cells
from audit.store.comparing import Compared, compare, incoming, newest_versions
from audit.store.database import alone, write
from audit.store.rows import among
from audit.tables import Tables

Counts = dict[str, dict[str, int]]
Progress = Callable[[int, int], None]
"""Called with the number of rows stored and of all that are to be; raise from it to cancel: nothing is stored then."""
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
    progress: Progress | None = None,
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
            progress=progress,
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
    progress: Progress | None = None,
) -> Loaded:
    """`load` inside the caller's transaction."""
    _refuse_repeats(tables, name)
    alone(connection, "load")
    found = [compare(connection, *named, answered) for named in incoming(connection, tables).items()]
    counts = _counts(found, refusals)
    told_before = not refusals or _seen(connection, sha256)
    if told_before and not any(len(part.new) or len(part.changed) or part.gone for part in found):
        return Loaded(None, counts, _when(connection, found))
    row = {"sha256": sha256, "name": name, "account_id": account_id, "at": at, "counts": canonical(counts)}
    load_id = connection.execute(insert(schema.loads).values(row).returning(schema.loads.c.id)).scalar_one()
    if refusals:
        connection.execute(insert(schema.refusals), [{"load_id": load_id, **asdict(r)} for r in refusals])
    told = _counted(found, progress)
    for part in found:
        _add(connection, load_id, part, told)
    if sum(len(part.new) for part in found) > adding.AT_ONCE:
        adding.survey(connection)
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
        refused = part.records.refused
        every = {"new": part.new, "changed": part.changed, "unchanged": part.unchanged}
        fates = {fate: places[~refused[places]] for fate, places in every.items()}
        counts[part.table.name] = {fate: len(of_fate) for fate, of_fate in fates.items()}
        if part.table.name in PARTS:
            inside = {fate: len(part.records.parts_of(of_fate)) for fate, of_fate in fates.items()}
            counts[PARTS[part.table.name][0]] = inside
    return counts | {"refused": {"rows": len({(r.file, r.row) for r in refusals})}}


def _seen(connection: Connection, sha256: str) -> bool:
    loads = schema.loads
    return connection.execute(select(loads.c.id).where(loads.c.sha256 == sha256).limit(1)).first() is not None


def _when(connection: Connection, found: list[Compared]) -> datetime | None:
    """When the newest of the records came that the store had already."""
    ids = {part.held[part.records.keys[place]].load_id for part in found for place in part.unchanged.tolist()}
    loads = schema.loads
    return connection.execute(select(func.max(loads.c.at)).where(among(connection, loads.c.id, sorted(ids)))).scalar()


def _counted(found: list[Compared], progress: Progress | None) -> adding.Told:
    """Tells how many rows of all are stored."""
    added = [np.r_[part.new, part.changed] for part in found]
    whole = sum(len(which) + len(part.records.parts_of(which)) for part, which in zip(found, added, strict=True))
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, whole)

    return told


def _add(connection: Connection, load_id: int, part: Compared, told: adding.Told) -> None:
    """Retire the versions that changed, then add the new ones with their lines or services."""
    table, records, which = part.table, part.records, np.r_[part.new, part.changed]
    changed = [part.held[records.keys[place]].id for place in part.changed.tolist()]
    _retire(connection, load_id, table, [*part.gone, *changed])
    number = len(which)
    if not number:
        return
    ids = adding.new_ids(connection, table, number)
    row = {"id": Cells.of(ids), "is_current": Cells.same(True, number), "load_id": Cells.same(load_id, number)}
    row |= {"content_sha256": Cells.of([records.digests[place] for place in which.tolist()])}
    row |= {name: cells.at(which) for name, cells in records.row.items()}
    if "version" in table.c:
        keys = [records.keys[place][0] for place in which.tolist()]
        newest = newest_versions(connection, table, keys)
        row["version"] = Cells.of([newest.get(key, 0) + 1 for key in keys])
    adding.add(connection, table, row, number, told)
    if table.name in PARTS:
        _, parts, reference = PARTS[table.name]
        inside = records.parts_of(which)
        whose = Cells(ids, np.repeat(np.arange(number), np.diff(records.ends)[which]))
        own = {name: cells.at(inside) for name, cells in records.parts.items()}
        adding.add(connection, parts, {reference: whose, **own}, len(inside), told)


def _retire(connection: Connection, load_id: int, table: Table, ids: list[int]) -> None:
    if ids:
        connection.execute(update(table).where(among(connection, table.c.id, ids)).values(is_current=False))
        rows = [{"load_id": load_id, "table_name": table.name, "row_id": one} for one in ids]
        connection.execute(insert(schema.retirements), rows)
