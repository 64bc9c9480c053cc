"""What administrators do with accounts, one-time links, and who may write what: on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, update

from audit.access import accounts, invitations, passwords, people, sessions, solo
from audit.access.accounts import LOCKED_FOR, TRIES, Account
from audit.auditing import audits, running
from audit.errors import AccessError, CountersignError, StateError
from audit.loading import arrivals
from audit.model import OPENERS, ROLE_NAMES, Role
from audit.reviewing import review, sign_off
from audit.store import schema, trail
from audit.store.database import read, write
from tests.stored import add, count_rows

pytest_plugins = ["tests.databases"]
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
RIGHT, OTHER = "a blue heron on the pier", "seven herons over a lake"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._hash_of_nobody.cache_clear()
    yield
    passwords._hash_of_nobody.cache_clear()


def made(engine: Engine, role: Role, username: str = "") -> Account:
    npi = "1000000001" if role == "therapist" else ""
    whole = {"username": username or role, "name": f"The {role}", "role": role, "npi": npi}
    return accounts.create(engine, **whole, password=RIGHT, now=NOON)


@pytest.fixture
def ada(engine: Engine) -> Account:
    return made(engine, "administrator", "ada")


@pytest.fixture
def imke(engine: Engine) -> Account:
    return made(engine, "reviewer", "imke")


def last_event(engine: Engine) -> Any:
    with read(engine) as connection:
        assert trail.verify(connection) is None
        return connection.execute(select(schema.events).order_by(schema.events.c.id.desc()).limit(1)).one()


def live(engine: Engine, token: str, now: datetime = NOON) -> bool:
    return sessions.find(engine, sessions.sha256(token), now) is not None


def test_a_person_is_added_with_a_link_that_sets_the_password_once(engine: Engine, ada: Account) -> None:
    link = people.add(engine, username="Jo", name="Jo Marsh", role="manager", npi="", by=ada.id, at=NOON)
    assert last_event(engine).account_id == ada.id
    assert accounts.verify(engine, "jo", "", NOON) is None, "no password is no way in"
    with pytest.raises(CountersignError, match="12 to 200 characters"):
        invitations.use(engine, link, "short", NOON)
    jo = invitations.use(engine, link, RIGHT, NOON)
    assert (jo.username, jo.role) == ("jo", "manager")
    assert accounts.verify(engine, "jo", RIGHT, NOON)
    assert invitations.find(engine, link, NOON) is None
    with pytest.raises(AccessError, match="used already or is too old"):
        invitations.use(engine, link, OTHER, NOON)
    assert accounts.verify(engine, "jo", RIGHT, NOON)


def test_a_therapist_has_an_npi(engine: Engine, ada: Account, imke: Account) -> None:
    with pytest.raises(CountersignError, match="needs an NPI"):
        people.add(engine, username="thea", name="Thea", role="therapist", npi="", by=ada.id, at=NOON)
    with pytest.raises(StateError, match="needs an NPI"):
        people.change_role(engine, imke.id, "therapist", by=ada.id, at=NOON)
    assert people.add(engine, username="thea", name="Thea", role="therapist", npi="1234567893", by=ada.id, at=NOON)


def test_a_link_ends_with_its_day_with_a_newer_one_and_with_the_account(engine: Engine, ada: Account) -> None:
    def invite(account_id: int) -> str:
        return people.invite(engine, account_id, by=ada.id, at=NOON)

    jo = made(engine, "manager")
    first, second = invite(jo.id), invite(jo.id)
    assert invitations.find(engine, first, NOON) is None
    assert invitations.find(engine, second, NOON + invitations.LASTS - timedelta(seconds=1))
    assert invitations.find(engine, second, NOON + invitations.LASTS) is None
    people.stop(engine, jo.id, by=ada.id, at=NOON)
    assert invitations.find(engine, second, NOON) is None
    with pytest.raises(StateError, match="stopped"):
        invite(jo.id)


def test_a_forgotten_password_holds_until_the_link_is_used_and_then_ends_all_sessions(
    engine: Engine, ada: Account, imke: Account
) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    link = people.invite(engine, imke.id, by=ada.id, at=NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON)
    invitations.use(engine, link, OTHER, NOON)
    assert not live(engine, token)
    assert accounts.verify(engine, "imke", RIGHT, NOON) is None
    assert accounts.verify(engine, "imke", OTHER, NOON)


def test_the_database_holds_no_link(engine: Engine, ada: Account, imke: Account) -> None:
    link = people.invite(engine, imke.id, by=ada.id, at=NOON)
    with read(engine) as connection:
        everything = [str(connection.execute(select(table)).all()) for table in schema.metadata.tables.values()]
    assert all(link not in rows for rows in everything)


def test_the_first_administrator_comes_by_a_link_that_only_the_newest_start_has(engine: Engine) -> None:
    first, second = (invitations.first_administrator(engine, NOON) for _ in range(2))
    assert first and second  # noqa: PT018
    assert invitations.find(engine, first, NOON) is None
    assert invitations.find(engine, second, NOON + invitations.FIRST_LASTS) is None
    with pytest.raises(CountersignError, match="a printed name"):
        invitations.use(engine, second, RIGHT, NOON, username="ada")
    made_first = invitations.use(engine, second, RIGHT, NOON, username="Ada", name="Ada Quill")
    assert (made_first.username, made_first.role) == ("ada", "administrator")
    assert invitations.first_administrator(engine, NOON) is None
    with pytest.raises(AccessError):
        invitations.use(engine, second, RIGHT, NOON, username="eve", name="Eve")


def test_a_first_link_is_worth_nothing_once_there_is_an_administrator(engine: Engine) -> None:
    link = invitations.first_administrator(engine, NOON)
    assert link
    made(engine, "administrator")
    assert invitations.find(engine, link, NOON) is None
    with pytest.raises(AccessError):
        invitations.use(engine, link, RIGHT, NOON, username="eve", name="Eve")


def test_a_changed_role_counts_at_once_ends_sessions_and_is_an_event(
    engine: Engine, ada: Account, imke: Account
) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    people.change_role(engine, imke.id, "auditor", by=ada.id, at=NOON)
    assert not live(engine, token)
    event = last_event(engine)
    assert (event.kind, event.subject, event.account_id) == ("role changed", f"account {imke.id}", ada.id)
    told = json.loads(event.details)
    assert (told["before"]["role"], told["after"]["role"]) == ("reviewer", "auditor")
    with pytest.raises(StateError, match="has this role already"):
        people.change_role(engine, imke.id, "auditor", by=ada.id, at=NOON)
    with pytest.raises(CountersignError, match="there is no role king"):
        people.change_role(engine, imke.id, "king", by=ada.id, at=NOON)  # type: ignore[arg-type]


def test_administrators_neither_promote_nor_stop_themselves(engine: Engine, ada: Account) -> None:
    made(engine, "administrator", "bo")
    with pytest.raises(StateError, match="your own role is for another administrator"):
        people.change_role(engine, ada.id, "doctor_of_ot", by=ada.id, at=NOON)
    with pytest.raises(StateError, match="your own account is for another administrator"):
        people.stop(engine, ada.id, by=ada.id, at=NOON)


def test_one_administrator_is_always_left(engine: Engine, ada: Account) -> None:
    for change in (
        lambda: people.stop(engine, ada.id, by=None, at=NOON),
        lambda: people.change_role(engine, ada.id, "manager", by=None, at=NOON),
    ):
        with pytest.raises(StateError, match="the last administrator"):
            change()
    bo = made(engine, "administrator", "bo")
    people.stop(engine, bo.id, by=ada.id, at=NOON)
    with pytest.raises(AccessError):
        people.stop(engine, ada.id, by=bo.id, at=NOON)


def test_stopped_and_started_again(engine: Engine, ada: Account, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    people.stop(engine, imke.id, by=ada.id, at=NOON)
    assert not live(engine, token)
    with pytest.raises(StateError, match="stopped already"):
        people.stop(engine, imke.id, by=ada.id, at=NOON)
    people.start_again(engine, imke.id, by=ada.id, at=NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON)
    with pytest.raises(StateError, match="not stopped"):
        people.start_again(engine, imke.id, by=ada.id, at=NOON)


def test_a_lock_is_shown_and_reset(engine: Engine, ada: Account, imke: Account) -> None:
    for _ in range(TRIES):
        accounts.verify(engine, "imke", OTHER, NOON)
    locked = {one.account.username: one.locked_until for one in people.everyone(engine, NOON)}
    assert locked == {"ada": None, "imke": NOON + LOCKED_FOR}
    people.unlock(engine, imke.id, by=ada.id, at=NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON)


def test_sessions_ended_by_an_administrator_or_by_oneself_everywhere(
    engine: Engine, ada: Account, imke: Account
) -> None:
    for end, why in (
        (lambda: people.end_sessions(engine, imke.id, by=ada.id, at=NOON), "by an administrator"),
        (lambda: sessions.end_everywhere(engine, imke.id, NOON), "signed out everywhere"),
    ):
        tokens = [sessions.begin(engine, imke.id, NOON) for _ in range(2)]
        assert {one.account.username: one.sessions for one in people.everyone(engine, NOON)}["imke"] == 2
        end()
        assert not any(live(engine, token) for token in tokens)
        assert json.loads(last_event(engine).details) == {"sessions": 2, "why": why}


@pytest.mark.parametrize(("after", "why"), [(timedelta(minutes=15), "idle"), (timedelta(hours=12), "too long")])
def test_a_session_that_ran_out_is_closed_once_with_an_event(
    engine: Engine, imke: Account, after: timedelta, why: str
) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    sessions.expire(engine, sessions.sha256(token), NOON)
    assert live(engine, token)
    for _ in range(2):
        sessions.expire(engine, sessions.sha256(token), NOON + after)
    sessions.expire(engine, "unknown", NOON)
    event = last_event(engine)
    assert (event.kind, json.loads(event.details)) == ("session ended", {"sessions": 1, "why": why})
    with read(engine) as connection:
        kinds = connection.execute(select(schema.events.c.kind)).scalars().all()
    assert kinds.count("session ended") == 1


ACTS: dict[str, Callable[[Engine, int, int], object]] = {
    "add": lambda e, by, _: people.add(e, username="x", name="X", role="reviewer", npi="", by=by, at=NOON),
    "invite": lambda e, by, other: people.invite(e, other, by=by, at=NOON),
    "change role": lambda e, by, other: people.change_role(e, other, "manager", by=by, at=NOON),
    "stop": lambda e, by, other: people.stop(e, other, by=by, at=NOON),
    "start again": lambda e, by, other: people.start_again(e, other, by=by, at=NOON),
    "unlock": lambda e, by, other: people.unlock(e, other, by=by, at=NOON),
    "end sessions": lambda e, by, other: people.end_sessions(e, other, by=by, at=NOON),
    "single-person mode": lambda e, by, _: solo.switch(e, True, by=by, at=NOON, reason="x"),
}


@pytest.mark.parametrize("act", ACTS)
def test_nobody_but_an_active_administrator_does_it(engine: Engine, imke: Account, act: str) -> None:
    others = [made(engine, role, f"a {role}") for role in ROLE_NAMES if role != "administrator"]
    stopped = made(engine, "administrator", "gone")
    with write(engine) as connection:
        this = schema.accounts.c.id == stopped.id
        connection.execute(update(schema.accounts).where(this).values(active=False))
    before = count_rows(engine)
    for by in [*(other.id for other in others), stopped.id, 999]:
        with pytest.raises(AccessError, match="your account may not do this"):
            ACTS[act](engine, by, imke.id)
    assert count_rows(engine) == before


def sure(*_: object) -> None:
    """The password was right."""


WRITES: dict[str, tuple[tuple[str, ...], Callable[[Engine, int], object]]] = {
    "load": (OPENERS, lambda e, by: arrivals.take_in(e, [("x.csv", b"")], account_id=by, at=NOON)),
    "screen": (OPENERS, lambda e, by: running.screen(e, account_id=by, at=NOON)),
    "open an audit": (OPENERS, lambda e, by: audits.open_audit(e, 1, name="x", plan=None, account_id=by, at=NOON)),
    "draw": (OPENERS, lambda e, by: audits.draw_seed(e, 1, account_id=by, at=NOON)),
    "decide": (review.REVIEWERS, lambda e, by: review.decide(e, 1, kind="agree", account_id=by, at=NOON)),
    "report": (review.REVIEWERS, lambda e, by: review.report_missed(e, 1, text="x", account_id=by, at=NOON)),
    "sign": (review.REVIEWERS, lambda e, by: sign_off.sign_reviewed(e, 1, account_id=by, at=NOON, confirm=sure)),
    "approve": (sign_off.APPROVERS, lambda e, by: sign_off.approve(e, 1, account_id=by, at=NOON, confirm=sure)),
}


@pytest.mark.parametrize("name", WRITES)
def test_each_write_asks_the_database_for_the_role_first(engine: Engine, name: str) -> None:
    """Behind the pages: whatever page or role may have called, and the read-only auditor above all."""
    allowed, do = WRITES[name]
    claim = add(engine, "claims", load_id=add(engine, "loads"))
    add(engine, "findings", run_id=add(engine, "runs"), claim_version_id=claim)
    roles = {role: add(engine, "accounts", username=role, role=role) for role in ROLE_NAMES}
    stopped = add(engine, "accounts", username="stopped", role=allowed[0], active=False)
    before = count_rows(engine)
    for by in [*(account for role, account in roles.items() if role not in allowed), stopped]:
        with pytest.raises(AccessError, match="your account may not do this"):
            do(engine, by)
    assert count_rows(engine) == before
    assert "auditor" not in allowed


def test_where_somebody_sits_is_told_in_each_event(
    engine: Engine, imke: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "where", lambda: "192.0.2.7")
    accounts.verify(engine, "imke", OTHER, NOON)
    assert json.loads(last_event(engine).details)["from"] == "192.0.2.7"


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaaa",
        "Welcome12345",
        "Countersign2026",
        "Heron 1999!!",
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(CountersignError, match="among the first that are guessed"):
        passwords.demand(password, username="pier", name="Blue Heron")
    passwords.demand(RIGHT, username="pier", name="Blue Heron")


@pytest.mark.parametrize(
    ("name", "npi", "says"), [("", "", "printed name"), ("X\nY", "", "printed name"), ("X", "12", "ten digits")]
)
def test_a_person_needs_a_printed_name_and_an_npi_of_ten_digits(
    engine: Engine, ada: Account, name: str, npi: str, says: str
) -> None:
    before = count_rows(engine)
    with pytest.raises(CountersignError, match=says):
        people.add(engine, username="x", name=name, role="reviewer", npi=npi, by=ada.id, at=NOON)
    assert count_rows(engine) == before
