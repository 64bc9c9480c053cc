"""The second wall: each page guards itself, even when it is run without the gate and without app.py."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from streamlit.testing.v1 import AppTest

from audit.access import accounts, demo, sessions
from audit.access.accounts import Account
from audit.store import schema
from audit.store.database import VARIABLE, connect, prepare, write
from tests.access_server import ROOT, Browser, run, serving
from tests.places import PATIENCE

PAGES = [path for path in sorted((ROOT / "pages").glob("*/*.py")) if path.parent.name != "parts"]
NOT_SIGNED_IN = "You are not signed in, or your session has ended."
GUARDED = """
from pages.parts import who
import streamlit as st
person = who.require("administrator")
st.text(f"secret of {person.name}")
"""
BARE_APP = """
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
if get_script_run_ctx(suppress_warning=True) is None:
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    app = st.App(__file__, routes=[Route("/health", lambda _: PlainTextResponse("ok"))])
else:
    st.navigation([st.Page(lambda: None, title="Only this")]).run()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('pages')}/pages.db"


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    prepare(engine)
    demo.create_accounts(engine, datetime.now(UTC))
    yield engine
    engine.dispose()


@pytest.fixture
def administrator(engine: Engine) -> Account:
    account = accounts.verify(engine, "administrator", demo.PASSWORD, datetime.now(UTC))
    assert account
    return account


@pytest.fixture
def guarded(url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A page for administrators, run by itself."""
    monkeypatch.setenv(VARIABLE, url)
    (tmp_path / "guarded.py").write_text(GUARDED)
    return AppTest.from_file(str(tmp_path / "guarded.py"))


def as_visitor(page: AppTest, engine: Engine, account: Account) -> AppTest:
    token = sessions.begin(engine, account.id, datetime.now(UTC))
    page.user = {"account": str(account.id), "session": sessions.sha256(token)}
    return page


def refused_with(page: AppTest) -> str:
    page.run()
    assert not page.exception
    assert [one.value for one in page.text] == []
    return page.warning[0].value


def test_the_right_role_sees_the_page(guarded: AppTest, engine: Engine, administrator: Account) -> None:
    as_visitor(guarded, engine, administrator).run()
    assert guarded.text[0].value == "secret of Ada Quill"


def test_another_role_does_not(guarded: AppTest, engine: Engine) -> None:
    reviewer = accounts.verify(engine, "reviewer", demo.PASSWORD, datetime.now(UTC))
    assert reviewer
    assert refused_with(as_visitor(guarded, engine, reviewer)) == ("This page is for: administrator. You are reviewer.")


def test_a_role_taken_away_counts_at_the_next_run(guarded: AppTest, engine: Engine, administrator: Account) -> None:
    as_visitor(guarded, engine, administrator).run()
    this = schema.accounts.c.id == administrator.id
    with write(engine) as connection:
        connection.execute(update(schema.accounts).where(this).values(role="auditor"))
    assert "You are read-only auditor" in refused_with(guarded)
    with write(engine) as connection:
        connection.execute(update(schema.accounts).where(this).values(role="administrator"))


@pytest.mark.parametrize("change", ["no one", "ended", "stopped", "other account", "password due"])
def test_who_is_no_longer_who_they_were(guarded: AppTest, engine: Engine, administrator: Account, change: str) -> None:
    as_visitor(guarded, engine, administrator)
    changes = {"stopped": {"active": False}, "password due": {"must_change_password": True}}.get(change)
    this = schema.accounts.c.id == administrator.id
    with write(engine) as connection:
        if changes:
            connection.execute(update(schema.accounts).where(this).values(**changes))
        if change == "ended":
            sessions.end_all(connection, administrator.id, datetime.now(UTC), by=None, why="test")
    if change == "no one":
        guarded.user = {}
    if change == "other account":
        guarded.user = {**guarded.user, "account": "1"}
    assert refused_with(guarded) == NOT_SIGNED_IN
    with write(engine) as connection:
        connection.execute(update(schema.accounts).where(this).values(active=True, must_change_password=False))


def test_page_files_lie_in_folders() -> None:
    """Streamlit runs a file at the top of `pages/` without app.py when a browser asks a fresh server for it."""
    assert PAGES
    assert list((ROOT / "pages").glob("*.py")) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_refuses_strangers_by_itself(
    path: Path, url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    page = AppTest.from_file(str(path), default_timeout=PATIENCE).run()
    assert not page.exception
    assert [one.value for one in page.warning] == [NOT_SIGNED_IN]
    assert {one.type for one in page.main} <= {"main", "html", "warning"}


@pytest.fixture(scope="module")
def without_gate(url: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A fresh server without the gate, with all pages where Streamlit runs them without app.py."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "pages").mkdir()
    (folder / "app.py").write_text(BARE_APP)
    (folder / "pages" / "guarded.py").write_text(GUARDED)
    (folder / "pages" / "unguarded.py").write_text('import streamlit as st\nst.text("the way is open")\n')
    for path in PAGES:
        shutil.copy(path, folder / "pages")
    with serving(folder, url) as browser:
        yield browser


@pytest.mark.parametrize("name", ["guarded", *(path.stem for path in PAGES)])
def test_each_page_refuses_strangers_on_a_fresh_server(without_gate: Browser, name: str) -> None:
    with without_gate.socket() as line:
        shown = run(line, name)
    assert NOT_SIGNED_IN in shown
    assert "secret" not in shown


def test_that_way_is_open_indeed(without_gate: Browser) -> None:
    """Else the test above could not fail."""
    with without_gate.socket() as line:
        assert "the way is open" in run(line, "unguarded")


def test_every_password_is_asked_for_in_a_form() -> None:
    """A bare field loses what was typed when Tab leaves it and the page runs; a form sends it with its button."""
    asked = 0
    for file in (ROOT / "pages").rglob("*.py"):
        for block in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            inside = isinstance(block, ast.With) and any("st.form(" in ast.unparse(one) for one in block.items)
            asked += ast.unparse(block).count("type='password'") if inside else 0
        asked -= file.read_text(encoding="utf-8").count('type="password"')
    assert asked == 0
