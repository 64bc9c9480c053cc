"""A full disk, a locked or read-only database, a lost connection: one clear sentence, and nothing half done."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from audit import serving, temporary, watching
from audit.access import sessions
from audit.access.gate import Gate
from audit.access.request import COOKIE
from audit.cli import main
from audit.errors import InputError, StoreError
from audit.loading import arrivals
from audit.reviewing import leases, review
from audit.store import database, troubles, verifying
from audit.whole_files import write_whole
from pages.parts import server
from tests.handed_in import month
from tests.places import MEMORY
from tests.reviewing import undecided
from tests.stored import NOW, add, count_rows, on_postgres, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
PATIENT = "P01"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT", 0.05)


def whole(engine: Engine) -> None:
    """Nothing is damaged: the file, its references, the chain and every row that it tells of."""
    with database.read(engine) as connection:
        assert verifying.verify(connection).breaks == ()
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def limit_pages(engine: Engine, more: int) -> None:
    """The file may grow by so many pages, as if the disk had no room for the next."""

    def set_limit(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + more}")

    event.listen(engine, "connect", set_limit)
    engine.dispose()


@pytest.mark.parametrize("more", [0, 3, 12, 40])
@on_sqlite
def test_on_a_full_disk_a_load_is_refused_whole(engine: Engine, people: dict[str, int], more: int) -> None:
    before = count_rows(engine)
    limit_pages(engine, more)
    with pytest.raises(StoreError, match=r"the disk is full; nothing of this step was kept\. Make room") as said:
        arrivals.take_in(engine, month(claims=200), account_id=people["rita"], at=NOW)
    assert PATIENT not in str(said.value)
    assert count_rows(engine) == before
    whole(engine)


@on_postgres
@pytest.mark.parametrize(
    ("raised", "said"), [("53100", "the disk is full; nothing of this step was kept"), ("57P01", "the connection")]
)
def test_trouble_while_rows_are_copied_into_postgresql_is_told(
    engine: Engine, people: dict[str, int], raised: str, said: str
) -> None:
    """COPY goes past SQLAlchemy, whose handler tells of all other statements. What the server says here could hold
    data: it quotes the row."""
    body = f"RAISE EXCEPTION 'no room for %%', NEW.patient_id USING ERRCODE = '{raised}'"
    with database.write(engine) as connection:
        for change in (f"FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$",
                       "TRIGGER fails BEFORE INSERT ON claim_lines FOR EACH ROW EXECUTE FUNCTION fails()"):  # fmt: skip
            connection.exec_driver_sql(f"CREATE {change}")
    before = count_rows(engine)
    with pytest.raises(StoreError, match=said) as found:
        arrivals.take_in(engine, month(claims=3), account_id=people["rita"], at=NOW)
    assert PATIENT not in "".join(traceback.format_exception(found.value))
    assert count_rows(engine) == before
    whole(engine)


@on_sqlite
def test_a_decision_on_a_full_disk_leaves_the_claim_as_it_was(engine: Engine, claims, people) -> None:
    leases.take(engine, claims["OVER"], account_id=people["rita"], at=NOW)
    [finding, *_] = undecided(engine, claims["OVER"], people["rita"])
    before = count_rows(engine)
    limit_pages(engine, 0)
    wanted = {"kind": review.DISMISS, "reason": "other", "text": "x" * 200_000, "account_id": people["rita"]}
    with pytest.raises(StoreError, match="the disk is full"):
        review.decide(engine, finding, **wanted, at=NOW)
    assert count_rows(engine) == before
    whole(engine)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1000000"))
    engine.dispose()
    review.decide(engine, finding, **wanted, at=NOW)  # once there is room


@on_sqlite
def test_while_another_program_holds_the_file_reading_goes_on(impatient, engine: Engine, people) -> None:
    with holding(engine):
        assert count_rows(engine)["accounts"] == len(people)
        with pytest.raises(StoreError, match="another program holds the database; nothing of this step was kept"):
            add(engine, "loads")
    add(engine, "loads")
    whole(engine)


@contextmanager
def holding(engine: Engine) -> Iterator[None]:
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others than root may go into."""
    made = Path(tempfile.mkdtemp(dir=MEMORY))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if not hasattr(os, "seteuid"):
        pytest.skip("rights of files work differently here")
    was = os.geteuid()
    os.seteuid(65534 if was == 0 else was)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize("folder_too", [True, False])
