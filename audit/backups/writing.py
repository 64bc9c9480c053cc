"""Making a backup while people work: one moment of the database, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from audit import __version__
from audit.backups.manifest import FORMAT, NAME, Manifest, member, opened
from audit.errors import InputError, StateError, StoreError
from audit.store import dumping, migrations, schema, trail, verifying
from audit.store.database import place, read, write
from audit.store.troubles import of_file
from audit.store.verifying import Tell

SETTINGS = tuple(
    f"COUNTERSIGN_{name}"
    for name in ("IDLE_MINUTES", "PUBLIC_URL", "TRUSTED_PROXIES", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_MATCH")
)
"""What else an administrator set. The database's address and the provider's secret are not kept."""
_OURS = re.compile(r"countersign-\d{8}-\d{6}\.zip")


@dataclass(slots=True)
class Rows:
    """Tells of each bundle of rows that goes through it, a line each."""

    tell: Tell | None
    total: int
    done: int = 0

    def passed_to(self, onward: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        def passed(content: bytes) -> Any:
            self.done += content.count(b"\n")
            if self.tell:
                self.tell("rows", self.done, self.total)
            return onward(content)

        return passed


@dataclass(frozen=True, slots=True)
class Written:
    """`rows`: of all tables; `facts`: loads of facts; `breaks`: what is wrong with the trail, in sentences."""

    path: Path
    rows: int
    facts: int
    head: str
    breaks: tuple[str, ...]


def place_for(asked: Path, at: datetime) -> Path:
    """The file to write: `asked` itself, or in that folder a name with the date and time (UTC)."""
    return asked / f"countersign-{at.astimezone(UTC):%Y%m%d-%H%M%S}.zip" if asked.is_dir() else asked


def thin_out(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups that `place_for` named in a folder; return those removed."""
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    gone = ours[: max(len(ours) - keep, 0)]
    for path in gone:
        path.unlink()
    return gone


def back_up(engine: Engine, path: Path, facts: Path, *, at: datetime, tell: Tell | None = None) -> Written:
    """Write a backup of the database and of the loads of facts in `facts`; the trail tells of it. `tell` hears how far
    it is.

    Raises StateError when the file is there already, InputError when there is nothing to back up, StoreError when the
    database is damaged or the file cannot be written; then no file is left. StoreError, with the file left, when the
    trail could not tell of it.
    """
    if path.exists():
        raise StateError("there is a file of this name", where=str(path), do="Name another one")
    making = path.with_name(f".{path.name}.part")
    try:
        manifest = _write(engine, making, facts, at, tell)
        with opened(making):
            digest = _digest(making)
        os.rename(making, path)
    except OSError as error:
        raise of_file(error, path) from None
    finally:
        making.unlink(missing_ok=True)
    rows = sum(one.rows for one in manifest.tables.values())
    _tell(engine, path, {"sha256": digest, "rows": rows, "head": manifest.head}, at)
    loads = len({name.split("/")[1] for name in manifest.facts})
    return Written(path, rows, loads, manifest.head, tuple(manifest.breaks))


def _tell(engine: Engine, path: Path, details: dict[str, Any], at: datetime) -> None:
    """Write its event. Where that cannot be, as on a full disk, the backup may be the last good one: it stays."""
    try:
        with write(engine) as connection:
            trail.record(connection, kind="backup made", subject="backup", account_id=None, at=at, details=details)
    except StoreError as error:
        wrong = "this backup is whole, but the trail could not tell of it"
        raise StoreError(wrong, where=str(path), do=f"Keep it, and see to the database: {error.sentence()}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(engine: Engine, making: Path, facts: Path, at: datetime, tell: Tell | None) -> Manifest:
    """All of it, for its owner alone to read: patients' records are in it."""
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with read(engine) as connection, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as file:
            manifest = _contents(connection, file, facts, at, tell)
            file.writestr(NAME, manifest.as_json())
        out.flush()
        os.fsync(out.fileno())
    return manifest


def _contents(connection: Connection, file: zipfile.ZipFile, facts: Path, at: datetime, tell: Tell | None) -> Manifest:
    revision = migrations.revision(connection)
    if revision is None:
        raise InputError(
            "there is nothing to back up", where=place(connection.engine), do="Check COUNTERSIGN_DATABASE_URL"
        )
    _refuse_damaged(connection)
    tables, names = {}, dumping.names(connection)
    rows = Rows(tell, dumping.count(connection, names))
    for name in names:
        with file.open(member(name), "w", force_zip64=True) as into:
            tables[name] = dumping.dump(connection, name, rows.passed_to(into.write))
    return Manifest(
        format=FORMAT,
        version=__version__,
        revision=revision,
        made_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        head=trail.head(connection),
        events=connection.execute(select(func.count()).select_from(schema.events)).scalar_one(),
        breaks=breaks(connection, tell),
        tables=tables,
        facts=_facts(file, facts),
        settings={name: os.environ[name] for name in SETTINGS if os.environ.get(name)},
    )


def _refuse_damaged(connection: Connection) -> None:
    """A damaged index hides rows, so what is read of a damaged file is no backup."""
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
        where = connection.engine.url.database or ""
        raise InputError("the database is damaged", where=where, do="Restore it from the last backup")


def breaks(connection: Connection, tell: Tell | None = None) -> list[str]:
    """What is wrong with the trail. Of tables of an older version only the chain is walked."""
    if migrations.is_current(connection):
        return list(verifying.verify(connection, tell).breaks)
    broken = trail.verify(connection)
    return [f"Event {broken.event_id}: {broken.wrong}."] if broken else []


def _facts(file: zipfile.ZipFile, facts: Path) -> dict[str, str]:
    kept = {}
    for path in sorted(facts.glob("[0-9][0-9][0-9][0-9]/*")) if facts.is_dir() else ():
        name, content = f"facts/{path.parent.name}/{path.name}", path.read_bytes()
        file.writestr(name, content)
        kept[name] = hashlib.sha256(content).hexdigest()
    return kept
