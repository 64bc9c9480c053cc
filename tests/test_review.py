"""Review and sign-off on a real store: what a person may do, in the order in which they do it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from audit import release, trail_view
from audit.access import accounts
from audit.access.demo import PASSWORD
from audit.access.people import stop
from audit.auditing import audits, running
from audit.errors import AccessError, CountersignError, StateError
from audit.figures import results
from audit.reviewing import leases, review, sign_off, worklist
from audit.reviewing.evidence import decided, evidence
from audit.reviewing.opinions import required
from audit.store import schema, trail
from audit.store.database import read
from tests.reviewing import load, review_claim, state, take, undecided, versions, visit, who
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
People = dict[str, int]
Claims = dict[str, int]


def agree(engine: Engine, claims: Claims, person: int, **options: object) -> int:
    take(engine, claims["OVER"], person)
    [finding] = undecided(engine, claims["OVER"], person)
    return review.decide(engine, finding, kind=review.AGREE, account_id=person, at=NOW)


def dismiss(engine: Engine, claims: Claims, person: int, **why: str) -> int:
    take(engine, claims["OVER"], person)
    [finding] = undecided(engine, claims["OVER"], person)
    return review.decide(engine, finding, kind=review.DISMISS, account_id=person, at=NOW, **why)


def test_the_worklist_puts_the_riskiest_first(engine: Engine, claims: Claims) -> None:
    page = worklist.worklist(engine, "to_review", at=NOW)
    assert list(page.rows["claim_id"]) == ["OVER", "CLEAN"]
    assert list(page.rows["found"]) == ["UNIT-01", ""]
    assert page.total == 2
    assert {view: n for view, n in worklist.counts(engine).items() if n} == {"to_review": 2}
    assert worklist.next_claim(engine, "to_review", after=claims["OVER"]) == claims["CLEAN"]


def test_a_clean_claim_goes_through_two_hands(engine: Engine, claims: Claims, people: People) -> None:
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["sam"])
    assert state(engine, clean) == "ready"
    take(engine, clean, people["sam"])
    with pytest.raises(AccessError, match="for another person"):
        sign_off.approve(engine, clean, **who(people["sam"]))
    take(engine, clean, people["sue"])
    sign_off.approve(engine, clean, **who(people["sue"]))
    assert worklist.counts(engine)["approved"] == 1
    with pytest.raises(StateError, match="approved and locked"):
        review.report_missed(engine, clean, text="too late", account_id=people["rita"], at=NOW)
    with read(engine) as connection:
        assert trail.verify(connection) is None
        signed = sign_off.signatures_on(required(connection, clean))
        assert signed[["meaning", "stands"]].to_numpy().tolist() == [["reviewed", True], ["approved", True]]
    running.screen(engine, account_id=people["max"], at=NOW)
    with read(engine) as connection:
        assert list(sign_off.signatures_on(required(connection, clean))["stands"]) == [False, False]


def test_a_claim_in_error_is_returned_and_never_approved(engine: Engine, claims: Claims, people: People) -> None:
    over = claims["OVER"]
    take(engine, over, people["rita"])
    with pytest.raises(StateError, match="no verdict"):
        sign_off.sign_reviewed(engine, over, **who(people["rita"]))
    review_claim(engine, over, people["rita"])
    take(engine, over, people["sam"])
    with pytest.raises(StateError, match="an upheld error stands"):
        sign_off.approve(engine, over, **who(people["sam"]))
    sign_off.return_claim(engine, over, text="Bill two units", **who(people["sam"]))
    assert state(engine, over) == "returned"
    load(engine, visit("OVER", "2026-03-12", 2, 30))
    newer = versions(engine)["OVER"]
    assert state(engine, newer) == "stale", "nobody has judged the corrected claim"
    running.screen_again(engine, [over], account_id=people["rita"], at=NOW)
    assert state(engine, newer) == "to_review"
    review_claim(engine, newer, people["rita"])
    take(engine, newer, people["sam"])
    sign_off.approve(engine, newer, **who(people["sam"]))


NOT_ALLOWED = {"rita": "may not do this", "max": "may not do this", "ada": "may not do this", "tess": "rendered or"}


@pytest.mark.parametrize("person", NOT_ALLOWED)
@pytest.mark.parametrize("act", ["approve", "return_claim", "send_back"])
def test_who_may_not_judge_a_review(engine: Engine, claims: Claims, people: People, person: str, act: str) -> None:
    review_claim(engine, claims["CLEAN"], people["sam"])
    if person in ("rita", "tess"):
        take(engine, claims["CLEAN"], people[person])
    words = {} if act == "approve" else {"text": "Look again"}
    with pytest.raises(AccessError, match=NOT_ALLOWED[person]):
        getattr(sign_off, act)(engine, claims["CLEAN"], **words, **who(people[person]))


@on_sqlite
@pytest.mark.parametrize("act", ["approve", "return_claim", "send_back"])
def test_nobody_judges_their_own_review_or_a_claim_that_they_do_not_hold(
    engine: Engine, claims: Claims, people: People, act: str
) -> None:
    over, words = claims["OVER"], {} if act == "approve" else {"text": "Look again"}
    review_claim(engine, over, people["sam"], kind=review.DISMISS)
    take(engine, over, people["sam"])
    with pytest.raises(AccessError, match="your own review is for another person to judge"):
        getattr(sign_off, act)(engine, over, **words, **who(people["sam"]))
    with pytest.raises(StateError, match=r"Sam is at work on this claim\. Take another one"):
        getattr(sign_off, act)(engine, over, **words, **who(people["sue"]))


def test_a_wrong_password_signs_nothing(engine: Engine, claims: Claims, people: People) -> None:
    pat = accounts.create(engine, username="pat", name="Pat", role="reviewer", password=PASSWORD, now=NOW)
    take(engine, claims["CLEAN"], pat.id)
    with pytest.raises(AccessError, match="password is not right"):
        sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=pat.id, at=NOW, confirm=sign_off.by_password("no"))
    right = sign_off.by_password(PASSWORD)
    signed = sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=pat.id, at=NOW, confirm=right)
    assert state(engine, claims["CLEAN"]) == "ready"
    with read(engine) as connection:
        event = connection.execute(select(schema.events).where(schema.events.c.kind == "reviewed")).mappings().one()
        [row] = connection.execute(select(schema.signatures)).mappings()
    told = json.loads(event["details"])
    assert (event["account_id"], event["subject"]) == (pat.id, f"claim version {claims['CLEAN']}")
    assert (told["before"], told["after"], told["password"]) == ("to_review", "ready", "typed for this signature")
    assert (told["signature"], told["digest"], told["single_person"]) == (signed, row["digest"], False)


def test_who_may_not_decide(engine: Engine, claims: Claims, people: People) -> None:
    [finding] = undecided(engine, claims["OVER"], people["rita"])
    with pytest.raises(AccessError):
        review.decide(engine, finding, kind=review.AGREE, account_id=people["max"], at=NOW)
    take(engine, claims["OVER"], people["rita"])
    stop(engine, people["rita"], by=None, at=NOW)
    with pytest.raises(AccessError):
        review.decide(engine, finding, kind=review.AGREE, account_id=people["rita"], at=NOW)


def test_a_decision_stands_until_its_maker_takes_it_back(engine: Engine, claims: Claims, people: People) -> None:
    made = agree(engine, claims, people["rita"])
    take(engine, claims["OVER"], people["sam"])
    with read(engine) as connection:
        finding = int(review.findings_of(connection, claims["OVER"], people["sam"])["id"].iloc[0])
    with pytest.raises(StateError, match="has its verdict already"):
        review.decide(engine, finding, kind=review.AGREE, account_id=people["sam"], at=NOW)
    with pytest.raises(AccessError, match="of one's own"):
        review.undo(engine, made, account_id=people["sam"], at=NOW, text="wrong")
    take(engine, claims["OVER"], people["rita"])
    with pytest.raises(StateError, match="needs its reason"):
        review.undo(engine, made, account_id=people["rita"], at=NOW, text=" ")
    review.undo(engine, made, account_id=people["rita"], at=NOW, text="wrong key")
    with pytest.raises(StateError, match="does not stand"):
        review.undo(engine, made, account_id=people["rita"], at=NOW, text="again")
    with pytest.raises(StateError, match="reason in words"):
        dismiss(engine, claims, people["sam"], reason="other")
    dismiss(engine, claims, people["sam"], reason="evidence_elsewhere", text="addendum of 13 March")


def test_a_changed_note_makes_the_signature_stale(engine: Engine, claims: Claims, people: People) -> None:
    over = claims["OVER"]
    review_claim(engine, over, people["rita"])
    assert worklist.counts(engine)["ready"] == 1
    load(engine, visit("OVER", "2026-03-12", 3, 44))
    assert worklist.counts(engine)["stale"] == 1, "at once, and back in the worklist"
    take(engine, over, people["sam"])
    with pytest.raises(StateError, match="changed after the rules ran"):
        sign_off.approve(engine, over, **who(people["sam"]))
    running.screen_again(engine, [over], account_id=people["rita"], at=NOW)
    assert state(engine, over) == "stale", "judged anew, but nobody has signed that"
    assert undecided(engine, over, people["rita"]) == [], "44 minutes are three units"
    assert worklist.next_claim(engine, "to_review", after=claims["CLEAN"]) == over
    take(engine, over, people["rita"])
    review_claim(engine, over, people["rita"])
    take(engine, over, people["sue"])
    sign_off.approve(engine, over, **who(people["sue"]))


def test_a_corrected_claim_takes_no_signature_on_its_old_version(
    engine: Engine, claims: Claims, people: People
) -> None:
    review_claim(engine, claims["CLEAN"], people["rita"])
    load(engine, visit("CLEAN", "2026-03-13", 1, 30))
    with pytest.raises(CountersignError, match="newer version"):
        sign_off.approve(engine, claims["CLEAN"], **who(people["sam"]))


def test_the_rate_comes_at_the_planned_end(engine: Engine, claims: Claims, people: People) -> None:
    assert results.results(engine, 1).estimate is None
    review_claim(engine, claims["OVER"], people["rita"])
    half = results.results(engine, 1)
    assert half.estimate is None
    assert "1 of 2 drawn claims" in half.sentence
    review_claim(engine, claims["CLEAN"], people["rita"])
    whole = results.results(engine, 1)
    assert whole.estimate is not None
    assert (whole.estimate.rate, whole.estimate.lower, whole.estimate.upper) == (0.5, 0.5, 0.5)
    assert whole.by_rule.to_dict("records") == [{"rule": "UNIT-01", "upheld": 1, "dismissed": 0, "open": 0, "found": 1}]


def test_an_error_that_no_rule_saw_counts(engine: Engine, claims: Claims, people: People) -> None:
    take(engine, claims["CLEAN"], people["rita"])
    review.report_missed(engine, claims["CLEAN"], text="wrong patient", account_id=people["rita"], at=NOW)
    review_claim(engine, claims["CLEAN"], people["rita"])
    found = results.results(engine, 1)
    assert found.claims.set_index("claim_id")["in_error"].to_dict() == {"CLEAN": True, "OVER": False}


def test_a_frozen_audit_draws_once(engine: Engine, claims: Claims, people: People) -> None:
    with pytest.raises(StateError, match="draws nothing"):
        audits.draw_seed(engine, 1, account_id=people["max"], at=NOW)


def test_the_evidence_of_a_claim(engine: Engine, claims: Claims, people: People) -> None:
    record = evidence(engine, claims["OVER"])
    assert record.days["supported_high"].tolist() == [2]
    assert record.services[["service", "minutes", "units"]].values.tolist() == [["97530", 30, 3]]
    assert record.shares.empty, "no assistant had a part in it"
    with read(engine) as connection:
        now = decided(connection, claims["OVER"], people["rita"])
    assert list(now.undecided["rule"]) == ["UNIT-01"]
    assert (now.state, now.stage, now.plan.people) == ("to_review", "first", 1)


def test_one_reviewer_at_a_time_until_the_lease_ends(engine: Engine, claims: Claims, people: People) -> None:
    over, [finding] = claims["OVER"], undecided(engine, claims["OVER"], people["rita"])
    agreed = {"kind": review.AGREE, "at": NOW}
    with pytest.raises(StateError, match="do not hold this claim"):
        review.decide(engine, finding, account_id=people["rita"], **agreed)
    held = leases.take(engine, over, account_id=people["rita"], at=NOW)
    assert (held.name, held.ends_at) == ("Rita", NOW + leases.LEASE)
    with pytest.raises(StateError, match="Rita is at work on this claim until 09:45 UTC"):
        leases.take(engine, over, account_id=people["sam"], at=NOW + timedelta(minutes=14))
    with pytest.raises(StateError, match="Rita is at work"):
        review.decide(engine, finding, account_id=people["sam"], **agreed)
    later = NOW + leases.LEASE
    with pytest.raises(StateError, match="your time on it has ended"):
        review.decide(engine, finding, account_id=people["rita"], kind=review.AGREE, at=later)
    leases.take(engine, over, account_id=people["sam"], at=later)
    with pytest.raises(StateError, match="Sam is at work"):
        leases.take(engine, over, account_id=people["rita"], at=later)
    review.decide(engine, finding, account_id=people["sam"], kind=review.AGREE, at=later)


def test_a_sitting_ends_to_the_moment_and_is_of_one_person() -> None:
    confirm, moment = sign_off.by_sitting(7, NOW), timedelta(microseconds=1)
    assert timedelta(minutes=10) == sign_off.SITTING
    nowhere: Any = None  # no database is asked
    for at in (NOW, NOW + sign_off.SITTING - moment):
        assert confirm(nowhere, 7, at) == sign_off.IN_SITTING
    for account_id, at in ((7, NOW + sign_off.SITTING), (7, NOW - moment), (8, NOW)):
        with pytest.raises(AccessError, match="needed again"):
            confirm(nowhere, account_id, at)


def test_what_cannot_be_done_to_a_claim_is_refused_in_words(engine: Engine, claims: Claims, people: People) -> None:
    over, who_ = claims["OVER"], {"account_id": people["rita"], "at": NOW}
    take(engine, over, people["rita"])
    [finding] = undecided(engine, over, people["rita"])
    missed = review.report_missed(engine, over, text="The wrong visit", **who_)
    asked = review.ask(engine, over, text="How long?", due_on=NOW.date(), **who_)
    review.answer(engine, asked, text="An hour", **who_)
    decided_once = review.decide(engine, finding, kind=review.AGREE, **who_)
    refused = {
        "no such finding": lambda: review.decide(engine, 999, kind=review.AGREE, **who_),
        "'approve' is no decision": lambda: review.decide(engine, finding, kind="approve", **who_),
        "needs the right value": lambda: review.decide(engine, finding, kind=review.CORRECT, **who_),
        "has its verdict already": lambda: review.decide(engine, finding, kind=review.AGREE, **who_),
        "a question needs words": lambda: review.ask(engine, over, text=" ", due_on=NOW.date(), **who_),
        "an answer needs words": lambda: review.answer(engine, asked, text=" ", **who_),
        "no such question": lambda: review.answer(engine, decided_once, text="Yes", **who_),
        "is answered or was taken back": lambda: review.answer(engine, asked, text="Two hours", **who_),
        "a missed error needs words": lambda: review.report_missed(engine, over, text="", **who_),
        "no such missed error": lambda: review.judge_missed(engine, finding, kind=review.AGREE, **who_),
        "not for you to judge": lambda: review.judge_missed(engine, missed, kind=review.AGREE, **who_),
        "does not stand any more": lambda: review.undo(engine, 999, text="wrong", **who_),
    }
    for words, call in refused.items():
        with pytest.raises(StateError, match=words):
            call()
    running.screen(engine, account_id=people["max"], at=NOW)
    with pytest.raises(StateError, match="a newer run has replaced this finding"):
        review.decide(engine, finding, kind=review.AGREE, **who_)


@on_sqlite
def test_what_cannot_be_signed_is_refused_in_words(engine: Engine, claims: Claims, people: People) -> None:
    clean, rita, sam = claims["CLEAN"], who(people["rita"]), who(people["sam"])
    take(engine, clean, people["sam"])
    with pytest.raises(StateError, match=r"the claim is not reviewed yet\. Open the claim again"):
        sign_off.approve(engine, clean, **sam)
    with pytest.raises(StateError, match=r"only a reviewed claim goes back\. Open the claim again"):
        sign_off.send_back(engine, clean, text="Look again.", **sam)
    take(engine, clean, people["rita"])
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["rita"])
    with pytest.raises(StateError, match=r"the claim is reviewed\b.*Open the claim again"):
        sign_off.sign_reviewed(engine, clean, **rita)
    take(engine, clean, people["sam"])
    with pytest.raises(StateError, match=r"a claim goes back with a reason\. Say what is to be looked at again"):
        sign_off.send_back(engine, clean, text="  ", **sam)
    sign_off.approve(engine, clean, **sam)
    take(engine, clean, people["sue"])
    with pytest.raises(StateError, match=r"the claim is approved and locked"):
        sign_off.send_back(engine, clean, text="Look again.", **who(people["sue"]))


@on_sqlite
def test_a_screening_that_fails_says_so_in_the_trail_and_judges_nothing(
    engine: Engine, claims: Claims, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a rule that raises, which is a finding, but all of it, as where memory ends."""

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(running, "_judged", full)
    with pytest.raises(MemoryError):
        running.screen(engine, account_id=people["max"], at=NOW)
    with read(engine) as connection:
        last = connection.execute(select(schema.events).order_by(schema.events.c.id.desc())).mappings().first()
    assert last["kind"] == "run failed"
    assert "MemoryError" in last["details"]
    assert len(undecided(engine, claims["OVER"], people["rita"])) == 1, "the findings of the run before stand"


