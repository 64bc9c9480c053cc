"""Denials beside findings: what was denied, what had been found on it, what no rule saw."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select, text

from audit import denials
from audit.auditing import running
from audit.reviewing import review
from audit.store import loading, schema
from audit.store.database import read
from tests.databases import filled
from tests.page_runs import page_of, said
from tests.reviewing import load, open_audit, review_claim, versions, visit
from tests.stored import NOW, adjustment, on_sqlite, payment, tables_of

pytest_plugins = ["tests.databases", "tests.reviewing"]
SINCE, UNTIL = date(2026, 4, 1), date(2026, 4, 30)
PAGE = "pages/reports/denials.py"


def answer(claim: str, paid: str, *off: tuple[str, str, str], day: str = "2026-04-01", **cells: str) -> dict[str, list]:
    """A payment of line 1 of a claim with what was taken off: (group, reason, amount)."""
    name = cells.pop("payment_id", f"EFT/{claim}")
    same = {"claim_id": claim, "payment_id": name, "payment_date": day, "charge_amount": "120.50", **cells}
    line = {"service_date": "", "procedure_code": "97530", "line_control_number": "1", "paid_amount": paid}
    whose = {"claim_id": claim, "payment_id": name}
    taken = [adjustment("1", str(n), group_code=group, reason_code=reason, amount=amount, **whose)
             for n, (group, reason, amount) in enumerate(off, start=1)]  # fmt: skip
    return {
        "payments": [payment("0", paid_amount=paid, **same), payment("1", **{**same, **line})],
        "adjustments": taken,
    }


ANSWERS = [
    answer("OVER-A", "40.00", ("CO", "45", "20.25"), ("CO", "151", "60.25")),  # denied in part, and foreseen
    answer("OVER-B", "100.00", ("CO", "45", "20.50")),  # flagged and paid
    answer("CLEAN-A", "0.00", ("CO", "29", "120.50")),  # denied, and no rule saw it
    answer("CLEAN-B", "0.00", ("PR", "1", "120.50")),  # the patient's deductible is no denial
    answer("LATE", "0.00", ("CO", "29", "120.50"), day="2026-06-01"),
    answer("BACK", "0.00", ("CO", "18", "120.50")),
    answer("BACK", "-0.00", ("CO", "18", "-120.50"), status="22", payment_id="EFT/BACK/2", day="2026-04-02"),
    answer("BACK", "90.00", ("CO", "45", "30.50"), payment_id="EFT/BACK/3", day="2026-04-03"),
    answer("STRANGE", "0.00", ("OA", "B7", "120.50"), payer_name="Harbor"),  # of no loaded claim
]


def with_answers(engine: Engine) -> dict[str, int]:
    """Six claims screened and reviewed, two of them over-billed, and what payers answered; OVER-A was dismissed."""
    days = {"OVER-A": 3, "OVER-B": 3, "CLEAN-A": 2, "CLEAN-B": 2, "LATE": 2, "BACK": 2}
    load(engine, *[visit(name, f"2026-03-{n:02}", units, 30, patient=name)
                   for n, (name, units) in enumerate(days.items(), start=9)])  # fmt: skip
    with read(engine) as connection:
        people = {row.username: row.id for row in connection.execute(select(schema.accounts))}
    open_audit(engine, people)
    review_claim(engine, versions(engine)["OVER-A"], people["rita"], kind=review.DISMISS)
    rows = {name: [row for one in ANSWERS for row in one[name]] for name in ("payments", "adjustments")}
    loading.load(engine, tables_of(**rows), [], name="835", sha256="1" * 64, account_id=None, at=NOW)
    return versions(engine)


answered = filled("answered", with_answers, on="people")


def test_what_was_denied_is_told_with_what_was_found(engine: Engine, answered: dict[str, int]) -> None:
    found = denials.denials(engine, since=SINCE, until=UNTIL)
    lines = found.lines.set_index("claim_id")
    assert lines["denied"].to_dict() == {
        "OVER-A": Decimal("60.25"), "OVER-B": 0, "CLEAN-A": Decimal("120.50"), "BACK": 0, "STRANGE": Decimal("120.50"),
    }  # fmt: skip
    assert found.plain == (1, 0), "CLEAN-B: screened, nothing found, nothing denied"
    assert lines.loc["OVER-A", "reasons"] == ["CO-151"]
    assert lines.loc["OVER-A", "rules"] == lines.loc["OVER-A", "dismissed"] == ["UNIT-01"]
    assert (lines.loc["OVER-B", "rules"], lines.loc["OVER-B", "dismissed"]) == (["UNIT-01"], [])
    assert lines["screened"].to_dict()["STRANGE"] is False
    assert found.sentence == (
        "Payers answered 6 lines and denied 3 of them in whole or in part, on 3 claims: $301.25 of charges."
    )
    assert found.foretold == (
        "Of 2 answered lines with a finding, 1 was denied; of 3 without one, 1. "
        "1 of the denied had been dismissed here."
    )
    assert found.unseen == (
        "1 of 2 denied lines had no finding ($120.50 of charges), most often CO-29 (filed too late). "
        "1 more is on claims that no rule looked at."
    )
    rule = found.by_rule.to_dict("records")
    assert [(row["rule"], row["answered"], row["denied"], row["dollars"], row["dismissed"]) for row in rule] == [
        ("UNIT-01", 2, 1, Decimal("60.25"), 1)
    ]
    assert rule[0]["says"] == "too few to tell: 1 of 2"
    reasons = found.by_reason.set_index("reason")
    assert reasons.loc["CO-151", "why"] == "records do not support so many or so frequent services"
    counted = reasons[["lines", "seen", "unseen", "not_screened"]]
    assert counted.to_numpy().tolist() == [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]


def test_dollars_by_a_second_way(engine: Engine, answered: dict[str, int]) -> None:
    """In plain SQL: what was taken off beside price and the patient's share, without what was reversed."""
    cents = "" if engine.dialect.name == "postgresql" else " / 100.0"
    query = f"""SELECT SUM(a.amount){cents} FROM adjustments a JOIN payments p ON p.payment_id = a.payment_id
        AND p.position = a.position WHERE a.group_code <> 'PR' AND a.reason_code <> '45' AND a.claim_id <> 'BACK'
        AND p.payment_date BETWEEN '{SINCE}' AND '{UNTIL}'"""  # noqa: S608
    with read(engine) as connection:
        dollars = Decimal(str(connection.execute(text(query)).scalar_one())).quantize(Decimal("0.01"))
    found = denials.denials(engine, since=SINCE, until=UNTIL)
    assert sum(found.denied["denied"]) == dollars == Decimal("301.25")
    assert found.by_reason["dollars"].sum() == dollars, "one reason a line here"


