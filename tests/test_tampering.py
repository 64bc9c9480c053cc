"""`verify` over a database that somebody with its password changed: guards off, one value or row, guards on again."""
# ruff: noqa: S608  (names of tables and columns, from the schema)

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Date, Engine, Integer, Table, text

from audit import overpayments, release
from audit.feedback import answers, education, rulings
from audit.reviewing import review, review_plan, sign_off
from audit.store import contents, database, guards, retention, schema, verifying
from audit.store.types import Moment, Money
from tests.answering import by, give_back, verdict
from tests.databases import filled
from tests.reviewing import NPI, load, open_audit, people_of, review_claim, take, versions, visit, who
from tests.stored import NOW, add, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
pytestmark = on_sqlite
LATER = NOW + timedelta(days=8 * 366)
KEPT = date(2026, 3, 18)
"""Claims of before it lost their patients' values."""
WHOLE = (
    *("decisions", "signatures", "review_plans", "releases", "overpayments", "feedback_answers", "feedback_rulings"),
    *("education_items", "retentions", "release_claims"),
)
"""Tables of which no value may change and no row go."""
NOT_TOLD = {
    "events": {"id"},
    "removals": {"id"},
    "audits": {"name", "account_id", "frozen_at", "seeded_at"},
}
"""What `verify` does not see: numbers that nothing refers to, a name, who and when (an event tells these)."""
RECORDS = {
    **{of: names for of, _, names in contents.PARTS.values()},
    "notes": [name for name in list(schema.notes.c.keys()) if name not in ("id", "load_id", "version", "is_current")],
    "claims": [name for name in list(schema.claims.c.keys()) if name not in ("id", "load_id", "version", "is_current")],
}


