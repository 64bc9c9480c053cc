"""Late entries to notes, as answers to findings: what each adds, and that nothing that was written is changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from audit.errors import AccessError, StateError
from audit.feedback import addenda, answers
from audit.store import schema
from audit.store.database import read
from audit.store.verifying import verify
from tests.answering import by, item_of
from tests.reviewing import state, versions
from tests.stored import add, sentence

pytest_plugins = ["tests.databases", "tests.reviewing", "tests.answering"]


def entry(engine: Engine, decision: int, account: int, **values: Any) -> addenda.Added:
    whole = {"note_id": "N-SHORT", "text": "The visit took 30 minutes.", **values}
    return addenda.add_late_entry(engine, decision, **whole, **by(account, 1))


def test_a_late_entry_is_a_new_version_of_the_note_and_run_again(
    engine: Engine, untimed: int, people: dict[str, int], therapist: int
) -> None:
    assert item_of(engine, untimed, therapist)["state"] == "open"
    offered = addenda.open_notes(engine, untimed, account_id=therapist)
    assert [one.note_id for one in offered] == ["N-SHORT"]
    assert "total_treatment_minutes" in offered[0].empty
    assert "total_timed_minutes" not in offered[0].empty
    made = entry(engine, untimed, therapist, fields={"total_treatment_minutes": "30"})
    assert made.outcome == "resolved"
    assert item_of(engine, untimed, therapist)["state"] == "resolved"
    assert state(engine, versions(engine)["SHORT"]) == "stale"
    with read(engine) as connection:
        kept = connection.execute(select(schema.notes).where(schema.notes.c.note_id == "N-SHORT")).mappings().all()
        assert verify(connection).breaks == ()
    assert [(one["version"], one["is_current"], one["total_treatment_minutes"]) for one in kept] == [
        (1, False, None),
        (2, True, 30),
    ]
    assert kept[1]["text"].startswith(kept[0]["text"])
    assert (
        "Late entry, added 2026-11-25 09:30 UTC by Thea: The visit took 30 minutes. [total treatment" in kept[1]["text"]
    )


def test_a_late_entry_that_settles_nothing_says_so(engine: Engine, untimed: int, therapist: int) -> None:
    assert entry(engine, untimed, therapist).outcome == "still"
    item = item_of(engine, untimed, therapist)
    assert (item["state"], item["waits_for"]) == ("still", "therapist")
    answers.agree(engine, untimed, **by(therapist, 2))
    assert item_of(engine, untimed, therapist)["state"] == "agreed"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"text": " "}, "needs words"),
        ({"note_id": "N-OVER"}, "no note of yours"),
        ({"fields": {"total_timed_minutes": "45"}}, "says this already"),
        ({"fields": {"signed_at": "2026-03-18"}}, "says this already"),
        ({"fields": {"total_treatment_minutes": "thirty"}}, "cannot be"),
        ({"fields": {"history_level": "long"}}, "cannot be"),
        ({"fields": {"end_time": "25:00"}}, "cannot be"),
        ({"minutes": {"97530": 45}}, "says this already"),
    ],
)
def test_a_late_entry_adds_and_changes_nothing(
    engine: Engine, untimed: int, therapist: int, values: dict[str, Any], why: str
) -> None:
    with read(engine) as connection:
        before = connection.execute(select(schema.notes.c.id)).all()
    with pytest.raises(StateError, match=why):
        entry(engine, untimed, therapist, **values)
    with read(engine) as connection:
        assert connection.execute(select(schema.notes.c.id)).all() == before


def test_nobody_else_adds_to_the_note(engine: Engine, untimed: int, people: dict[str, int], therapist: int) -> None:
    for name in ("rita", "dora", "max", "ada"):
        with pytest.raises(AccessError):
            entry(engine, untimed, people[name])
        with pytest.raises(AccessError):
            addenda.open_notes(engine, untimed, account_id=people[name])
    row = {"decision_id": untimed, "account_id": therapist, "kind": "addendum", "text": "x", "passage": ""}
    says = "a late entry names its own new version of the note, and nothing else does"
    assert sentence(add, engine, "feedback_answers", note_id="N-SHORT", note_version_id=1, **row) == says
