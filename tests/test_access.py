"""Accounts, passwords, sessions: on SQLite and PostgreSQL, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher, Type
from sqlalchemy import Engine, event, select

from audit.access import accounts, demo, passwords, people, sessions
from audit.access.accounts import LOCKED_FOR, TRIES, Account
from audit.errors import AccessError, CountersignError, InputError, StateError
from audit.model import ROLE_NAMES
from audit.store import schema, trail
from audit.store.database import read

pytest_plugins = ["tests.databases"]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RIGHT, WRONG = "a blue heron on the pier", "a blue heron on the peer"


REAL_HASHER = passwords._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Real hashes are slow and large on purpose; here they are argon2id of the least cost."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._hash_of_nobody.cache_clear()
    yield
    passwords._hash_of_nobody.cache_clear()


@pytest.fixture
def imke(engine: Engine) -> Account:
    return accounts.create(engine, username="Imke", name="Imke Sorrel", role="reviewer", password=RIGHT, now=NOON)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def session_of(engine: Engine, token: str, now: datetime) -> sessions.Session | None:
    return sessions.find(engine, sessions.sha256(token), now)


def events(engine: Engine) -> list[tuple[str, str]]:
    with read(engine) as connection:
        assert trail.verify(connection) is None
        rows = connection.execute(select(schema.events).order_by(schema.events.c.id)).all()
    return [(row.kind, row.subject) for row in rows]


def test_the_right_password_signs_in_and_the_wrong_one_does_not(engine: Engine, imke: Account) -> None:
    assert accounts.verify(engine, "imke", WRONG, NOON) is None
    assert accounts.verify(engine, "imke", RIGHT, NOON) == imke


def test_usernames_are_the_same_in_capitals_and_with_spaces(engine: Engine, imke: Account) -> None:
    assert accounts.verify(engine, " IMKE ", RIGHT, NOON) == imke
    with pytest.raises(StateError, match="the username imke is taken"):
        accounts.create(engine, username="IMKE", name="Other", role="manager", password=RIGHT, now=NOON)


def test_letters_typed_in_another_form_are_the_same_password(engine: Engine) -> None:
    one_letter, letter_and_accent = "caf\u00e9 at the corner", "cafe\u0301 at the corner"
    accounts.create(engine, username="jo", name="Jo", role="manager", password=one_letter, now=NOON)
    assert accounts.verify(engine, "jo", letter_and_accent, NOON)


def test_the_password_is_kept_as_argon2id_only(engine: Engine, imke: Account) -> None:
    with read(engine) as connection:
        row = connection.execute(select(schema.accounts)).one()
    assert row.password_hash.startswith("$argon2id$")
    assert RIGHT not in str(tuple(row))


@pytest.mark.parametrize("username", ["imke", "nobody", "", "\x00", "x" * 5000])
def test_a_password_is_checked_as_often_whether_or_not_the_account_exists(
    engine: Engine, imke: Account, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords.matches(None, "warm")
    checked: list[str] = []
    original = passwords._hasher

    class Counting:
        def verify(self, password_hash: str, password: str) -> bool:
            checked.append(password_hash)
            return original.verify(password_hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert accounts.verify(engine, username, WRONG, NOON) is None
    assert len(checked) == 1
    assert checked[0].split("$")[:4] == original.hash("").split("$")[:4], "the same kind and cost"


def test_real_hashes_cost_what_rfc_9106_asks_where_memory_is_scarce() -> None:
    assert REAL_HASHER.type is Type.ID
    assert (REAL_HASHER.time_cost, REAL_HASHER.memory_cost, REAL_HASHER.parallelism) == (3, 65536, 4)


def test_the_hash_of_nobody_opens_nothing() -> None:
    assert not passwords.matches(None, "")
    assert not passwords.matches("no hash at all", "x")


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(engine: Engine, imke: Account) -> None:
    for second in range(TRIES):
        assert accounts.verify(engine, "imke", WRONG, NOON + timedelta(seconds=second)) is None
    locked_at = NOON + timedelta(seconds=TRIES - 1)
    assert accounts.verify(engine, "imke", RIGHT, locked_at + LOCKED_FOR - timedelta(seconds=1)) is None
    assert accounts.verify(engine, "imke", RIGHT, locked_at + LOCKED_FOR) == imke


def test_four_wrong_passwords_do_not_lock_and_a_right_one_starts_the_count_again(engine: Engine, imke: Account) -> None:
    for _ in range(2):
        for _ in range(TRIES - 1):
            accounts.verify(engine, "imke", WRONG, NOON)
        assert accounts.verify(engine, "imke", RIGHT, NOON) == imke


def test_tries_while_locked_do_not_lengthen_the_lock(engine: Engine, imke: Account) -> None:
    for _ in range(TRIES * 3):
        accounts.verify(engine, "imke", WRONG, NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON + LOCKED_FOR) == imke


def test_what_was_typed_as_an_unknown_username_is_not_recorded(engine: Engine, imke: Account) -> None:
    accounts.verify(engine, RIGHT, "imke", NOON)
    assert events(engine)[-1] == ("sign-in failed", "unknown account")
    with read(engine) as connection:
        assert RIGHT not in str(connection.execute(select(schema.events)).all())


def test_the_trail_tells_of_failures_lock_out_sign_in_and_sign_out(engine: Engine, imke: Account) -> None:
    for _ in range(TRIES):
        accounts.verify(engine, "imke", WRONG, NOON)
    token = sessions.begin(engine, imke.id, NOON)
    session = session_of(engine, token, NOON)
    assert session
    sessions.end(engine, session, NOON)
    account = f"account {imke.id}"
    failed = [("sign-in failed", account)] * TRIES
    told = [("account created", account), *failed, ("lock-out", account), ("sign-in", account), ("sign-out", account)]
    assert events(engine) == told


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("short", "12 to 200 characters"),
        ("x" * 201, "12 to 200 characters"),
        ("ImkeSorrel12", "may not be the username"),
        (RIGHT, "the new password is the old one"),
    ],
)
def test_a_new_password_that_will_not_do(engine: Engine, new: str, says: str) -> None:
    account = accounts.create(engine, username="imkesorrel12", name="Imke", role="reviewer", password=RIGHT, now=NOON)
    with pytest.raises(CountersignError, match=says):
        accounts.change_password(engine, account, RIGHT, new, NOON)
    assert accounts.verify(engine, "imkesorrel12", RIGHT, NOON)


def test_changing_the_password_needs_the_old_one_and_wrong_ones_count(engine: Engine, imke: Account) -> None:
    for _ in range(TRIES):
        with pytest.raises(AccessError, match="present password is not right"):
            accounts.change_password(engine, imke, WRONG, "another long password", NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON) is None


def test_a_changed_password_ends_all_sessions_and_is_no_longer_due(engine: Engine, imke: Account) -> None:
    tokens = [sessions.begin(engine, imke.id, NOON) for _ in range(2)]
    accounts.change_password(engine, imke, RIGHT, "another long password", NOON)
    assert [session_of(engine, token, NOON) for token in tokens] == [None, None]
    assert accounts.verify(engine, "imke", RIGHT, NOON) is None
    changed = accounts.verify(engine, "imke", "another long password", NOON)
    assert imke.must_change_password
    assert changed is not None
    assert not changed.must_change_password
    assert ("password changed", f"account {imke.id}") in events(engine)


def test_a_stopped_account_has_no_session_and_cannot_sign_in(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    people.stop(engine, imke.id, by=None, at=NOON)
    assert session_of(engine, token, NOON) is None
    assert accounts.verify(engine, "imke", RIGHT, NOON) is None
    stopped = accounts.find(engine, imke.id)
    assert stopped
    assert not stopped.active
    with pytest.raises(StateError, match="no account 999"):
        people.stop(engine, 999, by=None, at=NOON)


@pytest.mark.parametrize(("username", "role"), [("", "reviewer"), ("x" * 81, "reviewer"), ("jo", "king")])
def test_an_account_needs_a_username_and_a_role(engine: Engine, username: str, role: str) -> None:
    with pytest.raises(CountersignError, match="an account needs a username"):
        accounts.create(engine, username=username, name="Jo", role=role, password=RIGHT, now=NOON)  # type: ignore[arg-type]


def test_the_database_holds_only_the_hash_of_the_token(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    with read(engine) as connection:
        row = connection.execute(select(schema.sessions)).one()
    assert row.token_sha256 == sessions.sha256(token)
    assert token not in str(tuple(row))
    assert session_of(engine, row.token_sha256, NOON) is None, "the hash is not a token"


def test_a_session_ends_after_fifteen_idle_minutes(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    assert session_of(engine, token, NOON + minutes(15) - timedelta(seconds=1))
    assert session_of(engine, token, NOON + minutes(15)) is None


def test_a_sign_of_life_moves_the_idle_log_off_on(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    session = session_of(engine, token, NOON + minutes(14))
    assert session
    sessions.touch(engine, session, NOON + minutes(14))
    assert session_of(engine, token, NOON + minutes(28))
    assert session_of(engine, token, NOON + minutes(29)) is None


def test_signs_of_life_are_written_at_most_every_half_minute(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    for seconds, seen_at in ((29, NOON), (30, NOON + timedelta(seconds=30))):
        now = NOON + timedelta(seconds=seconds)
        session = session_of(engine, token, now)
        assert session
        sessions.touch(engine, session, now)
        after = session_of(engine, token, now)
        assert after
        assert after.seen_at == seen_at


def test_no_session_outlives_twelve_hours(engine: Engine, imke: Account) -> None:
    token, now = sessions.begin(engine, imke.id, NOON), NOON
    while session := session_of(engine, token, now):
        sessions.touch(engine, session, now)
        now += minutes(10)
    assert now == NOON + timedelta(hours=12)


def test_an_ended_session_is_not_revived_by_a_late_sign_of_life(engine: Engine, imke: Account) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    session = session_of(engine, token, NOON)
    assert session
    sessions.end(engine, session, NOON + minutes(1))
    sessions.touch(engine, session, NOON + minutes(2))
    assert session_of(engine, token, NOON + minutes(2)) is None


def test_signing_in_again_gives_a_new_token_and_ends_the_one_the_browser_held(engine: Engine, imke: Account) -> None:
    first = sessions.begin(engine, imke.id, NOON)
    second = sessions.begin(engine, imke.id, NOON, instead_of=first)
    assert first != second
    assert session_of(engine, first, NOON) is None
    assert session_of(engine, second, NOON)


@pytest.mark.parametrize("written", ["soon", "0", "-5", "nan", "inf", "721"])
def test_a_wrong_idle_setting_is_named(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sessions.VARIABLE, written)
    with pytest.raises(InputError, match=r"COUNTERSIGN_IDLE_MINUTES: .* is not a number of minutes from 0 to 720"):
        sessions.idle_limit()


def test_the_idle_setting_is_used(engine: Engine, imke: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sessions.VARIABLE, "2.5")
    token = sessions.begin(engine, imke.id, NOON)
    assert session_of(engine, token, NOON + minutes(2))
    assert session_of(engine, token, NOON + minutes(2.5)) is None


def test_the_demo_has_one_person_for_each_role_who_need_not_change_the_password(engine: Engine) -> None:
    made = demo.create_accounts(engine, NOON)
    assert {account.role for account in made} == set(ROLE_NAMES)
    assert not any(account.must_change_password for account in made)
    assert accounts.verify(engine, "doctor", demo.PASSWORD, NOON) in made


def test_the_doctor_of_the_demo_is_a_therapist_of_its_clinic() -> None:
    clinic = pytest.importorskip("audit.demo.clinic", reason="the demo clinic is not written yet")
    doctor = next(person for person in demo.PEOPLE if person.role == "doctor_of_ot")
    assert (doctor.name, doctor.npi) in {(one.name, one.npi) for one in clinic.PRACTITIONERS}


def test_the_password_again_before_a_signature(engine: Engine, imke: Account) -> None:
    accounts.confirm_password(engine, imke.id, RIGHT, NOON)
    with pytest.raises(AccessError, match="the password is not right, so nothing was signed"):
        accounts.confirm_password(engine, imke.id, WRONG, NOON)
    assert events(engine)[-1] == ("password refused before a signature", f"account {imke.id}")
    with pytest.raises(AccessError):
        accounts.confirm_password(engine, 999, RIGHT, NOON)


def test_wrong_passwords_before_a_signature_lock_the_account_and_end_its_sessions(
    engine: Engine, imke: Account
) -> None:
    token = sessions.begin(engine, imke.id, NOON)
    for tried in range(TRIES):
        assert session_of(engine, token, NOON), tried
        with pytest.raises(AccessError):
            accounts.confirm_password(engine, imke.id, WRONG, NOON)
    assert session_of(engine, token, NOON) is None
    with pytest.raises(AccessError):
        accounts.confirm_password(engine, imke.id, RIGHT, NOON)
    assert accounts.verify(engine, "imke", RIGHT, NOON) is None


def test_tries_at_the_sign_in_page_lock_but_end_nobodys_session(engine: Engine, imke: Account) -> None:
    """Else a stranger who knows a username could throw its owner out."""
    token = sessions.begin(engine, imke.id, NOON)
    for _ in range(TRIES):
        accounts.verify(engine, "imke", WRONG, NOON)
    assert session_of(engine, token, NOON)


def test_refusals_cost_the_same_statements_whoever_is_asked_for(engine: Engine, imke: Account) -> None:
    """The times are measured by `python -m benchmarks.sign_in`."""

    def statements(username: str) -> list[str]:
        said: list[str] = []
        listener = lambda *told: said.append(told[2].split("(")[0].split("WHERE")[0])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        assert accounts.verify(engine, username, "not the password", datetime.now(UTC)) is None
        event.remove(engine, "before_cursor_execute", listener)
        return [one.split(" SET ")[0] for one in said]

    assert statements("nobody-of-this-name") == statements(imke.username)