@on_sqlite
def test_other_days_and_no_answers(engine: Engine, answered: dict[str, int]) -> None:
    june = denials.denials(engine, since=date(2026, 6, 1), until=date(2026, 6, 30))
    assert june.lines["claim_id"].tolist() == ["LATE"]
    assert june.answered == 1
    assert denials.last_answer(engine) == date(2026, 6, 1)
    none = denials.denials(engine, since=date(2020, 1, 1), until=date(2020, 1, 2))
    assert none.sentence.startswith("No payer has answered")
    assert none.foretold == "No line that a payer answered has a finding."
    assert none.unseen == "None."
    assert none.by_rule.empty
    assert none.by_reason.empty


@on_sqlite
def test_the_newest_screening_counts_once(engine: Engine, answered: dict[str, int]) -> None:
    running.screen(engine, account_id=None, at=NOW)
    found = denials.denials(engine, since=SINCE, until=UNTIL)
    assert found.lines.set_index("claim_id").loc["OVER-A", "rules"] == ["UNIT-01"]


@on_sqlite
def test_the_page_says_it(
    engine: Engine, answered: dict[str, int], people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(engine, people["max"], PAGE, monkeypatch)
    found = denials.denials(engine, since=date(2026, 3, 3), until=date(2026, 6, 1))
    for says in (found.sentence, found.foretold, found.unseen, "filed too late"):
        assert says in said(page)
    assert len(page.get("plotly_chart")) == 2


@on_sqlite
def test_the_page_without_any_answer(engine: Engine, people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(engine, people["lucy"], PAGE, monkeypatch)
    assert "No payer has answered a claim of this time" in said(page)
