"""Every migration on a filled database of each earlier version: data kept, guards in force, no way back in part."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from audit.store import database, guards, migrations, schema, trail
from audit.store.canonical import canonical
from audit.store.types import Moment

pytest_plugins = ["tests.databases"]
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
DERIVED = ("worklist",)
"""Made from other tables: a row made up would be one that `verify` rightly finds wrong."""
GOES_BACK = ("0016",)
"""Those that add indexes alone."""
Held = dict[str, list[dict[str, str]]]


def revisions() -> list[str]:
    with sa.create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(migrations.settings(connection))
        return [one.revision for one in reversed(list(scripts.walk_revisions()))]


REVISIONS = revisions()


def put_rows(connection: Connection, revision: str) -> None:
    """A row into every table that this revision has, each cell filled; an event as the trail makes it."""
    left_out = ("events", *DERIVED)
    names = [one for one in tables(connection) if one not in left_out]
    for name in names:
        row = _row(connection, name, revision)
        connection.execute(sa.insert(schema.metadata.tables[name]).values(row))
    at = NOW + timedelta(microseconds=REVISIONS.index(revision))
    trail.record(connection, kind="load", subject=revision, account_id=1, at=at, details={"tables": names})


def tables(connection: Connection) -> list[str]:
    """Those that are there, each after those it refers to."""
    held = set(sa.inspect(connection).get_table_names())
    return [one.name for one in schema.metadata.sorted_tables if one.name in held]


def _row(connection: Connection, name: str, mark: str) -> dict[str, Any]:
    of = schema.metadata.tables[name].c
    row: dict[str, Any] = {}
    for column in connection.exec_driver_sql(f"SELECT * FROM {name} LIMIT 0").keys():  # noqa: S608, SIM118
        to = next((key.column.table for key in of[column].foreign_keys), None)
        if column == "id" or (to is not None and to.name == name):
            continue
        if to is not None:
            row[column] = connection.execute(sa.select(sa.func.max(to.c.id))).scalar()
        else:
            row[column] = _value(of[column].type, mark)
    return row


def _value(kind: Any, mark: str) -> Any:
    if isinstance(kind, Moment):
        return NOW
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return int(mark)
    if isinstance(kind, sa.Date):
        return date(2026, 1, 2)
    if type(kind).__name__ == "Money":
        return Decimal("12.34")
    return mark


def rows_of(connection: Connection) -> Held:
    """Every cell as the driver gives it."""
    found = {}
    for name in tables(connection):
        rows = connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()  # noqa: S608
        found[name] = sorted(({one: repr(cell) for one, cell in row.items()} for row in rows), key=canonical)
    return found


def still_there(before: Held, after: Held) -> bool:
    """Every row of before, with the same values in the columns that it had."""
    return all(
        sorted(({name: row[name] for name in rows[0]} for row in after[table]), key=canonical) == rows
        for table, rows in before.items()
        if rows
    )


def filled_at(connection: Connection, revision: str) -> None:
    """A database as this version left it after work: at each revision up to it rows were put in."""
    for one in REVISIONS[: REVISIONS.index(revision) + 1]:
        command.upgrade(migrations.settings(connection), one)
        put_rows(connection, one)


def is_sound(engine: Engine, before: Held) -> None:
    with database.read(engine) as connection:
        assert still_there(before, rows_of(connection))
        assert migrations.is_current(connection)
        assert guards.missing(connection) == []
        assert trail.verify(connection) is None
        if engine.dialect.name == "sqlite":
            assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalars().all() == ["ok"]


OLD_GUARD = {
    "sqlite": ["CREATE TRIGGER guard_claims_old BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'no'); END"],
    "postgresql": [
        "CREATE FUNCTION guard_claims_old() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$",
        "CREATE TRIGGER guard_claims_old BEFORE UPDATE ON claims FOR EACH ROW EXECUTE FUNCTION guard_claims_old()",
    ],
}
"""A guard that an older version had and this one has not."""


def test_a_filled_database_goes_through_every_migration(empty_address: str) -> None:
    """One walk: before each step all rows that were put in at all revisions before it."""
    engine = database.connect(empty_address)
    with database.write(engine) as connection:
        before: Held = {}
        for revision in REVISIONS:
            command.upgrade(migrations.settings(connection), revision)
            assert still_there(before, rows_of(connection)), revision
            put_rows(connection, revision)
            before = rows_of(connection)
        guards.install(connection)
    is_sound(engine, before)
    with database.read(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    assert all(len(rows) >= 1 for name, rows in before.items() if name not in DERIVED)
    engine.dispose()


@pytest.fixture(scope="module")
def old_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A filled SQLite file as each version left it."""
    folder, files = tmp_path_factory.mktemp("old"), {}
    engine = database.connect(f"sqlite:///{folder / 'walk.db'}")
    for revision in REVISIONS:
        with database.write(engine) as connection:
            command.upgrade(migrations.settings(connection), revision)
            put_rows(connection, revision)
        engine.dispose()
        files[revision] = folder / f"{revision}.db"
        shutil.copy(folder / "walk.db", files[revision])
    return files


@pytest.mark.parametrize("revision", REVISIONS)
def test_this_version_opens_the_filled_database_of_each_earlier_one(
    revision: str, old_files: dict[str, Path], tmp_path: Path
) -> None:
    engine = database.connect(f"sqlite:///{shutil.copy(old_files[revision], tmp_path)}")
    with database.write(engine) as connection:
        before = rows_of(connection)
        if revision == REVISIONS[-1]:
            guards.install(connection)
        else:
            for statement in OLD_GUARD["sqlite"]:
                connection.exec_driver_sql(statement)
    database.prepare(engine)
    is_sound(engine, before)
    engine.dispose()


def test_on_postgres_too_from_the_first_version(empty_address: str) -> None:
    engine = database.connect(empty_address)
    with database.write(engine) as connection:
        filled_at(connection, REVISIONS[0])
        for statement in OLD_GUARD[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        before = rows_of(connection)
    database.prepare(engine)
    is_sound(engine, before)
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_version_goes_back_with_every_row_or_says_why_not(
    revision: str, old_files: dict[str, Path], tmp_path: Path
) -> None:
    """What was decided, signed or paid is never taken away: then the way back is the backup."""
    engine = database.connect(f"sqlite:///{shutil.copy(old_files[revision], tmp_path)}")
    with database.read(engine) as connection:
        before = rows_of(connection)
    says_why = pytest.raises(NotImplementedError, match=r"never taken away|cannot come back")
    with nullcontext() if revision in GOES_BACK else says_why, database.write(engine) as connection:
        command.downgrade(migrations.settings(connection), "-1")
    with database.read(engine) as connection:
        assert rows_of(connection) == before
    engine.dispose()


KILLED = """
import os, signal, sys
from audit.store import database
from sqlalchemy import event
engine = database.connect(sys.argv[1])
def stop(connection, cursor, statement, *_):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, "before_cursor_execute", stop)
database.prepare(engine)
"""


def test_a_migration_that_is_killed_is_begun_again(empty_address: str) -> None:
    """After its last tables, while the guards are put back: all of it is one transaction."""
    engine = database.connect(empty_address)
    with database.write(engine) as connection:
        filled_at(connection, "0001")
        before = rows_of(connection)
    engine.dispose()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, empty_address, "guard_withdrawals"], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with database.read(engine) as connection:
        assert rows_of(connection) == before
    database.prepare(engine)
    is_sound(engine, before)
    engine.dispose()
