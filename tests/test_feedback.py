"""Answers, disputes and rulings: what each does, and that every forbidden step is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit import release
from audit.auditing import running
from audit.errors import AccessError, StateError
from audit.feedback import answers, items, rulings
from audit.figures.results import results
from audit.reviewing import review, second_review, sign_off
from audit.store import schema
from audit.store.database import read, write
from audit.store.verifying import verify
from tests.answering import OTHER, by, give_back, item_of, verdict
from tests.reviewing import NPI, load, review_claim, state, take, undecided, versions, visit, who
from tests.stored import NOW, add, sentence

pytest_plugins = ["tests.databases", "tests.reviewing", "tests.answering"]
NOT_THEIRS = "only the therapist who furnished the service answers"


def rule_on(engine: Engine, outcome: str, account_id: int, answer_id: int | None = None) -> int:
    with read(engine) as connection:
        newest = connection.execute(select(schema.feedback_answers.c.id).order_by(schema.feedback_answers.c.id.desc()))
        answer = answer_id or newest.scalars().first()
    return rulings.rule(engine, int(answer or 0), outcome=outcome, reason="The note says so.", **by(account_id, 1))


# What is shown, and to whom


def test_nothing_is_shown_before_the_review_is_final(
    engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int
) -> None:
    review_claim(engine, claims["OVER"], people["rita"])
    assert items.of_therapist(engine, NPI, viewer=therapist, at=NOW).items.empty
    made = verdict(engine, claims["OVER"])
    with pytest.raises(StateError, match="not final"):
        answers.agree(engine, made, **by(therapist))
    row = {"decision_id": made, "account_id": therapist, "kind": "agree"}
    says = "the review of this claim is not final, or the finding stands no more"
    assert sentence(add, engine, "feedback_answers", note_id="", passage="", text="", **row) == says
    give_back(engine, claims["OVER"], people["sam"])
    shown = item_of(engine, made, therapist)
    assert (shown["state"], shown["direction"], shown["rule"], shown["claim_id"]) == ("open", "over", "UNIT-01", "OVER")


def test_a_blind_second_review_is_withheld_until_the_claim_is_returned(
    engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int
) -> None:
    claim = claims["OVER"]
    add(engine, "planned_claims", claim_version_id=claim, people=2, blind=True)
    review_claim(engine, claim, people["rita"])
    made = verdict(engine, claim)
    for viewer in (therapist, people["dora"], people["max"]):
        assert not item_of(engine, made, viewer)
    take(engine, claim, people["sam"])
    for finding in undecided(engine, claim, people["sam"]):
        review.decide(engine, finding, kind="agree", reason="", account_id=people["sam"], at=NOW)
    second_review.commit_second(engine, claim, **who(people["sam"]))
    for viewer in (therapist, people["dora"], people["max"]):
        assert not item_of(engine, made, viewer)
    give_back(engine, claim, people["sue"])
    assert item_of(engine, made, therapist)["state"] == "open"


def test_a_claim_sent_back_is_withheld_again(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    claim = versions(engine)["OVER"]
    take(engine, claim, people["sam"])
    sign_off.send_back(engine, claim, text="Look again.", **who(people["sam"]))
    assert items.of_therapist(engine, NPI, viewer=therapist, at=NOW).items.empty
    with pytest.raises(StateError, match="not final"):
        answers.dispute(engine, returned, text="No.", **by(therapist))


def test_therapists_see_their_own_only_and_reviewers_none(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    with read(engine) as connection:
        other = connection.execute(
            select(schema.accounts.c.id).where(schema.accounts.c.username == "cora")
        ).scalar_one()
    for account in (other, people["rita"], people["sam"], people["ada"]):
        with pytest.raises(AccessError):
            items.of_therapist(engine, NPI, viewer=account, at=NOW)
        with pytest.raises(AccessError):
            items.viewed(engine, NPI, account_id=account, at=NOW)
        with pytest.raises(AccessError):
            answers.agree(engine, returned, **by(account))
        row = {"decision_id": returned, "account_id": account, "kind": "agree", "note_id": "", "passage": ""}
        assert (
            sentence(add, engine, "feedback_answers", **row) == "only the therapist who furnished the service answers"
        )
    for name in ("dora", "max", "lucy"):
        assert item_of(engine, returned, people[name])
    assert items.therapists(engine, other) == {OTHER: OTHER}
    assert list(items.therapists(engine, people["dora"])) == [NPI]
    assert items.therapists(engine, people["rita"]) == {}


def test_a_stopped_therapist_answers_nothing(engine: Engine, returned: int, therapist: int) -> None:
    with write(engine) as connection:
        connection.execute(schema.accounts.update().where(schema.accounts.c.id == therapist).values(active=False))
    with pytest.raises(AccessError):
        answers.agree(engine, returned, **by(therapist))
    row = {"decision_id": returned, "account_id": therapist, "kind": "agree", "note_id": "", "passage": ""}
    assert sentence(add, engine, "feedback_answers", **row) == NOT_THEIRS


# Answers


def test_agreeing_closes_the_finding(engine: Engine, returned: int, therapist: int) -> None:
    answers.agree(engine, returned, **by(therapist))
    assert item_of(engine, returned, therapist)["state"] == "agreed"
    for again in (answers.agree, lambda *a, **k: answers.dispute(*a, text="No.", **k)):
        with pytest.raises(StateError, match="answered already"):
            again(engine, returned, **by(therapist))
    row = {"decision_id": returned, "account_id": therapist, "kind": "dispute", "note_id": "", "passage": ""}
    assert sentence(add, engine, "feedback_answers", text="No.", **row) == "this finding is answered already"


def test_an_answer_is_overdue_after_its_day(engine: Engine, returned: int, therapist: int) -> None:
    item = item_of(engine, returned, therapist)
    assert (item["due_on"] - NOW.date(), item["overdue"]) == (timedelta(days=14), False)
    assert not item_of(engine, returned, therapist, days=14)["overdue"]
    assert item_of(engine, returned, therapist, days=15)["overdue"]
    answers.agree(engine, returned, **by(therapist, 40))  # late is late, not refused
    assert not item_of(engine, returned, therapist, days=41)["overdue"]


def test_a_dispute_needs_words_and_a_passage_that_is_there(engine: Engine, returned: int, therapist: int) -> None:
    with pytest.raises(StateError, match="reasons"):
        answers.dispute(engine, returned, text=" ", **by(therapist))
    with pytest.raises(StateError, match="no such note"):
        answers.dispute(engine, returned, text="No.", note_id="N9", passage="x", **by(therapist))
    with pytest.raises(StateError, match="not in that note"):
        answers.dispute(engine, returned, text="No.", note_id="N-OVER", passage="Splinting", **by(therapist))
    answers.dispute(engine, returned, text="No.", note_id="N-OVER", passage="dressing.", **by(therapist))
    item = item_of(engine, returned, therapist)
    assert (item["state"], item["waits_for"], item["said"][0]["passage"]) == ("disputed", "ruler", "dressing.")


# Rulings


def test_an_upheld_finding_may_be_appealed_once_and_the_manager_is_final(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    with pytest.raises(StateError, match="no ruling"):
        answers.appeal(engine, returned, text="No.", **by(therapist))
    answers.dispute(engine, returned, text="No.", **by(therapist))
    row = {"decision_id": returned, "account_id": therapist, "kind": "appeal", "note_id": "", "passage": ""}
    says = "an appeal follows a doctor's ruling that upheld the finding"
    assert sentence(add, engine, "feedback_answers", text="No.", **row) == says
    rule_on(engine, "upheld", people["dora"])
    assert item_of(engine, returned, therapist)["state"] == "upheld"
    answers.appeal(engine, returned, text="Still no.", **by(therapist, 2))
    assert sentence(add, engine, "feedback_answers", text="No.", **row) == "this ruling is appealed already"
    with pytest.raises(AccessError, match="manager"):
        rule_on(engine, "upheld", people["dora"])
    rule_on(engine, "upheld", people["max"])
    item = item_of(engine, returned, therapist)
    assert (item["state"], item["waits_for"], item["stands"]) == ("final", "", True)
    assert [one["what"] for one in item["said"]] == ["disputed", "upheld the finding", "appealed", "upheld the finding"]
    with pytest.raises(StateError, match="no ruling"):
        answers.appeal(engine, returned, text="And again.", **by(therapist))


def test_an_accepted_dispute_reverses_the_verdict_by_a_new_decision(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    claim = versions(engine)["OVER"]
    before = results(engine, 1)
    assert before.claims["in_error"].tolist().count(True) == 1
    answers.dispute(engine, returned, text="No.", **by(therapist))
    rule_on(engine, "accepted", people["dora"])
    assert state(engine, claim) == "sent_back"
    with read(engine) as connection:
        made = connection.execute(select(schema.decisions).order_by(schema.decisions.c.id)).mappings().all()
        assert verify(connection).breaks == ()
    assert [(one["kind"], one["stage"]) for one in made if one["finding_id"] == made[-1]["finding_id"]] == [
        ("agree", "first"),
        ("dismiss", "dispute"),
    ]
    assert not results(engine, 1).claims["in_error"].any()
    item = item_of(engine, returned, therapist)
    assert (item["state"], item["stands"]) == ("accepted", False)
    assert "UNIT-01" not in release.correction_sheet(engine, claim, people["max"])["rule"].tolist()


def test_a_claim_whose_dispute_was_accepted_is_reviewed_and_approved_again(
    engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int
) -> None:
    claim = claims["OVER"]
    review_claim(engine, claim, people["rita"])
    give_back(engine, claim, people["sam"])
    with read(engine) as connection:
        found = review.findings_of(connection, claim, people["max"])
    for decision in found.loc[found["decision"] == "agree", "decision_id"]:
        answer = answers.dispute(engine, int(decision), text="No.", **by(therapist))
        rule_on(engine, "accepted", people["dora"], answer)
    assert state(engine, claim) == "sent_back"
    take(engine, claim, people["rita"])
    sign_off.sign_reviewed(engine, claim, **who(people["rita"]))
    take(engine, claim, people["sam"])
    sign_off.approve(engine, claim, **who(people["sam"]))
    assert state(engine, claim) == "approved"
    with read(engine) as connection:
        assert verify(connection).breaks == ()


def test_who_may_not_rule(engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int) -> None:
    review_claim(engine, claims["OVER"], people["dora"])
    give_back(engine, claims["OVER"], people["sam"])
    made = verdict(engine, claims["OVER"])
    answer = answers.dispute(engine, made, text="No.", **by(therapist))
    own = add(engine, "accounts", username="otto", name="Otto", role="doctor_of_ot", npi=NPI, active=True)
    for account in (people["dora"], own, people["rita"], people["sam"], people["ada"], therapist):
        for outcome in ("upheld", "accepted"):
            with pytest.raises(AccessError):
                rule_on(engine, outcome, account)
        row = {"answer_id": answer, "account_id": account, "level": "doctor", "outcome": "upheld", "reason": "x"}
        assert sentence(add, engine, "feedback_rulings", **row) in (
            "a doctor of OT rules on a dispute, a manager on an appeal",
            "whoever gave the verdict, rendered or billed may not rule on it",
        )
        with read(engine) as connection:
            finding = connection.execute(
                select(schema.decisions.c.finding_id).where(schema.decisions.c.id == made)
            ).scalar_one()
        reverse = {"claim_version_id": claims["OVER"], "account_id": account, "finding_id": finding, "text": "x"}
        reverse |= {"kind": "dismiss", "stage": "dispute", "reason": "dispute"}
        assert sentence(add, engine, "decisions", **reverse) == "you may not rule on a dispute about this finding"


def test_a_manager_rules_where_no_doctor_may_and_only_there(
    engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int
) -> None:
    review_claim(engine, claims["OVER"], people["dora"])
    give_back(engine, claims["OVER"], people["sam"])
    made = verdict(engine, claims["OVER"])
    answers.dispute(engine, made, text="No.", **by(therapist))
    other = add(engine, "accounts", username="dana", name="Dana", role="doctor_of_ot", npi="", active=True)
    with pytest.raises(AccessError, match="doctor of OT rules first"):
        rule_on(engine, "upheld", people["max"])
    with write(engine) as connection:
        connection.execute(schema.accounts.update().where(schema.accounts.c.id == other).values(active=False))
    rule_on(engine, "upheld", people["max"])
    assert item_of(engine, made, therapist)["state"] == "final"


def test_a_ruling_is_made_once_with_its_reason_and_not_taken_back(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    answer = answers.dispute(engine, returned, text="No.", **by(therapist))
    with pytest.raises(StateError, match="reason"):
        rulings.rule(engine, answer, outcome="upheld", reason=" ", **by(people["dora"]))
    row = {"answer_id": answer, "account_id": people["dora"], "level": "doctor"}
    says = "an accepted dispute names the decision that reverses the verdict, and nothing else does"
    assert sentence(add, engine, "feedback_rulings", outcome="accepted", reason="x", **row) == says
    assert sentence(add, engine, "feedback_rulings", outcome="upheld", reason="", **row) == "a ruling needs its reason"
    rule_on(engine, "accepted", people["dora"])
    with pytest.raises(StateError, match="ruled on already"):
        rule_on(engine, "upheld", people["dora"])
    assert sentence(add, engine, "feedback_rulings", outcome="upheld", reason="x", **row) in (
        "this dispute is ruled on already",
        "feedback_rulings has this row already: it cannot be replaced",
    )
    with read(engine) as connection:
        reversed_by = connection.execute(select(schema.feedback_rulings.c.decision_id)).scalar_one()
    with pytest.raises((AccessError, StateError)):
        review.undo(engine, reversed_by, text="No.", **by(people["dora"]))


def test_a_reversal_without_a_dispute_is_refused(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    with read(engine) as connection:
        made = dict(
            connection.execute(select(schema.decisions).where(schema.decisions.c.id == returned)).mappings().one()
        )
    row = {name: made[name] for name in ("claim_version_id", "finding_id")}
    row |= {"account_id": people["dora"], "kind": "dismiss", "stage": "dispute", "reason": "dispute", "at": NOW}
    with pytest.raises(DBAPIError, match="may not rule"), write(engine) as connection:
        connection.execute(insert(schema.decisions).values(row))
    row |= {"stage": "first", "reason": "dispute"}
    with pytest.raises(DBAPIError), write(engine) as connection:
        connection.execute(insert(schema.decisions).values(row))


def test_what_was_corrected_and_released_goes_onto_the_list(
    engine: Engine, returned: int, people: dict[str, int], therapist: int
) -> None:
    load(engine, visit("OVER", "2026-03-12", 2, 30))
    corrected = versions(engine)["OVER"]
    running.screen_again(engine, [corrected], **by(people["rita"]))
    review_claim(engine, corrected, people["rita"], kind=review.DISMISS)
    take(engine, corrected, people["sam"])
    sign_off.approve(engine, corrected, **who(people["sam"]))
    release.release(engine, [corrected], **by(people["sam"]))
    answers.dispute(engine, returned, text="No.", **by(therapist, 1))
    assert rulings.to_correct(engine, people["dora"]).empty
    rule_on(engine, "accepted", people["dora"])
    listed = rulings.to_correct(engine, people["max"])
    assert listed[["claim_id", "version", "rule"]].to_dict("records") == [
        {"claim_id": "OVER", "version": 2, "rule": "UNIT-01"}
    ]
    with pytest.raises(AccessError):
        rulings.to_correct(engine, therapist)
    load(engine, visit("OVER", "2026-03-12", 3, 30))
    assert rulings.to_correct(engine, people["max"]).empty


def test_an_error_that_a_person_saw_is_answered_and_ruled_too(
    engine: Engine, claims: dict[str, int], people: dict[str, int], therapist: int
) -> None:
    claim = claims["CLEAN"]
    take(engine, claim, people["rita"])
    seen = review.report_missed(engine, claim, text="Billed to the wrong payer.", **by(people["rita"]))
    review_claim(engine, claim, people["rita"])
    give_back(engine, claim, people["sam"])
    assert item_of(engine, seen, therapist)["verdict"] == "missed"
    answers.dispute(engine, seen, text="It is the right one.", **by(therapist))
    rule_on(engine, "accepted", people["dora"])
    item = item_of(engine, seen, therapist)
    assert (item["state"], item["stands"], state(engine, claim)) == ("accepted", False, "sent_back")
    take(engine, claim, people["rita"])
    sign_off.sign_reviewed(engine, claim, **who(people["rita"]))
    take(engine, claim, people["sam"])
    sign_off.approve(engine, claim, **who(people["sam"]))


def test_the_lists_of_who_rules(engine: Engine, returned: int, people: dict[str, int], therapist: int) -> None:
    answers.dispute(engine, returned, text="No.", **by(therapist))
    for name, why in (("dora", ""), ("max", "a doctor of OT rules first; an appeal comes to you")):
        rows = rulings.waiting(engine, viewer=people[name], at=NOW).to_dict("records")
        assert [(one["claim_id"], one["rule"], one["cannot"], one["overdue"]) for one in rows] == [
            ("OVER", "UNIT-01", why, False)
        ]
    assert rulings.waiting(engine, viewer=people["dora"], at=NOW + timedelta(days=8))["overdue"].all()
    for account in (people["rita"], therapist, people["lucy"]):
        with pytest.raises(AccessError):
            rulings.waiting(engine, viewer=account, at=NOW)