def test_a_read_only_folder_or_file_is_told(sqlite_file: Path, open_folder: Path, folder_too: bool) -> None:
    path = open_folder / "countersign.db"
    shutil.copy(sqlite_file, path)
    path.chmod(0o444)
    open_folder.chmod(0o555 if folder_too else 0o777)
    held = path.read_bytes()
    with as_nobody():
        engine = database.connect(f"sqlite:///{path}")
        with pytest.raises(StoreError, match=rf"{path}: the database (is read-only|cannot be opened)\. "):
            add(engine, "loads")
        engine.dispose()
    assert path.read_bytes() == held


def test_a_folder_in_which_nothing_can_be_made_is_told(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(InputError, match="the file of the database cannot be made"):
        database.connect(f"sqlite:///{open_folder / 'new' / 'x.db'}")


@on_sqlite
def test_a_damaged_file_is_told(engine: Engine) -> None:
    engine.dispose()
    path = Path(str(engine.url.database))
    content = bytearray(path.read_bytes())
    content[4096 : len(content) // 2] = os.urandom(len(content) // 2 - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"the database is damaged\. Restore it from a backup"):
        count_rows(engine)


@on_postgres
def test_a_connection_lost_in_mid_transaction_keeps_nothing(engine: Engine, people: dict[str, int]) -> None:
    before = count_rows(engine)

    def lose(connection: Any, clause: Any, *_: Any) -> None:
        if "INSERT INTO events" in str(clause):  # all else of the load is written
            event.remove(engine, "before_execute", lose)
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with engine.connect() as other:
                other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))

    event.listen(engine, "before_execute", lose)
    with pytest.raises(StoreError, match=r"the connection to the database was lost\. Look whether") as said:
        arrivals.take_in(engine, month(claims=2), account_id=people["rita"], at=NOW)
    assert PATIENT not in str(said.value)
    assert count_rows(engine) == before
    whole(engine)
    arrivals.take_in(engine, month(claims=2), account_id=people["rita"], at=NOW)  # and goes on by itself


@on_postgres
def test_idle_connections_that_were_cut_are_not_noticed(engine: Engine) -> None:
    count_rows(engine)
    with database.connect(str(engine.url.render_as_string(hide_password=False))).connect() as other:
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        other.execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {mine}"))  # noqa: S608
    count_rows(engine)


@on_sqlite
def test_a_bug_stays_what_it_is(engine: Engine) -> None:
    with database.write(engine) as connection, pytest.raises(Exception, match="no such table") as said:
        connection.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(said.value, StoreError)


