"""The administrators' page: each action as a person does it, and what it says when it cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from audit.access import accounts, demo, invitations, passwords, people, sessions, solo
from audit.access.accounts import TRIES, Account
from audit.store.database import VARIABLE, connect
from tests.access_server import ROOT
from tests.places import PATIENCE

pytest_plugins = ["tests.databases"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def engine(sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    url = f"sqlite:///{shutil.copy(sqlite_file, tmp_path)}"
    monkeypatch.setenv(VARIABLE, url)
    engine = connect(url)
    demo.create_accounts(engine, now())
    yield engine
    engine.dispose()


def of(engine: Engine, username: str) -> Account:
    account = accounts.find_by_username(engine, username)
    assert account
    return account


@pytest.fixture
def page(engine: Engine) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "admin" / "people.py"), default_timeout=PATIENCE)
    ada = of(engine, "administrator")
    page.user = {"account": str(ada.id), "session": sessions.sha256(sessions.begin(engine, ada.id, now()))}
    return page.run()


def choose(page: AppTest, engine: Engine, username: str) -> AppTest:
    return page.selectbox[0].set_value(of(engine, username).id).run()


def press(page: AppTest, label: str) -> AppTest:
    next(one for one in page.button if one.label == label).click().run()
    assert not page.exception
    return page


def write(page: AppTest, label: str, text: str) -> None:
    next(one for one in page.text_input if one.label == label).set_value(text)


def labels(page: AppTest) -> set[str]:
    return {one.label for one in page.button}


def test_a_person_is_added_and_their_link_shown_once(page: AppTest, engine: Engine) -> None:
    for label, text in (("Name, as it is printed in signatures", "Jo Marsh"), ("Username", "jo")):
        write(page, label, text)
    press(page, "Add and make the link")
    assert page.success[0].value == "A one-time link for Jo Marsh, good for a day:"
    token = page.code[0].value.partition("key=")[2]
    assert invitations.use(engine, token, "a blue heron on the pier", now()).username == "jo"
    assert page.text_input[0].value == "", "the form begins anew"
    page.run()
    assert len(page.code) == 0


@pytest.mark.parametrize(
    ("username", "npi", "says"),
    [
        ("reviewer", "", "The username reviewer is taken"),
        ("jo", "12", "An NPI has ten digits"),
        ("", "", "An account needs"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_lost(
    page: AppTest, engine: Engine, username: str, npi: str, says: str
) -> None:
    write(page, "Name, as it is printed in signatures", "Jo Marsh")
    write(page, "Username", username)
    write(page, "NPI, for those who treat", npi)
    press(page, "Add and make the link")
    assert says in page.error[0].value
    assert page.text_input[0].value == "Jo Marsh"
    assert len(people.everyone(engine, now())) == len(demo.PEOPLE)


def test_a_role_is_changed_and_an_account_stopped_and_started(page: AppTest, engine: Engine) -> None:
    choose(page, engine, "reviewer").selectbox[1].set_value("auditor")
    press(page, "Change role")
    assert of(engine, "reviewer").role == "auditor"
    press(choose(page, engine, "reviewer"), "Stop the account")
    assert not of(engine, "reviewer").active
    press(choose(page, engine, "reviewer"), "Start the account again")
    assert of(engine, "reviewer").active


def test_a_lock_is_reset_and_sessions_ended(page: AppTest, engine: Engine) -> None:
    token = sessions.begin(engine, of(engine, "reviewer").id, now())
    for _ in range(TRIES):
        accounts.verify(engine, "reviewer", "wrong", now())
    press(choose(page.run(), engine, "reviewer"), "Reset the lock")
    assert accounts.verify(engine, "reviewer", demo.PASSWORD, now())
    press(choose(page, engine, "reviewer"), "Sign out everywhere")
    assert sessions.find(engine, sessions.sha256(token), now()) is None


def test_ones_own_account_has_no_way_to_another_role(page: AppTest, engine: Engine) -> None:
    choose(page, engine, "administrator")
    assert labels(page) & {"Change role", "Stop the account"} == set()


def test_single_person_mode_is_refused_to_a_team_and_given_to_one(page: AppTest, engine: Engine) -> None:
    write(page, "Why", "we are one")
    press(page, "Switch it on")
    assert "in which one person reviews" in page.error[0].value
    for username in ("second", "reviewer"):
        press(choose(page, engine, username), "Stop the account")
    press(page, "Switch it on")
    assert "needs its reason" in page.error[0].value
    write(page, "Why", "we are one")
    press(page, "Switch it on")
    assert solo.is_on_now(engine)
    press(choose(page, engine, "second"), "Start the account again")
    assert not solo.is_on_now(engine)
