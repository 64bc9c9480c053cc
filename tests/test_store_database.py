"""Opening, preparing, reading and writing, on SQLite files and a real PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from audit.errors import InputError, StoreError
from audit.store import database, guards, schema
from tests.stored import NOW, add, count_rows

pytest_plugins = ["tests.databases"]


def test_the_migrated_database_is_the_one_schema_describes(engine: Engine) -> None:
    with database.read(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_a_column_missing_from_the_database_would_be_noticed(engine: Engine) -> None:
    """The comparison above can fail."""
    with database.write(engine) as connection:
        connection.execute(text("ALTER TABLE runs DROP COLUMN claim_count"))
    with database.read(engine) as connection:
        [difference] = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    assert difference[:3] == ("add_column", None, "runs")


def test_preparing_twice_changes_nothing(engine: Engine) -> None:
    before = count_rows(engine)
    database.prepare(engine)
    assert count_rows(engine) == before


def test_every_guard_is_in_force_after_preparing(engine: Engine) -> None:
    with database.read(engine) as connection:
        assert guards.missing(connection) == []


def test_four_processes_may_prepare_a_new_database_at_once(empty_address: str) -> None:
    code = f"from audit.store import database; database.prepare(database.connect({empty_address!r}))"
    started = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said
    assert count_rows(database.connect(empty_address))["claims"] == 0


def test_sqlite_is_opened_with_the_settings_that_keep_data_safe(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'safe.db'}")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    with database.read(engine) as connection:
        for pragma, value in wanted.items():
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value, pragma


def test_writing_to_sqlite_takes_the_lock_before_the_first_statement(tmp_path: Path) -> None:
    path = tmp_path / "lock.db"
    engine = database.connect(f"sqlite:///{path}")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with database.write(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")  # and gives it back


def test_what_is_written_is_kept(engine: Engine) -> None:
    add(engine, "accounts", username="kept")
    assert count_rows(engine)["accounts"] == 1


def test_an_exception_takes_back_everything(engine: Engine) -> None:
    def stumble() -> None:
        with database.write(engine) as connection:
            connection.execute(insert(schema.loads).values(sha256="x", name="x", at=NOW, counts="{}"))
            raise RuntimeError("the middle")

    with pytest.raises(RuntimeError, match="the middle"):
        stumble()
    assert count_rows(engine)["loads"] == 0


def test_reading_cannot_write(engine: Engine) -> None:
    with database.read(engine) as connection, pytest.raises(DBAPIError, match=r"read-?only"):
        connection.execute(insert(schema.loads).values(sha256="x", name="x", at=NOW, counts="{}"))
    add(engine, "loads")  # the next writer is not hindered by it


def test_all_queries_of_one_reading_see_the_same_moment(engine: Engine) -> None:
    with database.read(engine) as connection:
        number = select(func.count()).select_from(schema.loads)
        before = connection.execute(number).scalar()
        add(engine, "loads")
        assert connection.execute(number).scalar() == before


def test_writing_within_writing_is_refused_at_once(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'nested.db'}")
    with database.write(engine), pytest.raises(RuntimeError, match="pass the connection on"), database.write(engine):
        pass
    with database.write(engine):
        pass


def test_eight_threads_of_fifty_writes_lose_none(engine: Engine) -> None:
    troubles: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for number in range(50):
                with database.write(engine) as connection:
                    seen = connection.execute(select(func.count()).select_from(schema.loads)).scalar()
                    values = {"sha256": f"{thread}-{number}", "name": f"{seen}", "at": NOW, "counts": "{}"}
                    connection.execute(insert(schema.loads).values(values))
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert count_rows(engine)["loads"] == 400


def test_two_processes_write_to_one_sqlite_file(sqlite_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    path.write_bytes(sqlite_file.read_bytes())
    code = f"""
from tests.stored import add
from audit.store import database
engine = database.connect("sqlite:///{path}")
for _ in range(50):
    add(engine, "loads")
"""
    started = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert count_rows(database.connect(f"sqlite:///{path}"))["loads"] == 100


@pytest.mark.parametrize(
    ("url", "says"),
    [("not an address", "cannot be read"), ("mysql://host/name", "a mysql database is not supported")],
)
def test_an_address_of_no_use_is_refused(url: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        database.connect(url)


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(database.VARIABLE, f"sqlite:///{tmp_path / 'named.db'}")
    assert database.place(database.connect()) == str(tmp_path / "named.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text("claim_id,line_number\n" * 100)
    with pytest.raises(StoreError, match=rf"{path}: this file is no SQLite database\. "):
        database.prepare(database.connect(f"sqlite:///{path}"))
    assert path.read_text().startswith("claim_id")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the database cannot be opened"):
        database.prepare(database.connect(f"sqlite:///{tmp_path}"))


def test_only_its_owner_may_read_a_new_sqlite_file(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'private.db'}")
    database.prepare(engine)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("private.db*")} == {0}


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the file of the database cannot be made"):
        database.connect(f"sqlite:///{tmp_path / 'file' / 'inside' / 'x.db'}")


def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readonly.db"
    sqlite3.connect(path).execute("CREATE TABLE t (a)")
    with pytest.raises(StoreError, match="the database is read-only"):
        database.prepare(database.connect(f"sqlite:///file:{path}?mode=ro&uri=true"))


def test_a_server_that_does_not_answer_is_refused_without_its_password() -> None:
    engine = database.connect("postgresql://me:secret@127.0.0.1:1/name")
    with pytest.raises(StoreError, match="the database cannot be reached") as refused:
        database.prepare(engine)
    assert "secret" not in str(refused.value)


@pytest.mark.postgres
def test_a_database_that_the_server_does_not_have_is_refused(postgres: Any) -> None:
    with pytest.raises(StoreError, match="the server has no such database or user"):
        database.prepare(database.connect(postgres.server.get_uri(database="nowhere")))


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with database.write(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="made by a newer version of Countersign"):
        database.prepare(engine)


def test_another_programs_database_is_refused(empty_address: str) -> None:
    engine = database.connect(empty_address)
    with database.write(engine) as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(InputError, match="another program's tables"):
        database.prepare(engine)


@pytest.mark.postgres
def test_an_address_of_postgres_means_psycopg_3(postgres: Any) -> None:
    engine = database.connect(postgres.server.get_uri().replace("postgresql:", "postgres:"))
    assert engine.dialect.driver == "psycopg"
