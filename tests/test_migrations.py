"""Every migration on a filled database of each earlier version: data kept, guards in force, no way back in part."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from audit.errors import StoreError
from audit.store import database, guards, migrations, schema, trail
from audit.store.canonical import canonical
from audit.store.types import Moment
from tests.databases import ON_POSTGRES

pytest_plugins = ["tests.databases"]
on_sqlite_file = pytest.mark.parametrize("empty_address", ["sqlite"], indirect=True)
on_postgres_server = pytest.mark.parametrize("empty_address", [ON_POSTGRES], indirect=True)
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


def put_rows(connection: Connection, revision: str) -> Held:
    """A row into every table that this revision has, each cell filled; an event as the trail makes it. The rows."""
    left_out = ("events", *DERIVED)
    names = [one for one in tables(connection) if one not in left_out]
    for name in names:
        row = _row(connection, name, revision)
        connection.execute(sa.insert(schema.metadata.tables[name]).values(row))
    at = NOW + timedelta(microseconds=REVISIONS.index(revision))
    trail.record(connection, kind="load", subject=revision, account_id=1, at=at, details={"tables": names})
    return {name: newest(connection, name) for name in (*names, "events")}


def newest(connection: Connection, name: str) -> list[dict[str, str]]:
    """The row put in last, each cell as the driver gives it."""
    keyed = "id" in schema.metadata.tables[name].c
    order = "ORDER BY id DESC LIMIT 1" if keyed else ""
    return as_held(connection.exec_driver_sql(f"SELECT * FROM {name} {order}"))  # noqa: S608


def as_held(result: sa.CursorResult[Any]) -> list[dict[str, str]]:
    rows = result.mappings()
    return sorted(({one: repr(cell) for one, cell in row.items()} for row in rows), key=canonical)


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
    return {name: as_held(connection.exec_driver_sql(f"SELECT * FROM {name}")) for name in tables(connection)}  # noqa: S608


def still_there(before: Held, after: Held) -> bool:
    """Every row of before, with the same values in the columns that it had."""
    return all(
        any(row | old == row for row in after[table])  # the same where it had a cell
        for table, rows in before.items()
        for old in rows
    )


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


def test_a_filled_database_goes_through_every_migration_and_none_back(empty_address: str) -> None:
    """One walk: what was put in at each version is there at the end, and each goes back with every row or says why not:
    what was decided, signed or paid is never taken away, so the way back is the backup."""
    engine = database.connect(empty_address)
    put: list[Held] = []
    for revision in REVISIONS:
        with database.write(engine) as connection:
            command.upgrade(migrations.settings(connection), revision)
            put.append(put_rows(connection, revision))
        goes_back(engine, revision)
    with database.write(engine) as connection:
        guards.install(connection)
    is_sound(engine, put[-1])
    with database.read(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        held = rows_of(connection)
    assert [one["events"] for one in put if not still_there(one, held)] == []
    assert [name for name, rows in held.items() if not rows] == list(DERIVED)
    engine.dispose()


def goes_back(engine: Engine, revision: str) -> None:
    """And here again; or not, and says why. That no row is lost by it the end of the walk tells."""
    says_why = pytest.raises(NotImplementedError, match=r"never taken away|cannot come back")
    with nullcontext() if revision in GOES_BACK else says_why, database.write(engine) as connection:
        command.downgrade(migrations.settings(connection), "-1")
    if revision in GOES_BACK:
        with database.write(engine) as connection:
            command.upgrade(migrations.settings(connection), revision)


OPENED = (REVISIONS[0], REVISIONS[len(REVISIONS) // 2], REVISIONS[-1])
"""The walk goes through all of them; these are also opened as a new version finds them."""


@pytest.mark.parametrize("revision", OPENED)
@on_sqlite_file
def test_this_version_opens_the_filled_database_of_an_earlier_one(revision: str, empty_address: str) -> None:
    opens(revision, empty_address)


@on_postgres_server
def test_on_postgres_too_from_the_first_version(empty_address: str) -> None:
    opens(REVISIONS[0], empty_address)


def opens(revision: str, address: str) -> None:
    engine = database.connect(address)
    with database.write(engine) as connection:
        command.upgrade(migrations.settings(connection), revision)
        put_rows(connection, revision)
        before = rows_of(connection)
        if revision == REVISIONS[-1]:
            guards.install(connection)
        else:
            for statement in OLD_GUARD[engine.dialect.name]:
                connection.exec_driver_sql(statement)
    database.prepare(engine)
    is_sound(engine, before)
    engine.dispose()


LATE = "guard_withdrawals"
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


@on_sqlite_file
def test_a_migration_that_is_killed_is_begun_again(empty_address: str) -> None:
    """After its last tables, while the guards are put back: all of it is one transaction."""
    engine, before = at_the_first(empty_address)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, empty_address, LATE], check=False, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    is_begun_again(engine, before)


@on_postgres_server
def test_a_migration_that_is_cut_off_is_begun_again(empty_address: str) -> None:
    """What a PostgreSQL server sees of a killed program: its connection is gone."""
    engine, before = at_the_first(empty_address)

    def cut(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if LATE in statement:
            sa.event.remove(engine, "before_cursor_execute", cut)
            pid = connection.connection.driver_connection.info.backend_pid
            with engine.connect() as other:
                other.execute(sa.text(f"SELECT pg_terminate_backend({pid}, 5000)"))

    sa.event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(StoreError, match="the connection to the database was lost"):
        database.prepare(engine)
    is_begun_again(engine, before)


def at_the_first(address: str) -> tuple[Engine, Held]:
    """A filled database of the first version."""
    engine = database.connect(address)
    with database.write(engine) as connection:
        command.upgrade(migrations.settings(connection), REVISIONS[0])
        put_rows(connection, REVISIONS[0])
        before = rows_of(connection)
    engine.dispose()
    return engine, before


def is_begun_again(engine: Engine, before: Held) -> None:
    with database.read(engine) as connection:
        assert rows_of(connection) == before
    database.prepare(engine)
    is_sound(engine, before)
    engine.dispose()
