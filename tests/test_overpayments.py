"""The log of overpayments: what may be entered when, what is due, what is taken back."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from audit import overpayments
from audit.errors import AccessError, InputError, StateError
from audit.facts.reference import load_facts
from audit.figures import results, upheld
from audit.overpayments.clock import Clock, due_date
from audit.store import loading, schema, verifying
from audit.store.database import read
from tests.databases import filled
from tests.page_runs import page_of, press, said
from tests.reviewing import load, open_audit, review_claim, versions, visit
from tests.stored import NOW, on_sqlite, payment, tables_of

pytest_plugins = ["tests.databases", "tests.reviewing"]
TODAY = NOW.date()
FACTS = load_facts()


def enter(engine: Engine, claim: int, act: str, by: int, on: date = TODAY, **more: Any) -> int:
    return overpayments.record(engine, claim, act, on=on, account_id=by, at=NOW, **more)


def review_two(engine: Engine) -> int:
    """OVER, on which a unit too many is upheld, and CLEAN, both reviewed; the version of OVER."""
    people = names(engine)
    load(engine, visit("OVER", "2026-03-12", 3, 30), visit("CLEAN", "2026-03-13", 2, 30))
    open_audit(engine, people)
    found = versions(engine)
    for claim in found.values():
        review_claim(engine, claim, people["rita"])
    return found["OVER"]


def names(engine: Engine) -> dict[str, int]:
    with read(engine) as connection:
        return {row.username: row.id for row in connection.execute(select(schema.accounts))}


over = filled("over", review_two, on="people")


@pytest.mark.parametrize(
    ("identified", "begun", "ended", "due", "until"),
    [
        ("2026-01-10", None, None, "2026-03-11", None),
        ("2024-12-31", "2025-01-02", None, "2025-03-01", None),  # no suspension was in force on that day
        ("2025-01-01", "2025-01-01", None, "2025-08-29", "2025-06-30"),  # 180 days, then all 60
        ("2026-01-10", "2026-01-20", None, "2026-08-28", "2026-07-09"),  # 10 of the 60 days ran before
        ("2026-01-10", "2026-01-20", "2026-02-20", "2026-04-11", "2026-02-20"),
        ("2026-01-10", "2026-01-20", "2026-12-31", "2026-08-28", "2026-07-09"),  # no longer than 180 days
        ("2026-01-10", "2026-03-11", "2026-03-12", "2026-03-12", "2026-03-12"),  # begun on the last day
        ("2026-01-10", "2026-03-12", None, "2026-03-11", None),  # begun too late
    ],
)
def test_sixty_days_from_identified_and_a_suspension_by_investigation(
    identified: str, begun: str | None, ended: str | None, due: str, until: str | None
) -> None:
    days = [date.fromisoformat(one) if one else None for one in (identified, begun, ended)]
    assert due_date(FACTS, *days) == Clock(date.fromisoformat(due), date.fromisoformat(until) if until else None)


def test_before_the_rule_there_is_no_date() -> None:
    assert due_date(FACTS, date(2016, 3, 13)) is None
    assert due_date(FACTS, date(2016, 3, 14)) == Clock(date(2016, 5, 13))


def test_from_upheld_to_returned(engine: Engine, over: int, people: dict[str, int]) -> None:
    by = people["max"]
    waiting = overpayments.to_enter(engine)
    assert waiting["claim_id"].tolist() == ["OVER"], "what is clean is not in it"
    amount = waiting["over"].iloc[0]
    drawn = results.results(engine, 1).claims  # by a second way: the pricing of samples
    assert amount == upheld.with_dollars(engine, drawn[drawn["claim_id"] == "OVER"])["over"].iloc[0] > 0
    assert overpayments.worth(engine, over) == (amount, False)
    assert overpayments.totals(overpayments.log(engine, TODAY), TODAY) == "No overpayment is entered."
    paid, known = date(2026, 5, 1), TODAY - timedelta(days=50)
    enter(engine, over, "paid", by, paid)
    assert overpayments.to_enter(engine).empty
    assert overpayments.log(engine, TODAY)[0].state == "not identified"
    enter(engine, over, "identified", by, known)
    one = overpayments.log(engine, TODAY)[0]
    assert (one.state, one.clock, one.amount) == ("open", Clock(known + timedelta(days=60)), None)
    assert overpayments.waits(engine, TODAY) == "Overpayments: 1 due within 30 days."
    assert overpayments.waits(engine, TODAY + timedelta(days=11)) == "Overpayments: 1 overdue."
    assert "1 not quantified yet; the next is due on 4 Dec 2026" in overpayments.totals([one], TODAY)
    enter(engine, over, "quantified", by, amount=amount)
    enter(engine, over, "reported", by, way="voluntary")
    enter(engine, over, "returned", by, amount=amount - 1, way="voluntary", text="Cheque 7")
    one = overpayments.log(engine, TODAY)[0]
    assert (one.outstanding, one.state) == (Decimal("1.00"), "open")
    enter(engine, over, "returned", by, amount=Decimal("1.00"), way="offset")
    one = overpayments.log(engine, TODAY + timedelta(days=99))[0]
    assert (one.returned, one.state, one.acts) == (amount, "returned", ("investigation",))
    assert overpayments.waits(engine, TODAY + timedelta(days=99)) == ""
    assert overpayments.totals([one], TODAY) == "No overpayment is open; 1 returned."
    with read(engine) as connection:
        cents = "SUM(amount)" if engine.dialect.name == "postgresql" else "SUM(amount) / 100.0"
        back = connection.execute(text(f"SELECT {cents} FROM overpayments WHERE act = 'returned'")).scalar()  # noqa: S608
        assert Decimal(str(back)) == amount
        assert verifying.verify(connection).breaks == ()


@on_sqlite
def test_the_payers_own_answer_says_that_it_was_paid(engine: Engine, over: int, people: dict[str, int]) -> None:
    answer = tables_of(payments=[payment(claim_id="OVER", payment_date="2026-04-01")])
    loading.load(engine, answer, [], name="835", sha256="1" * 64, account_id=None, at=NOW)
    assert overpayments.to_enter(engine)["paid_on"].tolist() == [date(2026, 4, 1)]
    with pytest.raises(StateError, match="cannot follow"):
        enter(engine, over, "not_paid", people["max"])
    with pytest.raises(InputError, match="before 2026-04-01"):
        enter(engine, over, "identified", people["max"], date(2026, 3, 31))
    enter(engine, over, "identified", people["max"])
    one = overpayments.log(engine, TODAY)[0]
    assert (one.paid_on, one.by_payer) == (date(2026, 4, 1), True)


@on_sqlite
def test_a_denied_or_reversed_claim_is_not_paid(engine: Engine, over: int) -> None:
    rows = [payment(claim_id="OVER", paid_amount="0.00", status="4", payment_id="A"),
            payment(claim_id="CLEAN", payment_id="B"),
            payment(claim_id="CLEAN", payment_id="C", status="22", paid_amount="-80.00")]  # fmt: skip
    loading.load(engine, tables_of(payments=rows), [], name="835", sha256="1" * 64, account_id=None, at=NOW)
    assert overpayments.to_enter(engine)["paid_on"].tolist() == [None]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("identified", {}), "cannot follow"),
        (("returned", {"amount": Decimal(1), "way": "offset"}), "cannot follow"),
        (("sold", {}), "cannot follow"),
        (("paid", {"on": TODAY + timedelta(days=1)}), "future"),
        (("paid", {"amount": Decimal(5)}), "has no amount"),
        (("paid", {"way": "offset"}), "way is missing or not known"),
    ],
)
@on_sqlite
def test_what_cannot_be_entered(
    engine: Engine, over: int, people: dict[str, int], wrong: tuple[str, dict[str, Any]], says: str
) -> None:
    act, more = wrong
    with pytest.raises((StateError, InputError), match=says):
        enter(engine, over, act, people["max"], **more)
    assert overpayments.history(engine, over) == []


@on_sqlite
def test_amounts_and_ways_are_checked(engine: Engine, over: int, people: dict[str, int]) -> None:
    by = people["max"]
    for act in ("paid", "identified"):
        enter(engine, over, act, by)
    for wrong in (None, Decimal(0), Decimal(-3), Decimal("1.005")):
        with pytest.raises(InputError, match="dollars and cents above zero"):
            enter(engine, over, "quantified", by, amount=wrong)
    enter(engine, over, "quantified", by, amount=Decimal("22.21"))
    with pytest.raises(StateError):
        enter(engine, over, "quantified", by, amount=Decimal("22.21"))
    with pytest.raises(InputError, match=r"more than the \$22.21 that are left"):
        enter(engine, over, "returned", by, amount=Decimal("22.22"), way="offset")
    with pytest.raises(InputError, match="way is missing"):
        enter(engine, over, "returned", by, amount=Decimal("22.21"))


@on_sqlite
def test_who_may_enter_and_on_which_claims(engine: Engine, over: int, people: dict[str, int]) -> None:
    for name in ("rita", "sam", "dora", "lucy"):
        with pytest.raises(AccessError):
            enter(engine, over, "paid", people[name])
    with pytest.raises(StateError, match="no upheld error stands"):
        enter(engine, versions(engine)["CLEAN"], "paid", people["max"])
    enter(engine, over, "not_paid", people["ada"])
    assert overpayments.log(engine, TODAY) == []
    assert overpayments.to_enter(engine).empty


@on_sqlite
def test_the_newest_entry_is_taken_back_with_a_reason(engine: Engine, over: int, people: dict[str, int]) -> None:
    by = {"account_id": people["max"], "at": NOW}
    first = enter(engine, over, "paid", people["max"])
    second = enter(engine, over, "identified", people["max"])
    with pytest.raises(StateError, match="only the newest"):
        overpayments.take_back(engine, first, reason="Wrong claim", **by)
    with pytest.raises(InputError, match="no reason"):
        overpayments.take_back(engine, second, reason="", **by)
    with pytest.raises(AccessError):
        overpayments.take_back(engine, second, reason="x", account_id=people["lucy"], at=NOW)
    overpayments.take_back(engine, second, reason="Wrong day", **by)
    overpayments.take_back(engine, first, reason="Wrong claim", **by)
    with pytest.raises(StateError, match="only the newest"):
        overpayments.take_back(engine, first, reason="Twice", **by)
    assert [(row["act"], row["stands"]) for row in overpayments.history(engine, over)] == [
        ("paid", False), ("identified", False), ("undo", False), ("undo", False)
    ]  # fmt: skip
    assert overpayments.log(engine, TODAY) == []
    assert len(overpayments.to_enter(engine)) == 1, "it waits for an entry again"


@on_sqlite
def test_an_entry_changed_by_hand_is_found(engine: Engine, over: int, people: dict[str, int]) -> None:
    enter(engine, over, "paid", people["max"])
    with sqlite3.connect(engine.url.database) as by_hand:
        by_hand.execute("DROP TRIGGER guard_overpayments_update")
        by_hand.execute("UPDATE overpayments SET happened_on = '2026-01-01'")
    with read(engine) as connection:
        assert "Overpayment 1 was changed after it was made." in verifying.verify(connection).breaks


PAGE = "pages/reports/overpayments.py"


@on_sqlite
def test_a_manager_enters_what_happened_on_the_page(
    engine: Engine, over: int, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(engine, people["max"], PAGE, monkeypatch)
    assert "No overpayment is entered." in said(page)
    assert "OVER" in said(page)
    assert "CLEAN" not in said(page)
    press(page, "Enter it")
    press(page, "Enter it")
    assert [row["act"] for row in overpayments.history(engine, over)] == ["paid", "identified"]
    assert "1 overpayment is open, $0.00 to return; 1 not quantified yet; the next is due on" in said(page)
    assert "No reviewed claim with upheld overbilling waits" in said(page)
    press(page, "Take it back")
    assert "no reason is given" in said(page).lower().replace("\\", "")
    page.text_input(key=f"back_{over}").set_value("Wrong day").run()
    press(page, "Take it back")
    assert [row["stands"] for row in overpayments.history(engine, over)] == [True, False, False]
    assert "not identified" in said(page)


@on_sqlite
def test_who_reviews_does_not_see_the_log(
    engine: Engine, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Enter it" not in {one.label for one in page_of(engine, people["lucy"], PAGE, monkeypatch).button}
    with pytest.raises(Exception, match="page"):
        page_of(engine, people["dora"], PAGE, monkeypatch)


@on_sqlite
def test_home_names_what_is_due(
    engine: Engine, over: int, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(engine, over, "paid", people["max"], date(2026, 3, 20))
    enter(engine, over, "identified", people["max"], date(2026, 3, 20))
    assert "Overpayments: 1 overdue." in said(page_of(engine, people["max"], "pages/home/home.py", monkeypatch))
