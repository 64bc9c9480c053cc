"""Opening the database, reading from it and writing to it.

SQLite: WAL, synchronous=FULL, foreign keys on, every write transaction BEGIN IMMEDIATE under one lock of
this process. PostgreSQL through psycopg 3 when `COUNTERSIGN_DATABASE_URL` names one.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from audit.errors import InputError
from audit.store import migrations, troubles
from audit.store.troubles import place

__all__ = ["alone", "connect", "database_url", "place", "prepare", "read", "write"]
VARIABLE = "COUNTERSIGN_DATABASE_URL"
DEFAULT_URL = "sqlite:///var/countersign.db"
WAIT = 30.0
"""Seconds to wait for another process that writes to the same SQLite file."""

_one_writer = threading.Lock()
_this_thread = threading.local()


def database_url() -> str:
    return os.environ.get(VARIABLE) or DEFAULT_URL


def connect(url: str | None = None) -> Engine:
    """An engine for `url` (default: the environment's). Raises InputError for an address it cannot use."""
    try:
        address = make_url(url or database_url())
    except ArgumentError:
        raise InputError(
            "the database address cannot be read",
            where=VARIABLE,
            do="Write it as sqlite:///path/to/file.db or postgresql://user:password@host/name",
        ) from None
    if address.get_backend_name() in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True)
        troubles.listen(engine)
        return engine
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    raise InputError(
        f"a {address.get_backend_name()} database is not supported", where=VARIABLE, do="Use SQLite or PostgreSQL"
    )


def _sqlite(address: URL) -> Engine:
    """An engine for a file. `isolation_level=None` leaves BEGIN to `_begin` (the `autocommit` argument of
    sqlite3 does too, but needs Python 3.12)."""
    if address.database and address.database != ":memory:" and "uri" not in address.query:
        _make_file(Path(address.database))
    engine = create_engine(address, connect_args={"timeout": WAIT, "isolation_level": None}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    troubles.listen(engine)
    return engine


def _make_file(path: Path) -> None:
    """An empty file that only its owner may read: patients' records go into it. SQLite's side files follow it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise InputError(
            f"the file of the database cannot be made ({error.strerror})",
            where=str(path),
            do=f"Make it yourself, or name another place in {VARIABLE}",
        ) from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")  # guards keep a journal of each row: a million writes to a file
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: Any) -> None:
    """Set WAL. SQLite gives up at once when two processes do so to a new file, so this waits for it."""
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin(connection: Connection) -> None:
    """Writing takes the write lock at once. Reading may not write: a lock taken midway cannot wait."""
    writes = connection.get_execution_options().get("countersign_writes", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back when an exception leaves the block."""
    with _turn(engine), engine.connect() as connection:
        connection.execution_options(countersign_writes=True)
        with connection.begin():
            yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One read-only transaction: all its queries see the same moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """This process's turn to write to SQLite; PostgreSQL orders its writers itself."""
    if engine.dialect.name != "sqlite":
        yield
        return
    if getattr(_this_thread, "writes", False):
        raise RuntimeError("write() within write() would wait for itself: pass the connection on")
    with _one_writer:
        _this_thread.writes = True
        try:
            yield
        finally:
            _this_thread.writes = False


def alone(connection: Connection, purpose: str) -> None:
    """Until the end of this transaction no other one is `alone` for the same purpose.

    PostgreSQL: an advisory lock. SQLite: nothing to do, a write transaction is the only one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"countersign {purpose}"))))


def forget(engine: Engine) -> None:
    """Write SQLite's file anew, so that nothing of what was removed is left in its free pages or its log.

    PostgreSQL does so in its own time, or when its administrator says VACUUM FULL."""
    if engine.dialect.name == "sqlite":
        with _turn(engine):
            connection = engine.raw_connection()
            try:
                for statement in ("PRAGMA query_only = OFF", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    connection.cursor().execute(statement)
            finally:
                connection.close()


def prepare(engine: Engine) -> None:
    """Bring the tables up to this code's version. Safe when several processes start at once.

    Raises StoreError when the database cannot be used, InputError when it is another program's, or newer.
    """
    with write(engine) as connection:
        alone(connection, "prepare")
        migrations.upgrade(connection)
