"""Putting a backup back: built beside what is there, checked row for row, then put in its place in one step."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from audit import temporary
from audit.backups import facts_beside, replacing
from audit.backups.manifest import Manifest, damaged, member, opened
from audit.backups.writing import Rows, breaks
from audit.errors import StateError
from audit.store import dumping, migrations, trail
from audit.store.database import connect, write
from audit.store.troubles import of_file
from audit.store.verifying import Tell


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside`: where what was there before is kept, "" when there was nothing; `settings`: those of then that are
    others now, as NAME=value; `retentions`: the days of those run in what was there since the backup was made."""

    manifest: Manifest
    rows: int
    aside: str
    settings: tuple[str, ...]
    retentions: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class _Backup:
    """An open backup: its file and where that lies, what it says of itself, and who hears how far its return is."""

    file: zipfile.ZipFile
    manifest: Manifest
    path: Path
    tell: Tell | None


def restore(
    engine: Engine, path: Path, facts: Path, *, at: datetime, replace: bool = False, tell: Tell | None = None
) -> Restored:
    """Make the database of `engine` what the backup `path` holds, brought up to this version; the trail tells of it.
    `tell` hears how far it is.

    Raises InputError when the backup is not whole or newer; StateError when the database has data and `replace` is
    not said, or another program has it open. Then nothing changed.
    """
    with opened(path) as (file, manifest):
        keep = replacing.has_data(engine)
        if keep and not replace:
            raise StateError(
                "the database has data",
                where=replacing.place(engine),
                do="Name an empty one, or say --replace: what is there is then set aside, not removed",
            )
        made = datetime.fromisoformat(manifest.made_at)
        retentions = replacing.retained_since(engine, made) if keep else ()
        try:
            facts_beside.put_back(file, manifest, facts, at, replace=replace)
            aside = _into(engine, _Backup(file, manifest, path, tell), at, keep=keep)
        except OSError as error:
            raise of_file(error, replacing.place(engine)) from None
    rows = sum(one.rows for one in manifest.tables.values())
    others = tuple(f"{name}={value}" for name, value in manifest.settings.items() if os.environ.get(name) != value)
    return Restored(manifest, rows, aside, others, retentions)


def try_out(path: Path, at: datetime, tell: Tell | None = None) -> Manifest:
    """Restore a backup into a folder that is removed again; raises as `restore` does."""
    with opened(path) as (file, manifest), temporary.folder() as folder:
        _new_file(folder / "tried.db", _Backup(file, manifest, path, tell), at)
    return manifest


def _into(engine: Engine, backup: _Backup, at: datetime, *, keep: bool) -> str:
    if engine.dialect.name == "postgresql":
        with write(engine) as connection:
            aside = replacing.set_schema_aside(connection, at, keep=keep)
            _build(connection, backup, at)
        return aside
    target = Path(str(engine.url.database))
    engine.dispose()
    making = target.with_name(f".{target.name}.restoring")
    try:
        _new_file(making, backup, at)
        return replacing.swap(making, target, at, keep=keep)
    finally:
        replacing.remove(making)


def _new_file(making: Path, backup: _Backup, at: datetime) -> None:
    replacing.remove(making)
    engine = connect(f"sqlite:///{making}")
    try:
        with write(engine) as connection:
            _build(connection, backup, at)
    finally:
        engine.dispose()


def _build(connection: Connection, backup: _Backup, at: datetime) -> None:
    """Tables as they were, their rows, what has changed since; all compared with what the backup says."""
    migrations.begin_at(connection, backup.manifest.revision)
    rows = Rows(backup.tell, sum(one.rows for one in backup.manifest.tables.values()))
    for name in [one for one in dumping.names(connection) if one in backup.manifest.tables]:
        told = backup.manifest.tables[name]
        if told.columns != dumping.columns_of(connection, name):
            raise damaged(backup.path)
        with backup.file.open(member(name)) as every:
            dumping.fill(connection, name, told.columns, every)
        if dumping.dump(connection, name, rows.passed_to(len)) != told:
            raise damaged(backup.path)
    migrations.complete(connection)
    now = breaks(connection, backup.tell)
    strays = connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first()
    if strays or trail.head(connection) != backup.manifest.head or not set(now) <= set(backup.manifest.breaks):
        raise damaged(backup.path)
    details = {"made_at": backup.manifest.made_at, "head": backup.manifest.head, "version": backup.manifest.version}
    trail.record(connection, kind="backup restored", subject="backup", account_id=None, at=at, details=details)
