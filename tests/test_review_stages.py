"""Plans, second review, blind mode, adjudication, questions, bulk, corrections, release and the trail."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from audit import release, trail_view
from audit.errors import AccessError, CountersignError, StateError
from audit.reviewing import bulk, correcting, drafts, leases, opinions, review, second_review, sign_off
from audit.reviewing import review_plan as plans
from audit.reviewing.claim_record import record_of
from audit.reviewing.review import LineCorrection
from audit.reviewing.worklist import Filters, counts, next_claim, worklist
from audit.store import kept, schema, verifying
from audit.store.database import read
from tests.databases import filled
from tests.reviewing import (
    load,
    open_audit,
    people_of,
    review_claim,
    state,
    take,
    two_under_audit,
    undecided,
    versions,
    visit,
    who,
)
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
pytestmark = on_sqlite  # what differs between the databases is asked in test_review and test_store_guards
People = dict[str, int]
Claims = dict[str, int]
BLIND = plans.Plan((plans.PlanRule(2, blind=True),), 0.0, "1" * 20)


def two_blind(engine: Engine) -> Claims:
    """Two claims that need a blind second review."""
    plans.set_plan(engine, BLIND, account_id=people_of(engine)["max"], at=NOW, reason="measure")
    return two_under_audit(engine)


blind = filled("blind", two_blind, on="people")


def test_a_blind_claim_is_open_until_its_second_review_is_in(engine: Engine, people: People, blind: Claims) -> None:
    audit_id = 1
    assert not second_review.blind_open(engine, audit_id)
    review_claim(engine, blind["OVER"], people["rita"])
    assert second_review.blind_open(engine, audit_id)
    decide_all(engine, blind["OVER"], people["sam"], review.AGREE)
    second_review.commit_second(engine, blind["OVER"], **who(people["sam"]))
    assert not second_review.blind_open(engine, audit_id)


def decide_all(engine: Engine, claim: int, by: int, kind: str) -> None:
    take(engine, claim, by)
    for finding in undecided(engine, claim, by):
        review.decide(engine, finding, kind=kind, reason="accepted", account_id=by, at=NOW)


def seen(engine: Engine, claim: int, viewer: int) -> list[str]:
    """All that a person can fetch of verdicts on the claim."""
    with read(engine) as connection:
        found = opinions.findings_of(connection, claim, viewer)
        missed = opinions.missed_of(connection, claim, viewer)
        asked = opinions.sight(connection, claim, viewer).asks()
    words = found[["decision", "reason", "text", "decided_by", "first", "second", "final"]]
    return [word for row in words.to_numpy().tolist() for word in row if word] + [*missed["text"], *asked["text"]]


def test_blind_until_committed_then_only_differences_for_a_third(engine: Engine, blind: Claims, people: People) -> None:
    over = blind["OVER"]
    review_claim(engine, over, people["rita"])
    assert state(engine, over) == "second"
    assert seen(engine, over, people["sam"]) == seen(engine, over, people["ron"]) == []
    assert "agree" in seen(engine, over, people["lucy"]), "an auditor reviews nothing"
    assert len(undecided(engine, over, people["sam"])) == 1
    take(engine, over, people["sam"])
    with pytest.raises(StateError, match="no verdict of yours"):
        second_review.commit_second(engine, over, **who(people["sam"]))
    decide_all(engine, over, people["sam"], review.DISMISS)
    assert "agree" not in seen(engine, over, people["sam"])
    assert "dismiss" not in seen(engine, over, people["rita"])
    with read(engine) as connection:
        assert second_review.differences(connection, over, people["sue"]).empty
    second_review.commit_second(engine, over, **who(people["sam"]))
    assert state(engine, over) == "adjudicate"
    assert {"agree", "dismiss"} <= set(seen(engine, over, people["sam"]))
    with read(engine) as connection:
        [row] = second_review.differences(connection, over, people["sue"]).to_dict("records")
    assert (row["first_decision"], row["first_by"], row["second_decision"]) == ("agree", "Rita", "dismiss")
    for person, says in (("rita", "may not do this"), ("sam", "may not be the second reviewer"), ("tess", "rendered")):
        if person != "rita":
            take(engine, over, people[person])
        with pytest.raises(AccessError, match=says):
            review.decide(engine, row["id"], kind=review.AGREE, account_id=people[person], at=NOW)
    take(engine, over, people["sue"])
    review.decide(engine, row["id"], kind=review.DISMISS, reason="accepted", account_id=people["sue"], at=NOW)
    assert state(engine, over) == "ready"
    sign_off.approve(engine, over, **who(people["sue"]))
    agreed = second_review.agreed(engine)
    assert agreed is not None
    assert (agreed.items, agreed.raw) == (1, 0)


def test_two_who_agree_need_no_third(engine: Engine, blind: Claims, people: People) -> None:
    over = blind["OVER"]
    review_claim(engine, over, people["rita"])
    decide_all(engine, over, people["sam"], review.AGREE)
    second_review.commit_second(engine, over, **who(people["sam"]))
    assert state(engine, over) == "ready"
    take(engine, over, people["sam"])
    sign_off.return_claim(engine, over, text="Bill two units", **who(people["sam"]))
    assert state(engine, over) == "returned"


def test_what_one_saw_and_the_other_did_not_is_a_difference(engine: Engine, blind: Claims, people: People) -> None:
    clean = blind["CLEAN"]
    take(engine, clean, people["rita"])
    review.report_missed(engine, clean, text="wrong patient", account_id=people["rita"], at=NOW)
    review_claim(engine, clean, people["rita"])
    assert seen(engine, clean, people["sam"]) == []
    take(engine, clean, people["sam"])
    second_review.commit_second(engine, clean, **who(people["sam"]))
    assert state(engine, clean) == "adjudicate"
    with read(engine) as connection:
        [row] = second_review.differences(connection, clean, people["sue"]).to_dict("records")
    assert (row["because"], row["first_decision"], row["second_decision"]) == ("wrong patient", "agree", "")
    take(engine, clean, people["sue"])
    judge = {"account_id": people["sue"], "at": NOW}
    review.judge_missed(engine, row["missed_id"], kind=review.DISMISS, reason="not_applicable", **judge)
    sign_off.approve(engine, clean, **who(people["sue"]))


@pytest.mark.parametrize("person", ["rita", "tess", "ada", "max"])
def test_who_gives_no_second_review(engine: Engine, blind: Claims, people: People, person: str) -> None:
    over = blind["OVER"]
    finding = undecided(engine, over, people["sam"])[0]
    review_claim(engine, over, people["rita"])
    if person in ("rita", "tess"):
        take(engine, over, people[person])
    with pytest.raises(AccessError):
        review.decide(engine, finding, kind=review.AGREE, account_id=people[person], at=NOW)
    with pytest.raises(CountersignError):
        second_review.commit_second(engine, over, **who(people[person]))


def test_three_people_where_the_plan_says_so(engine: Engine, people: People) -> None:
    plan = plans.Plan((plans.PlanRule(3, severity="error"), plans.PlanRule(2, min_dollars=Decimal(1000))))
    plans.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="errors by three")
    load(engine, visit("OVER", "2026-03-12", 3, 30), visit("CLEAN", "2026-03-13", 2, 30))
    open_audit(engine, people)
    over = versions(engine)["OVER"]
    with read(engine) as connection:
        assert plans.needed(connection, over) == plans.Needed(3, False, "a finding of severity error")
        assert plans.needed(connection, versions(engine)["CLEAN"]).people == 1
    review_claim(engine, over, people["rita"], kind=review.DISMISS)
    decide_all(engine, over, people["sam"], review.DISMISS)
    assert "dismiss" in seen(engine, over, people["sam"]), "not blind"
    second_review.commit_second(engine, over, **who(people["sam"]))
    sue_and_not_sam_approves(engine, over, people)


def sue_and_not_sam_approves(engine: Engine, claim: int, people: People) -> None:
    take(engine, claim, people["sam"])
    with pytest.raises(AccessError, match=r"a third person\. Leave this to somebody else"):
        sign_off.approve(engine, claim, **who(people["sam"]))
    take(engine, claim, people["sue"])
    sign_off.approve(engine, claim, **who(people["sue"]))


def test_the_third_person_is_another_one_where_there_was_nothing_to_decide(engine: Engine, people: People) -> None:
    plans.set_plan(engine, plans.Plan((plans.PlanRule(3),)), account_id=people["max"], at=NOW, reason="by three")
    clean = two_under_audit(engine)["CLEAN"]
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["sam"])
    second_review.commit_second(engine, clean, **who(people["sam"]))
    sue_and_not_sam_approves(engine, clean, people)


def test_the_blind_share_can_be_drawn_again(engine: Engine, people: People) -> None:
    plan = plans.set_plan(
        engine, plans.Plan(blind_share=0.1), account_id=people["max"], at=NOW, reason="measure a tenth"
    )
    assert len(plan.seed) >= 20
    drawn = [one for one in range(5000) if plans.drawn(plan.seed, f"C{one}") < 0.1]
    assert 420 < len(drawn) < 580
    with pytest.raises(AccessError):
        plans.set_plan(engine, plan, account_id=people["sam"], at=NOW, reason="mine")
    with pytest.raises(StateError, match="needs its reason"):
        plans.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="")
    with pytest.raises(StateError, match="share of 2"):
        plans.set_plan(engine, plans.Plan(blind_share=2), account_id=people["max"], at=NOW, reason="x")


def test_a_question_holds_the_claim_until_its_answer(engine: Engine, claims: Claims, people: People) -> None:
    over, rita = claims["OVER"], people["rita"]
    take(engine, over, rita)
    due = NOW.date() + timedelta(days=3)
    with pytest.raises(StateError, match="has passed"):
        review.ask(engine, over, text="?", due_on=NOW.date() - timedelta(days=1), account_id=rita, at=NOW)
    asked = review.ask(engine, over, text="Was a break taken?", due_on=due, account_id=rita, at=NOW)
    assert state(engine, over) == "on_hold"
    assert worklist(engine, "on_hold", at=NOW, order="due").rows["due_on"].tolist() == [due]
    assert counts(engine, Filters(due_by=due))["on_hold"] == 1
    decide_all(engine, over, rita, review.DISMISS)
    with pytest.raises(StateError, match="waits for an answer"):
        sign_off.sign_reviewed(engine, over, **who(rita))
    review.answer(engine, asked, text="No break.", account_id=people["dora"], at=NOW)
    with pytest.raises(StateError, match="is answered"):
        review.answer(engine, asked, text="Again", account_id=people["dora"], at=NOW)
    assert state(engine, over) == "to_review"
    with read(engine) as connection:
        [row] = opinions.sight(connection, over, rita).asks().to_dict("records")
    assert (row["answer"], row["answered_by"]) == ("No break.", "Dora")
    sign_off.sign_reviewed(engine, over, **who(rita))


def test_findings_of_one_rule_are_decided_together_or_not_at_all(engine: Engine, people: People) -> None:
    days = [f"2026-03-{day:02}" for day in range(10, 15)]
    load(engine, *[visit(f"U{day}", day, 1, 30, patient=f"P{day}") for day in days])
    open_audit(engine, people)
    ids = list(versions(engine).values())
    with read(engine) as connection:
        table = schema.findings
        low = connection.execute(select(table).where(table.c.severity.in_(bulk.LOW))).mappings().all()
    assert low, "billing one unit for 30 minutes is a note"
    first, sam = int(low[0]["id"]), people["sam"]
    take(engine, ids[4], people["rita"])
    preview = bulk.alike(engine, first, account_id=sam, at=NOW)
    assert preview["finding_id"].iloc[0] == first
    assert ids[4] not in preview["claim_version_id"].tolist(), "somebody is at work on it"
    every = [int(one["id"]) for one in low if one["rule"] == low[0]["rule"]]
    same = {"kind": review.DISMISS, "reason": "accepted", "account_id": sam, "at": NOW}
    with pytest.raises(StateError, match="Rita is at work"):
        bulk.decide_alike(engine, every, **same)
    assert len(bulk.alike(engine, first, account_id=sam, at=NOW)) == len(preview), "nothing was decided"
    made = bulk.decide_alike(engine, preview["finding_id"].tolist(), **same)
    assert len(made) == len(set(made)) == len(preview)
    assert bulk.alike(engine, every[-1], account_id=people["rita"], at=NOW)["finding_id"].tolist() == every[-1:]


def test_an_error_is_not_decided_in_bulk(engine: Engine, claims: Claims, people: People) -> None:
    [finding] = undecided(engine, claims["OVER"], people["sam"])
    with pytest.raises(StateError, match="only warnings and notes"):
        bulk.alike(engine, finding, account_id=people["sam"], at=NOW)
    with pytest.raises(StateError, match="only warnings and notes"):
        bulk.decide_alike(engine, [finding], kind=review.AGREE, account_id=people["sam"], at=NOW)


def test_a_correction_is_proved_by_running_the_rules(engine: Engine, claims: Claims, people: People) -> None:
    over, rita = claims["OVER"], people["rita"]
    right = LineCorrection(1, "97530", 2, ("GO",))
    checked = correcting.check(engine, over, [right])
    assert (list(checked.goes["rule"]), len(checked.stays), len(checked.comes)) == (["UNIT-01"], 0, 0)
    worse = correcting.check(engine, over, [LineCorrection(1, "97530", 2)])
    assert "MOD-01" in list(worse.comes["rule"])
    for wrong in (LineCorrection(1, "97530", 0), LineCorrection(1, " ", 1), LineCorrection(9, "x", 1, remove=True)):
        with pytest.raises(StateError):
            correcting.check(engine, over, [wrong])
    take(engine, over, rita)
    [finding] = undecided(engine, over, rita)
    with pytest.raises(StateError, match="needs the right value"):
        review.decide(engine, finding, kind=review.CORRECT, account_id=rita, at=NOW)
    review.decide(engine, finding, kind=review.CORRECT, corrected=[right], account_id=rita, at=NOW)
    sign_off.sign_reviewed(engine, over, **who(rita))
    take(engine, over, people["sam"])
    with pytest.raises(StateError, match="upheld error"):
        sign_off.approve(engine, over, **who(people["sam"]))
    sign_off.return_claim(engine, over, text="see the sheet", **who(people["sam"]))
    [row] = release.correction_sheet(engine, over, rita).to_dict("records")
    assert (row["line_number"], row["now"], row["should_be"]) == (1, "97530 GO x 3", "97530 GO x 2")
    with pytest.raises(StateError, match="not approved"):
        release.release(engine, [over], account_id=people["max"], at=NOW)


def test_a_claim_is_released_once_and_then_closed_for_good(engine: Engine, claims: Claims, people: People) -> None:
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["sam"])
    sign_off.approve(engine, clean, **who(people["sam"]))
    assert release.approved_claims(engine) == [clean]
    with pytest.raises(AccessError):
        release.release(engine, [clean], account_id=people["rita"], at=NOW)
    first = release.release(engine, [clean], account_id=people["max"], at=NOW)
    assert first.csv.splitlines()[1].startswith("CLEAN,1,1,2026-03-13,97530,GO,2,120.50,Sam,")
    with pytest.raises(StateError, match="released already"):
        release.release(engine, [clean], account_id=people["max"], at=NOW)
    assert release.again(engine, first.id, account_id=people["ada"], at=NOW) == first
    load(engine, visit("CLEAN", "2026-03-13", 2, 12))
    assert state(engine, clean) == "released"
    take(engine, clean, people["rita"])
    with pytest.raises(StateError, match="is released"):
        review.report_missed(engine, clean, text="too late", account_id=people["rita"], at=NOW)
    told = [step.what for step in record_of(engine, "CLEAN", account_id=people["lucy"], at=NOW).steps]
    wanted = ["signed: reviewed", "signed: approved for submission", "released it to the billing system",
              "took the file of the release again"]  # fmt: skip
    assert [what for what in told if what in wanted] == wanted


def test_an_approved_claim_whose_note_changes_is_not_released(engine: Engine, claims: Claims, people: People) -> None:
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["sam"])
    sign_off.approve(engine, clean, **who(people["sam"]))
    load(engine, visit("CLEAN", "2026-03-13", 2, 24))
    assert counts(engine)["stale"] == 1
    with pytest.raises(StateError, match="not approved"):
        release.release(engine, [clean], account_id=people["max"], at=NOW)


def test_new_facts_make_everything_unreleased_stale(engine: Engine, claims: Claims, people: People) -> None:
    from audit.store.database import write  # noqa: PLC0415

    with write(engine) as connection:
        assert kept.note_facts(connection, "f" * 64, NOW)
        assert not kept.note_facts(connection, "f" * 64, NOW)
    assert counts(engine)["stale"] == 2
    take(engine, claims["CLEAN"], people["rita"])
    with pytest.raises(StateError, match="changed after the rules ran"):
        sign_off.sign_reviewed(engine, claims["CLEAN"], **who(people["rita"]))


def test_drafts_survive_and_go(engine: Engine, claims: Claims, people: People) -> None:
    over, rita = claims["OVER"], people["rita"]
    drafts.keep(engine, over, account_id=rita, fields={"why": "half a thought", "empty": ""}, at=NOW)
    drafts.keep(engine, over, account_id=people["sam"], fields={"why": "another"}, at=NOW)
    assert drafts.of(engine, over, rita) == {"why": "half a thought"}
    drafts.keep(engine, over, account_id=rita, fields={"why": "a whole one"}, at=NOW)
    assert drafts.of(engine, over, rita) == {"why": "a whole one"}
    drafts.drop(engine, over, account_id=rita)
    assert (drafts.of(engine, over, rita), drafts.of(engine, over, people["sam"])) == ({}, {"why": "another"})
    with pytest.raises(StateError, match="at most"):
        drafts.keep(engine, over, account_id=rita, fields={"why": "x" * 30_000}, at=NOW)


def test_claims_are_given_and_taken(engine: Engine, claims: Claims, people: People) -> None:
    over, due = claims["OVER"], NOW.date()
    leases.assign(engine, [over], to=people["rita"], account_id=people["max"], at=NOW, due_on=due)
    mine = worklist(engine, "to_review", at=NOW, filters=Filters(assigned_to=people["rita"]))
    assert mine.rows[["claim_id", "assigned", "due_on"]].values.tolist() == [["OVER", "Rita", due]]
    with pytest.raises(AccessError):
        leases.assign(engine, [over], to=people["ron"], account_id=people["rita"], at=NOW)
    take(engine, over, people["ron"])
    assert worklist(engine, "to_review", at=NOW, filters=Filters(holder=people["ron"])).total == 1
    assert next_claim(engine, "to_review", account_id=people["rita"], at=NOW) == claims["CLEAN"]
    later = NOW + leases.LEASE
    assert next_claim(engine, "to_review", account_id=people["rita"], at=later) == over
    leases.assign(engine, [over], to=None, account_id=people["max"], at=NOW)
    assert worklist(engine, "to_review", at=NOW, filters=Filters(assigned_to=people["rita"])).total == 0


def test_the_trail_is_filtered_looked_at_and_reviewed(engine: Engine, claims: Claims, people: People) -> None:
    review_claim(engine, claims["OVER"], people["rita"])
    wanted = trail_view.EventFilter(account_id=people["rita"])
    page = trail_view.events_seen(engine, viewer=people["lucy"], at=NOW, wanted=wanted)
    assert page.rows["kind"].tolist() == ["reviewed", "agree", "claim viewed"]
    assert page.rows[["before", "after"]].iloc[0].tolist() == ["To review", "To approve or return"]
    assert re.search(r"digest: [0-9a-f]{12}…", page.rows["details"].iloc[0])
    for person in ("rita", "sam", "dora"):
        with pytest.raises(AccessError):
            trail_view.events_seen(engine, viewer=people[person], at=NOW)
    assert trail_view.last_review(engine) is None
    trail_view.record_review(engine, account_id=people["lucy"], at=NOW, text="nothing unusual")
    last = trail_view.last_review(engine)
    assert last is not None
    assert (last["who"], last["text"], last["upto"]) == ("Lucy", "nothing unusual", page.rows["id"].max() + 1)
    assert {"trail viewed", "trail reviewed"} <= set(trail_view.kinds(engine))


def test_after_all_of_it_everything_verifies(engine: Engine, blind: Claims, people: People) -> None:
    review_claim(engine, blind["OVER"], people["rita"])
    decide_all(engine, blind["OVER"], people["sam"], review.DISMISS)
    second_review.commit_second(engine, blind["OVER"], **who(people["sam"]))
    load(engine, visit("OVER", "2026-03-12", 3, 44))
    with read(engine) as connection:
        found = verifying.verify(connection)
    assert (found.breaks, found.recomputed, found.old) == ((), 2, 0)