@on_sqlite
def test_the_command_line_says_one_line(impatient, engine: Engine, monkeypatch, capsys) -> None:
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    with holding(engine):
        assert main(["account", "anna", "--name", "Anna Sorrel", "--role", "reviewer"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{engine.url.database}: another program holds the database")


def test_a_full_disk_under_a_file_is_told(tmp_path: Path, monkeypatch, capsys) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "claims.csv"))

    monkeypatch.setattr("audit.cli.checking.read", full)
    assert main(["check", str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err == f"{tmp_path / 'claims.csv'}: the disk is full. Make room on it, then do it again.\n"
    )


@on_sqlite
def test_a_page_says_it_in_words(engine: Engine, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(server.st, "error", said.append)
    server.failed(StoreError("the disk is full", where="x.db", do="Make room on it"))
    server.failed(OSError(errno.ENOSPC, "No space left on device", "claims.csv"))
    server.failed(OSError(errno.ENOENT, "No such file", "a patient's name"))
    assert said[0] == "x.db: the disk is full. Make room on it."
    assert "the disk is full" in said[1]
    assert "Something went wrong" in said[2]
    assert "patient" not in said[2]


async def app_of_nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the app"})


def ask(engine: Engine, token: str) -> tuple[int, str]:
    """One request for a page, through the gate."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"cookie", f"{COOKIE}={token}".encode()), (b"accept", b"text/html"), (b"sec-fetch-mode", b"navigate")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    gate = Gate(app_of_nothing, engine=engine, made_by_person=lambda _: True, scripts=())
    asyncio.run(gate({**scope, "client": ("127.0.0.1", 1), "scheme": "http"}, receive, send))
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent).decode()


@on_sqlite
def test_the_gate_lets_people_read_on_while_nothing_can_be_written(impatient, engine: Engine, people) -> None:
    token = sessions.begin(engine, people["rita"], NOW)
    with database.write(engine) as connection:
        connection.execute(text("UPDATE sessions SET seen_at = '2099-01-01', created_at = '2099-01-01'"))
    with holding(engine):
        assert ask(engine, token) == (200, "the app")


@on_sqlite
def test_the_gate_says_that_the_database_is_gone(engine: Engine, people) -> None:
    token = sessions.begin(engine, people["rita"], NOW)
    engine.dispose()
    Path(str(engine.url.database)).write_bytes(b"this was a database" * 1000)
    status, page = ask(engine, token)
    assert status == 503
    assert "This file is no SQLite database" in page
    assert str(engine.url.database) not in page
    assert "the app" not in page


@on_sqlite
def test_a_watch_waits_for_the_database(impatient, engine: Engine, people, tmp_path: Path) -> None:
    for name, content in month(claims=2):
        (tmp_path / name).write_bytes(content)
    lines: list[str] = []
    with holding(engine), pytest.raises(StoreError):
        watching.watch(engine, tmp_path, every=0, once=True, say=lines.append, now=lambda: NOW)
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["claims.csv", "note_services.csv", "notes.csv"]


def test_a_watch_says_once_what_it_waits_for(monkeypatch, tmp_path: Path) -> None:
    def trouble(*_: Any) -> None:
        raise StoreError("the disk is full", do="Make room on it")

    monkeypatch.setattr(watching, "_take", trouble)
    lines: list[str] = []
    told = ""
    for _ in range(3):
        told = watching._take_or_wait(None, tmp_path, [], NOW, lines.append, once=False, told=told)
    assert lines == ["Waiting: the disk is full. Make room on it."]


def test_every_trouble_says_what_to_do() -> None:
    for wrong, do in [*troubles._SQLITE.values(), *troubles._STATES.values(), *troubles._SAID.values()]:
        assert wrong[0].islower()
        assert do[0].isupper()


@on_sqlite
def test_a_sqlite_file_has_one_server(engine: Engine, monkeypatch, capsys) -> None:
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    mark = serving.alone(engine)
    assert main(["serve", "--port", "8599"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{engine.url.database}: another server has this database. Use that one, or stop it first")
    mark.close()
    serving.alone(engine).close()


@on_postgres
def test_postgres_may_have_several_servers(engine: Engine) -> None:
    assert serving.alone(engine) is None


def test_what_a_killed_program_left_of_handed_in_files_is_removed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    other = tmp_path / "countersign-of-somebody-else"
    other.mkdir()
    code = "import os\nfrom audit import temporary\nwith temporary.folder() as f:\n (f / 'n.csv').touch(); os._exit(9)"
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=variables, check=False)
    with temporary.folder() as mine:
        [left] = [path.parent for path in tmp_path.glob("*/n.csv")]
        assert temporary.sweep() == 0  # so young that its program may not have marked it yet
        assert temporary.sweep(young=0) == 1
        assert mine.exists()
    assert not left.exists()
    assert not mine.exists()
    assert other.exists()


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch) -> None:
    write_whole(tmp_path / "a.csv", "before")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "a.csv", "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "before")]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "report.csv: the disk is full. Make room on it, then do it again."),
        (errno.EACCES, "report.csv: it may not be read or written. Give the account of Countersign the right to it, "
                       "or name another place."),
        (errno.EROFS, "report.csv: it may not be read or written. Give the account of Countersign the right to it, "
                      "or name another place."),
        (errno.ENAMETOOLONG, "report.csv: it cannot be read or written (File name too long). Check the path and the "
                             "disk."),
    ],
)  # fmt: skip
def test_what_befalls_a_file_is_said_in_one_sentence(number: int, says: str) -> None:
    assert troubles.of_file(OSError(number, os.strerror(number)), "report.csv").sentence() == says
