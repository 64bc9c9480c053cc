"""Coding feedback and disputes as each role meets them, driven without a browser."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from audit.feedback import answers, education
from audit.store import schema
from audit.store.database import read
from tests.page_runs import page_of, press, ran, said
from tests.reviewing import people_of
from tests.stored import NOW, on_sqlite
from tests.test_pages_review import Open, buttons, engine

__all__ = ["engine"]
pytest_plugins = ["tests.databases", "tests.reviewing", "tests.answering"]
pytestmark = on_sqlite
CODING, DISPUTES = "pages/feedback/coding.py", "pages/feedback/disputes.py"


@pytest.fixture
def everyone(engine: Engine, therapist: int) -> dict[str, int]:
    return people_of(engine)


@pytest.fixture
def open_page(engine: Engine, everyone: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(page: str, name: str) -> AppTest:
        return page_of(engine, everyone[name], page, monkeypatch)

    return opened


def states(engine: Engine) -> list[str]:
    with read(engine) as connection:
        return list(connection.execute(select(schema.feedback_answers.c.kind)).scalars())


@pytest.mark.parametrize("name", ["thea", "dora", "max", "lucy"])
def test_pages_open_with_nothing(open_page: Open, everyone: dict[str, int], name: str) -> None:
    assert open_page(CODING, name).title[0].value == "Coding feedback"


def test_a_therapist_sees_this_and_nothing_else(open_page: Open, everyone: dict[str, int], returned: int) -> None:
    page = open_page(CODING, "thea")
    assert "More timed units are billed" in said(page)
    assert {"Agree", "Dispute…", "Late entry…"} <= buttons(page)
    assert "Record what was taught" not in said(page)
    for closed in ("pages/home/home.py", "pages/review/worklist.py", "pages/reports/rule_book.py", DISPUTES):
        with pytest.raises(ValueError, match="page"):
            open_page(closed, "thea")


def test_who_treats_nobody_and_reads_nobody_has_no_such_page(open_page: Open, everyone: dict[str, int]) -> None:
    for name in ("rita", "ada"):
        with pytest.raises(ValueError, match="page"):
            open_page(CODING, name)


def test_agreeing_on_the_page(open_page: Open, engine: Engine, returned: int) -> None:
    page = open_page(CODING, "thea")
    waiting = len([one for one in page.button if one.label == "Agree"])
    page = press(page, "Agree")
    assert "you agree" in said(page)
    assert states(engine) == ["agree"]
    assert len([one for one in page.button if one.label == "Agree"]) == waiting - 1


def test_the_doctor_of_ot_reads_and_does_not_answer(open_page: Open, returned: int) -> None:
    page = open_page(CODING, "dora")
    assert "More timed units are billed" in said(page)
    assert not {"Agree", "Dispute…", "Late entry…"} & buttons(page)


def test_the_worked_example_opens(open_page: Open, returned: int) -> None:
    page = open_page(CODING, "thea")
    assert "What was billed, and what is supported" not in said(page)
    page.session_state[f"example_{returned}"] = True
    page = page.run()
    assert not page.exception
    assert "What was billed, and what is supported" in said(page)
    assert "as it should read" in said(page)
    assert "minutes documented" not in said(page)
    page.session_state["feedback_practice_open"] = True
    page = ran(page.run())
    assert "minutes documented" in said(page)


def test_a_dispute_is_ruled_on_the_page(
    open_page: Open, engine: Engine, everyone: dict[str, int], returned: int
) -> None:
    assert "No dispute waits for you." in said(open_page(DISPUTES, "dora"))
    answers.dispute(engine, returned, text="The minutes are in my book.", account_id=everyone["thea"], at=NOW)
    page = open_page(DISPUTES, "max")
    assert "a doctor of OT rules first" in said(page)
    page = open_page(DISPUTES, "dora")
    assert "The minutes are in my book." in said(page)
    press(page, "Give the ruling")
    page.radio[0].set_value("accepted")
    page.text_area[0].set_value("They are.")
    page = press(page, "Give the ruling")
    assert "Ruled. The verdict is reversed." in said(page)
    page = open_page(CODING, "thea")
    assert "accepted the dispute: They are." in said(page)


def test_what_was_taught_and_whether_it_worked(
    open_page: Open, engine: Engine, everyone: dict[str, int], returned: int
) -> None:
    page = open_page(CODING, "dora")
    page.text_area[0].set_value("Eight minutes make a unit.")
    page = press(page, "Record")
    assert "Eight minutes make a unit." in said(page)
    assert "too few to tell whether it worked" in said(page)
    assert len(education.given(engine, "1234567893", viewer=everyone["dora"])) == 1
