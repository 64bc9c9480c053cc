"""What a therapist answered stands on the claim with its finding, for whoever may see the verdict and nobody else."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from audit.feedback import answers, items, on_claim, rulings
from audit.reviewing import review, review_plan
from audit.store.database import read, write
from tests.answering import give_back
from tests.page_runs import page_of, said
from tests.reviewing import NPI, judge_second, people_of, review_claim, versions
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing", "tests.answering"]
CLAIM = "pages/review/claim.py"
BLIND = review_plan.Plan((review_plan.PlanRule(2, blind=True),), 0.0, "1" * 20)


def told(engine: Engine, claim: int, viewer: int) -> list[str]:
    with read(engine) as connection:
        found = on_claim.said_on(connection, claim, viewer)
    return [f"{one.state}: {', '.join(line['text'] for line in one.said)}" for one in found.values()]


def disputed(engine: Engine, verdict: int, people: dict[str, int]) -> int:
    return answers.dispute(engine, verdict, text="They are in my book.", account_id=people["thea"], at=NOW)


@on_sqlite
def test_answers_and_rulings_stand_with_the_finding(
    engine: Engine, returned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, claim = people_of(engine), versions(engine)["OVER"]
    assert told(engine, claim, people["rita"]) == []
    assert "With the therapist" not in said(page_of(engine, people["max"], CLAIM, monkeypatch, claim=str(claim)))
    made = disputed(engine, returned, people)
    assert told(engine, claim, people["rita"]) == ["disputed: They are in my book."]
    rulings.rule(engine, made, outcome="upheld", reason="Not in the note.", account_id=people["dora"], at=NOW)
    for name in ("rita", "sam", "max", "lucy"):
        assert told(engine, claim, people[name]) == ["upheld: They are in my book., Not in the note."], name
    page = said(page_of(engine, people["max"], CLAIM, monkeypatch, claim=str(claim)))
    assert "With the therapist: upheld by a doctor of OT" in page
    assert "Thea disputed: They are in my book." in page
    assert "Dora upheld the finding: Not in the note." in page


@on_sqlite
def test_a_blind_second_reviewer_learns_of_no_answer(
    engine: Engine, therapist: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An accepted dispute sends the claim back; its new review is judged by somebody who must not know."""
    people, claim = people_of(engine), versions(engine)["OVER"]
    review_plan.set_plan(engine, BLIND, account_id=people["max"], at=NOW, reason="measure")
    with write(engine) as connection:
        review_plan.plan_claims(connection, [claim], NOW)
    review_claim(engine, claim, people["rita"])
    judge_second(engine, claim, people["sam"], review.AGREE)
    give_back(engine, claim, people["sam"])
    shown = items.of_therapist(engine, NPI, viewer=people["thea"], at=NOW).items
    made = disputed(engine, int(shown.loc[shown["rule"] == "UNIT-01", "decision_id"].iloc[0]), people)
    said_so = ["accepted: They are in my book., It is."]
    rulings.rule(engine, made, outcome="accepted", reason="It is.", account_id=people["dora"], at=NOW)
    review_claim(engine, claim, people["rita"], kind=review.DISMISS)
    assert told(engine, claim, people["rita"]) == said_so
    assert told(engine, claim, people["max"]) == said_so
    for name in ("sue", "dora"):
        assert told(engine, claim, people[name]) == [], name
    page = said(page_of(engine, people["sue"], CLAIM, monkeypatch, claim=str(claim)))
    assert "my book" not in page
    assert "With the therapist" not in page
    judge_second(engine, claim, people["sue"], review.DISMISS)
    assert told(engine, claim, people["sue"]) == said_so
