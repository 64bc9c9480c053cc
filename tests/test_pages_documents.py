"""The page Documents: confirming with one key, correcting first, picking the visit by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from audit.access.gate import utc_now
from audit.loading import arrivals, documents
from audit.store import reading
from audit.store.database import VARIABLE, connect
from tests.handed_in import as_csv, claim
from tests.page_runs import page_of, press, ran
from tests.stored import add

pytest_plugins = ["tests.databases"]
ROOT = Path(__file__).parents[1]
PAGE = "pages/audits/documents.py"
NOTE = """OT Daily Note <b>& more</b>
MRN: P03
Date of service: 03/03/2026
97530 therapeutic activities: 23 minutes
Total timed minutes: 23
Electronically signed by Maria Lopez, OTR/L on 03/03/2026
"""
Open = Callable[..., AppTest]


@pytest.fixture
def engine(sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'pages.db'}"
    (tmp_path / "pages.db").write_bytes(sqlite_file.read_bytes())
    monkeypatch.setenv(VARIABLE, url)
    made = connect(url)
    for role in ("reviewer", "auditor"):
        fixed = {"active": True, "must_change_password": False}
        add(made, "accounts", username=role, name=role, role=role, **fixed)
    yield made
    made.dispose()


@pytest.fixture
def open_page(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(role: str = "reviewer") -> AppTest:
        return page_of(engine, 1 if role == "reviewer" else 2, PAGE, monkeypatch)

    return opened


def html(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def hand_in(engine: Engine, *texts: str) -> None:
    files = [("claims.csv", as_csv([claim(3, units=3), claim(4)]))]
    files += [(f"visit{n}.txt", text.encode()) for n, text in enumerate(texts)]
    arrivals.take_in(engine, files, account_id=1, at=utc_now())


def test_the_values_are_marked_and_one_press_confirms_all(engine: Engine, open_page: Open) -> None:
    hand_in(engine, NOTE)
    app = open_page()
    assert '<mark id="value-' in html(app)
    assert "&lt;b&gt;&amp; more" in html(app)
    assert {one.label: one.value for one in app.text_input}["Min"] == "23"
    app = press(app, "Confirm all")
    assert documents.to_do(engine) == []
    assert "No document waits" in app.info[0].value


def test_a_field_is_corrected_before_confirming(engine: Engine, open_page: Open) -> None:
    hand_in(engine, NOTE)
    app = open_page()
    next(one for one in app.text_input if one.label == "Timed minutes in all").input("many")
    app = press(app, "Confirm all")
    assert "no whole number" in app.error[0].value
    next(one for one in app.text_input if one.label == "Timed minutes in all").input("38")
    press(app, "Confirm all")
    assert reading.tables_in_store(engine).notes["total_timed_minutes"].tolist() == [38]


def test_a_visit_is_picked_by_hand(engine: Engine, open_page: Open) -> None:
    hand_in(engine, NOTE.replace("P03", "X1"))
    app = open_page()
    assert "It waits" in html(app)
    app.radio[0].set_value(0)
    app = press(ran(app.run()), "Tie to this visit")
    assert [one.label for one in app.button if one.label == "Confirm all"]
    assert documents.to_do(engine)[0].content["patient_id"] == "P03"


def test_a_document_is_set_aside(engine: Engine, open_page: Open) -> None:
    hand_in(engine, NOTE.replace("P03", "X1"))
    app = open_page()
    app = press(app, "Set aside")
    assert "a reason is needed" in app.error[0].value
    next(one for one in app.text_input if one.label.startswith("Or set it aside")).input("of another clinic")
    press(app, "Set aside")
    assert documents.to_do(engine) == []


def test_the_last_one_is_opened_again_and_corrected(engine: Engine, open_page: Open) -> None:
    hand_in(engine, NOTE)
    app = press(open_page(), "Confirm all")
    app = press(app, "Open the last one again")
    next(one for one in app.text_input if one.label == "Timed minutes in all").input("32")
    app = press(app, "Confirm all")
    assert "No document waits" in app.info[0].value
    assert reading.tables_in_store(engine).notes["total_timed_minutes"].tolist() == [32]
