"""Worklist, claim, record and home as each role meets them, driven without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from audit.access import accounts, passwords, sessions
from audit.errors import AccessError
from audit.reviewing import drafts, leases, review, review_plan, sign_off
from audit.reviewing.claim_record import record_of
from audit.store import schema
from audit.store.database import VARIABLE, connect, read, write
from tests.page_runs import page_of, press, ran, said
from tests.places import PATIENCE
from tests.reviewing import review_claim, state, undecided
from tests.stored import adjustment, on_sqlite, payment, tables_of
from tests.test_store_loading import take

pytest_plugins = ["tests.databases", "tests.reviewing"]
pytestmark = on_sqlite
ROOT = Path(__file__).parents[1]
Open = Callable[..., AppTest]
CLAIM, WORKLIST, RECORD = "pages/review/claim.py", "pages/review/worklist.py", "pages/review/record.py"
PLAN = "pages/admin/review_plan.py"
SECRET = "a pass phrase for tests"  # noqa: S105


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def engine(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database of this test's own, which the pages use too."""
    monkeypatch.setenv(VARIABLE, address)
    made = connect(address)
    yield made
    made.dispose()


@pytest.fixture
def open_page(engine: Engine, people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(page: str, name: str, **address: object) -> AppTest:
        return page_of(engine, people[name], page, monkeypatch, **address)

    return opened


def buttons(app: AppTest) -> set[str]:
    return {one.label for one in app.main.button}


def test_a_reviewer_decides_and_takes_back(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    page = open_page(CLAIM, "rita", claim=claims["OVER"])
    left = len(undecided(engine, claims["OVER"], 1))
    assert left >= 1
    assert {"Agree", "Fix…", "Dismiss…", "Ask…", "Missed…", f"Sign ({left} left)"} <= buttons(page)
    page = press(page, "Agree")
    assert len(undecided(engine, claims["OVER"], 1)) == left - 1
    assert "agreed: an error · Rita" in said(page)
    press(page, "Undo")
    assert len(undecided(engine, claims["OVER"], 1)) == left


def test_opening_a_claim_takes_it(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    open_page(CLAIM, "rita", claim=claims["OVER"])
    page = open_page(CLAIM, "ron", claim=claims["OVER"])
    assert "Rita is at work on this claim" in said(page)
    assert "Agree" not in buttons(page)


@pytest.mark.parametrize("name", ["max", "lucy"])
def test_who_only_looks_has_no_verdict_and_is_recorded(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int], name: str
) -> None:
    page = open_page(CLAIM, name, claim=claims["OVER"])
    assert buttons(page) == {"Record", "Next", "Keys"}
    events = schema.events
    query = select(events.c.account_id).where(events.c.kind == "claim viewed")
    with read(engine) as connection:
        assert list(connection.execute(query).scalars()) == [people[name]]
    page.run()
    with read(engine) as connection:
        assert len(list(connection.execute(query).scalars())) == 1


def test_signing_asks_for_the_password(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    page = open_page(CLAIM, "rita", claim=claims["CLEAN"])
    assert "No rule found anything in what can be tested of this claim." in said(page)
    page = press(page, "Sign as reviewed")
    assert state(engine, claims["CLEAN"]) == "to_review"
    assert [one.label for one in page.text_input] == ["Your password again"]


def test_a_reviewed_claim_is_for_somebody_else(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    review_claim(engine, claims["CLEAN"], people["sam"], at=now())
    for name in ("rita", "max"):
        assert "Approve for submission" not in buttons(open_page(CLAIM, name, claim=claims["CLEAN"]))
    page = open_page(CLAIM, "sue", claim=claims["CLEAN"])
    assert {"Approve for submission", "Return…"} <= buttons(page)


def test_a_claim_in_error_is_not_offered_for_approval(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    review_claim(engine, claims["OVER"], people["rita"], at=now())
    page = open_page(CLAIM, "sue", claim=claims["OVER"])
    assert "Approve for submission" not in buttons(page)
    assert "Return…" in buttons(page)
    assert "An upheld error stands" in said(page)


@pytest.mark.parametrize(("name", "why"), [("sam", "took part in its first review"), ("tess", "rendered or billed")])
def test_ones_own_review_and_work_are_not_offered(  # noqa: PLR0917
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int], name: str, why: str
) -> None:
    review_claim(engine, claims["CLEAN"], people["sam"], at=now())
    page = open_page(CLAIM, name, claim=claims["CLEAN"])
    assert not {"Approve for submission", "Return…"} & buttons(page)
    assert why in said(page)


def test_the_trail_tells_a_typed_password_from_a_sitting(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    at = now()
    with write(engine) as connection:
        accounts.change(connection, people["rita"], password_hash=passwords.hashed(SECRET))
    for one, confirm in (("OVER", sign_off.by_password(SECRET)), ("CLEAN", sign_off.by_sitting(people["rita"], at))):
        leases.take(engine, claims[one], account_id=people["rita"], at=at)
        for finding in undecided(engine, claims[one], people["rita"]):
            review.decide(engine, finding, kind="agree", account_id=people["rita"], at=at)
        sign_off.sign_reviewed(engine, claims[one], account_id=people["rita"], at=at, confirm=confirm)
    for one, words in (("OVER", sign_off.TYPED), ("CLEAN", sign_off.IN_SITTING)):
        page = open_page(RECORD, "lucy")
        page.text_input[0].set_value(one).run()
        assert f"password {words}" in said(ran(page))


@pytest.mark.parametrize(("by", "later"), [("ron", 0), ("rita", 10), ("rita", -1)])
def test_a_sitting_is_of_one_person_and_ten_minutes(
    engine: Engine, claims: dict[str, int], people: dict[str, int], by: str, later: int
) -> None:
    confirm, at = sign_off.by_sitting(people["rita"], now()), now() + timedelta(minutes=later)
    with pytest.raises(AccessError, match="needed again"):
        sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people[by], at=at, confirm=confirm)


def test_dollars_over_and_under_stand_apart(open_page: Open, claims: dict[str, int]) -> None:
    text = said(open_page(CLAIM, "rita", claim=claims["OVER"]))
    assert " over, $0.00 under" in text
    assert "national rates, before locality" in text
    assert "too much: with 1 unit of 97530 less" in text


def test_a_plan_is_put_in_force_and_kept(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    page = open_page(PLAN, "max")
    assert "No plan was set yet" in said(page)
    page.selectbox[0].set_value(3)
    page.number_input[0].set_value(20.0)
    page = press(page, "Add")
    assert "3 people for $20.00 and more at risk" in said(page)
    assert "needs its reason" in said(press(page, "Put in force"))
    page.text_input[0].set_value("High dollars are seen by three")
    page = press(page, "Put in force")
    assert "The plan is in force." in said(page)
    assert "High dollars are seen by three" in said(page)
    with read(engine) as connection:
        assert [rule.people for rule in review_plan.current(connection).rules] == [3]
        assert review_plan.needed(connection, claims["OVER"]).people == 3
        assert review_plan.needed(connection, claims["CLEAN"]).people == 1


def test_a_manager_assigns_and_a_reviewer_takes(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    page = open_page(WORKLIST, "max", view="to_review")
    page.multiselect[0].set_value([claims["OVER"]])
    page.selectbox[-1].set_value(people["ron"])
    press(page, "Assign")
    assert {"OVER"} == {one for one in buttons(open_page(WORKLIST, "ron", view="mine")) if one in claims}
    page = open_page(WORKLIST, "rita", view="to_review")
    assert page.selectbox[-1].options == ["Rita"]
    page.multiselect[0].set_value([claims["CLEAN"]])
    press(page, "Assign")
    assert {"CLEAN"} == {one for one in buttons(open_page(WORKLIST, "rita", view="mine")) if one in claims}
    assert not set(claims) & buttons(open_page(WORKLIST, "ada", view="to_review"))


def test_drafts_come_back(open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]) -> None:
    page = open_page(CLAIM, "rita", claim=claims["OVER"])
    press(page, "Missed…").text_area[0].set_value("The splint is billed twice").run()
    assert drafts.of(engine, claims["OVER"], people["rita"]) == {"missed": "The splint is billed twice"}
    again = press(open_page(CLAIM, "rita", claim=claims["OVER"]), "Missed…")
    assert again.text_area[0].value == "The splint is billed twice"


def test_a_fix_begins_with_what_follows_from_the_note(open_page: Open, claims: dict[str, int]) -> None:
    page = press(open_page(CLAIM, "rita", claim=claims["OVER"]), "Fix…")
    assert page.text_area[0].value == "1: 97530 GO x2"


def test_worklist_views_and_filters(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    page = open_page(WORKLIST, "rita", view="to_review")
    assert {"OVER", "CLEAN"} <= buttons(page)
    page = open_page(WORKLIST, "rita", view="to_review", rule="UNIT-01")
    assert "OVER" in buttons(page)
    assert "CLEAN" not in buttons(page)
    page = open_page(WORKLIST, "rita", view="mine")
    assert "No claim is assigned to you" in said(page)
    page = open_page(WORKLIST, "rita", view="no such view")
    assert "OVER" in buttons(page)


def test_worklist_says_who_is_at_work(
    open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    leases.take(engine, claims["OVER"], account_id=people["ron"], at=now())
    assert "▸ Ron" in said(open_page(WORKLIST, "rita", view="to_review"))


def test_home_says_what_waits(open_page: Open, claims: dict[str, int]) -> None:
    page = open_page("pages/home/home.py", "rita")
    assert "2 claims wait for review, 0 due today" in said(page)
    assert "Continue reviewing" in buttons(page)
    assert "Continue reviewing" not in buttons(open_page("pages/home/home.py", "max"))
    assert "Facts about to run out" in said(open_page("pages/home/home.py", "ada"))


def test_the_record_of_a_claim(open_page: Open, engine: Engine, claims: dict[str, int], people: dict[str, int]) -> None:
    review_claim(engine, claims["OVER"], people["rita"], at=now() - timedelta(minutes=1))
    page = open_page(RECORD, "lucy")
    page.text_input[0].set_value("OVER").run()
    text = said(ran(page))
    for words in (
        "loaded version 1",
        "ran the rules:",
        "UNIT-01 error",
        "first review: agreed UNIT-01",
        "signed: reviewed",
    ):
        assert words in text
    page.text_input[0].set_value("nothing").run()
    assert "there is no claim with this id" in said(ran(page))


def test_the_record_shows_what_the_payer_answered(open_page: Open, engine: Engine, claims: dict[str, int]) -> None:
    mine = {"claim_id": "OVER", "payment_id": "E/OVER/1"}
    rows = [
        payment(status="4", **mine),
        payment("1", procedure_code="97530", units="0", paid_amount="-72", remark_codes="N115 Z99", **mine),
    ]
    off = [adjustment("1", reason_code="151", amount="100", **mine), adjustment("1", "2", reason_code="9999", **mine)]
    take(engine, tables_of(payments=rows, adjustments=off))
    page = open_page(RECORD, "lucy")
    page.text_input[0].set_value("OVER").run()
    text = said(ran(page))
    for words in (
        "What the payer answered",
        "claim: denied",
        "97530 x0",
        "-$72.00",
        "CO-151 (records do not support so many or so frequent services): $100.00",
        "<div>CO-9999: $161.00</div><div>N115 (rests on a local coverage determination)</div><div>Z99</div>",
    ):
        assert words in text


@pytest.mark.parametrize("name", ["rita", "sam", "dora"])
def test_who_reviews_does_not_read_records(
    engine: Engine, people: dict[str, int], claims: dict[str, int], name: str
) -> None:
    """They would see what is hidden from them in a blind review."""
    token = sessions.begin(engine, people[name], now())
    page = AppTest.from_file(str(ROOT / RECORD), default_timeout=PATIENCE)
    page.user = {"session": sessions.sha256(token), "account": str(people[name])}
    assert "This page is for" in said(page.run())
    with pytest.raises(AccessError):
        record_of(engine, "OVER", account_id=people[name], at=now())