@on_sqlite
def test_a_screening_of_no_claim_is_refused(engine: Engine, claims: Claims, people: People) -> None:
    with pytest.raises(
        StateError, match=r"no loaded claim has these dates and payers\. Load claims, or widen the choice"
    ):
        running.screen(engine, account_id=people["max"], at=NOW, payer_ids=["nobody"])
    with pytest.raises(StateError, match="none of these claims is in the store"):
        running.screen_again(engine, [999], account_id=people["max"], at=NOW)


@on_sqlite
def test_the_sheet_of_a_returned_claim_says_what_is_to_be_changed(
    engine: Engine, claims: Claims, people: People
) -> None:
    over = claims["OVER"]
    take(engine, over, people["rita"])
    review.report_missed(engine, over, text="The wrong visit", account_id=people["rita"], at=NOW)
    review_claim(engine, over, people["rita"])
    take(engine, over, people["sam"])
    sign_off.return_claim(engine, over, text="Bill two units", **who(people["sam"]))
    sheet = release.correction_sheet(engine, over, people["max"])
    assert sheet[["rule", "now", "should_be", "by"]].to_numpy().tolist() == [
        ["UNIT-01", "97530 GO x 3", "2 units", "Rita"],
        ["", "", "", "Rita"],
    ]
    assert sheet["line_number"].fillna(0).tolist() == [1, 0]
    assert "That supports 2 units" in sheet["why"].iloc[0]
    assert sheet["why"].iloc[1] == "The wrong visit"
    with pytest.raises(StateError, match="there is no release 9"):
        release.again(engine, 9, account_id=people["max"], at=NOW)


@on_sqlite
def test_the_trail_is_read_by_days_and_its_review_needs_words(engine: Engine, people: People) -> None:
    with pytest.raises(StateError, match="needs words"):
        trail_view.record_review(engine, account_id=people["lucy"], at=NOW, text=" ")
    for day in range(3):
        words, at = f"Day {day}: nothing odd", NOW + timedelta(days=day)
        trail_view.record_review(engine, account_id=people["lucy"], at=at, text=words)
    wanted = trail_view.EventFilter(since=NOW + timedelta(days=1), until=NOW + timedelta(days=2))
    seen = trail_view.events_seen(engine, viewer=people["lucy"], at=NOW + timedelta(days=3), wanted=wanted)
    assert [day for day in range(3) if f"Day {day}" in str(seen.rows["details"].tolist())] == [1]