def lived_in(engine: Engine) -> None:
    """A decision, signature, answer, ruling, release and so on of every kind, and some claims whose time is over."""
    people = people_of(engine)
    thea = add(engine, "accounts", username="thea", name="Thea", npi=NPI, role="therapist", must_change_password=False)
    plan = review_plan.Plan((review_plan.PlanRule(1),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")
    days = {"OVER": 12, "CLEAN": 13, "MORE": 16, "LAST": 18, "FINE": 19}
    load(engine, *[visit(name, f"2026-03-{day}", 2 + (day % 2 == 0), 30, f"P{day}") for name, day in days.items()])
    open_audit(engine, people)
    claims = versions(engine)
    for name in ("OVER", "MORE", "LAST"):
        review_claim(engine, claims[name], people["rita"])
        give_back(engine, claims[name], people["sam"])
    for name in ("CLEAN", "FINE"):
        review_claim(engine, claims[name], people["rita"], kind=review.DISMISS)
        take(engine, claims[name], people["sam"])
        sign_off.approve(engine, claims[name], **who(people["sam"]))
    release.release(engine, [claims["CLEAN"], claims["FINE"]], **by(people["max"]))
    for name, outcome in (("OVER", "upheld"), ("LAST", "accepted")):
        made = answers.dispute(engine, verdict(engine, claims[name]), text="No.", **by(thea))
        rulings.rule(engine, made, outcome=outcome, reason="So it is.", **by(people["dora"], 1))
    education.teach(engine, NPI, rule="UNIT-01", text="Count.", taught_on=NOW.date(), account_id=people["dora"], at=NOW)
    for act, amount in (("paid", None), ("identified", None), ("quantified", Decimal("10.00"))):
        overpayments.record(engine, claims["MORE"], act, on=date(2026, 3, 17), amount=amount, **by(people["max"], 1))
    due = retention.due(engine, KEPT, LATER.date())
    retention.remove(engine, KEPT, claims=due.claims, reason="old", at=LATER)


lived = filled("lived", lived_in, on="people")


class Back(Exception):
    """Takes back what was changed by hand."""


@pytest.fixture
def unguarded(engine: Engine, lived: None, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Somebody took the guards away, and will put them back."""
    with database.read(engine) as connection:
        assert verifying.verify(connection).breaks == ()
    with database.write(engine) as connection:
        guards.remove(connection)
    monkeypatch.setattr(guards, "missing", lambda _: [])
    return engine


def whole(connection: Connection) -> bool:
    return bool(verifying.verify(connection).breaks)


def records(connection: Connection) -> bool:
    """The part of `verify` that is about records."""
    return any(contents.differing(connection, retention.removed(connection)[0]))


def seen(engine: Engine, statement: str, look: Callable[[Connection], bool] = whole, **values: Any) -> bool:
    """Whether `verify` sees it; it is taken back. What the database itself refuses counts as seen."""
    try:
        with database.write(engine) as connection:
            try:
                connection.execute(text(statement), values)
            except Exception:  # a key or a unique index
                raise Back from None
            raise Back if look(connection) else LookupError
    except Back:
        return True
    except LookupError:
        return False


def another(column: Column[Any], value: Any) -> Any:
    """A value that this column could hold, and does not."""
    kind = column.type
    if isinstance(kind, Boolean):
        return not value
    if isinstance(kind, Date):
        return "2020-01-01"
    if isinstance(kind, Moment):
        return "2020-01-01 00:00:00.000000"
    if isinstance(kind, Integer | Money):
        return (value or 0) + 1
    return f"{value or ''}x"


def changes(connection: Connection, table: Table, names: list[str], many: int) -> Iterator[tuple[str, str, Any]]:
    """What it is called, the statement and its value: each of these columns, and the whole row, of so many rows."""
    ids = connection.execute(text(f'SELECT rowid FROM "{table.name}" ORDER BY rowid')).scalars().all()
    assert ids, f"{table.name} is empty"
    for one in [*ids[:: len(ids) - 1 or 1]][-many:]:
        for name in names:
            held = connection.execute(text(f'SELECT "{name}" FROM "{table.name}" WHERE rowid = {one}')).scalar()
            statement = f'UPDATE "{table.name}" SET "{name}" = :new WHERE rowid = {one}'
            yield name, statement, another(table.c[name], held)
        yield "DELETE", f'DELETE FROM "{table.name}" WHERE rowid = {one}', None


def unseen(
    engine: Engine,
    name: str,
    names: list[str] | None = None,
    many: int = 1,
    look: Callable[[Connection], bool] = whole,
) -> set[str]:
    table = schema.metadata.tables[name]
    with database.read(engine) as connection:
        asked = list(changes(connection, table, names or list(table.c.keys()), many))
    return {what for what, statement, new in asked if not seen(engine, statement, look, new=new)}


@pytest.mark.parametrize("table", WHOLE)
def test_no_value_of_what_people_did_is_changed_unseen(unguarded: Engine, table: str) -> None:
    assert unseen(unguarded, table) == set()


@pytest.mark.parametrize("table", NOT_TOLD)
def test_no_event_frame_plan_or_seed_is_changed_unseen(unguarded: Engine, table: str) -> None:
    assert unseen(unguarded, table) <= NOT_TOLD[table]


def test_no_drawn_claim_is_exchanged_unseen(unguarded: Engine) -> None:
    assert unseen(unguarded, "audit_claims", ["claim_version_id"]) == set()


@pytest.mark.parametrize("table", RECORDS)
def test_no_value_of_a_record_is_changed_unseen_also_where_values_were_removed(unguarded: Engine, table: str) -> None:
    """Units and minutes are what a signature is given for."""
    assert unseen(unguarded, table, RECORDS[table], many=2, look=records) == set()
    assert unseen(unguarded, table, RECORDS[table][-1:]) == set()


def test_a_spoilt_event_or_removal_is_told_and_hides_nothing(unguarded: Engine) -> None:
    for statement in (
        "UPDATE events SET details = '{' WHERE kind = 'returned'",
        "UPDATE removals SET table_name = 'nothing'",
        "UPDATE signatures SET meaning = 'x' WHERE id = 1",
        "UPDATE overpayments SET amount = 'x'",
    ):
        assert seen(unguarded, statement)
