"""The trail: each event follows from the one before it, and tampering is found and named."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from audit import serving
from audit.store import database, guards, seal, trail
from audit.store.schema import events
from tests.stored import NOW, add

pytest_plugins = ["tests.databases"]


def record(engine: Engine, subject: str, **values: Any) -> str:
    fixed = {"kind": "test", "account_id": None, "at": NOW, "details": {"count": 1}}
    with database.write(engine) as connection:
        return trail.record(connection, subject=subject, **fixed | values)


def broken(engine: Engine) -> trail.Break | None:
    with database.read(engine) as connection:
        return trail.verify(connection)


@pytest.fixture
def chain(engine: Engine) -> Engine:
    account = add(engine, "accounts", username="ada")
    for number in range(5):
        record(engine, f"claim {number}", account_id=account if number % 2 else None)
    return engine


def tamper(engine: Engine, *statements: str) -> None:
    """What somebody with the database's password could do."""
    table = " ON events" if engine.dialect.name == "postgresql" else ""
    with database.write(engine) as connection:
        for action in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER guard_events_{action}{table}"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount == 1


def test_an_untouched_chain_holds(chain: Engine) -> None:
    assert broken(chain) is None


def test_an_empty_chain_holds_and_starts_at_zero(engine: Engine) -> None:
    assert broken(engine) is None
    with database.read(engine) as connection:
        assert trail.head(connection) == trail.START


def test_the_head_is_the_hash_of_the_last_event(chain: Engine) -> None:
    last = record(chain, "the last")
    with database.read(chain) as connection:
        assert trail.head(connection) == last


@pytest.mark.parametrize(
    "change",
    [
        "at = '2020-01-01 00:00:00.000000'",
        "account_id = NULL",
        "kind = 'other'",
        "subject = 'claim 9'",
        "details = '{}'",
    ],
)
def test_a_changed_event_is_named(chain: Engine, change: str) -> None:
    tamper(chain, f"UPDATE events SET {change} WHERE id = 4")  # noqa: S608  the changes stand above
    assert broken(chain) == trail.Break(4, "its content was changed after it was recorded")


def test_an_event_changed_with_its_hash_breaks_at_the_next(chain: Engine) -> None:
    with database.read(chain) as connection:
        held = dict(connection.execute(select(events).where(events.c.id == 3)).mappings().one())
    digest = by_hand({**held, "subject": "x"})
    tamper(chain, f"UPDATE events SET subject = 'x', sha256 = '{digest}' WHERE id = 3")  # noqa: S608
    found = broken(chain)
    assert found is not None
    assert (found.event_id, "does not follow" in found.wrong) == (4, True)


def by_hand(event: dict[str, Any]) -> str:
    """The hash of an event as a stranger would work it out from the documentation."""
    hashed = {name: event[name] for name in ("account_id", "details", "kind", "previous_sha256", "subject")}
    hashed["at"] = event["at"].strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    known = {name: value for name, value in sorted(hashed.items()) if value is not None}
    return hashlib.sha256(json.dumps(known, separators=(",", ":")).encode()).hexdigest()


def test_the_hash_of_an_event_can_be_worked_out_by_a_stranger(chain: Engine) -> None:
    with database.read(chain) as connection:
        for event in connection.execute(select(events)).mappings():
            assert event["sha256"] == by_hand(dict(event))


def test_a_removed_event_breaks_the_one_after_it(chain: Engine) -> None:
    tamper(chain, "DELETE FROM events WHERE id = 2")
    found = broken(chain)
    assert found is not None
    assert found.event_id == 3
    assert "an event was removed" in found.wrong


def test_the_first_event_cannot_go_unnoticed(chain: Engine) -> None:
    tamper(chain, "DELETE FROM events WHERE id = 1")
    found = broken(chain)
    assert found is not None
    assert found.event_id == 2


def test_an_event_put_in_by_hand_breaks_the_chain(chain: Engine) -> None:
    add(chain, "events", subject="by hand")
    found = broken(chain)
    assert found is not None
    assert found.event_id == 6


def test_events_cut_off_at_the_end_are_found_by_the_head_kept_elsewhere(chain: Engine) -> None:
    with database.read(chain) as connection:
        kept = trail.head(connection)
    tamper(chain, "DELETE FROM events WHERE id = 5")
    assert broken(chain) is None, "the chain alone cannot tell"
    with database.read(chain) as connection:
        assert trail.head(connection) != kept


def test_the_database_refuses_to_change_an_event(chain: Engine) -> None:
    with pytest.raises(DBAPIError) as raised, database.write(chain) as connection:
        connection.execute(text("UPDATE events SET subject = 'x'"))
    assert guards.refusal(raised.value) == "events is append-only: a row cannot be changed"


def test_an_event_goes_with_its_transaction(chain: Engine) -> None:
    def stumble() -> None:
        with database.write(chain) as connection:
            trail.record(connection, kind="test", subject="gone", account_id=None, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    record(chain, "after it")
    assert broken(chain) is None


def test_threads_that_record_at_once_make_one_chain(engine: Engine) -> None:
    def work(thread: int) -> None:
        for number in range(10):
            record(engine, f"{thread} {number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 60
    assert broken(engine) is None


def at_and_told(engine: Engine) -> list[tuple[Any, dict[str, Any]]]:
    with database.read(engine) as connection:
        rows = connection.execute(select(events.c.at, events.c.details).order_by(events.c.id))
        return [(row.at, json.loads(row.details)) for row in rows]


def test_a_clock_set_back_makes_no_event_earlier_and_is_told(engine: Engine) -> None:
    """An hour back: the event has the time of the one before it, and says what the clock said."""
    record(engine, "before")
    record(engine, "set back", at=NOW - timedelta(hours=1))
    record(engine, "a moment later at another desk", at=NOW - timedelta(seconds=30))
    record(engine, "right again", at=NOW + timedelta(hours=1))
    assert at_and_told(engine) == [
        (NOW, {"count": 1}),
        (NOW, {"count": 1, "clock": "2026-11-24T08:30:00.000000+00:00"}),
        (NOW, {"count": 1}),
        (NOW + timedelta(hours=1), {"count": 1}),
    ]
    assert broken(engine) is None


def test_the_server_says_at_its_start_that_the_clock_is_behind(engine: Engine, capsys: Any) -> None:
    record(engine, "before")
    serving.tell_clock(engine, NOW - timedelta(seconds=30))
    assert capsys.readouterr().out == ""
    serving.tell_clock(engine, NOW - timedelta(days=1))
    assert "stands at 2026-11-23 09:30 UTC, before the last event in the trail" in capsys.readouterr().out


def test_a_column_that_says_no_leaves_the_digest_of_a_row_as_it_was_before_there_was_such_a_column() -> None:
    before = seal.row_digest({"id": 1, "text": ""})
    assert seal.row_digest({"id": 1, "text": "", "single_person": False}) == before
    assert seal.row_digest({"id": 1, "text": "", "single_person": True}) != before
