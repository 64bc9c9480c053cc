"""What goes wrong between steps that are each right: loads, runs, samples and reviews in orders that people take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from audit import sampling
from audit.auditing import audits, running
from audit.errors import StateError
from audit.exporting.report import report_of
from audit.feedback import items
from audit.figures import results, upheld
from audit.figures.rule_quality import rule_quality
from audit.loading import arrivals, undoing
from audit.overpayments.paid import upheld_versions
from audit.reviewing import leases, review, review_plan, second_review, sign_off
from audit.reviewing.opinions import required
from audit.store import database, guards, kept, schema, verifying
from tests.handed_in import as_csv, claim, note, service
from tests.reviewing import NPI, claims, people, review_claim, state, take, undecided, versions, who
from tests.stored import NOW, on_sqlite

__all__ = ["claims", "people"]
pytest_plugins = ["tests.databases"]
LATER = NOW + timedelta(hours=1)
NEXT = LATER + timedelta(hours=1)
LAST = NEXT + timedelta(hours=1)
OF_OVER = {"patient_id": "P1", "service_date": "2026-03-12", "claim_id": "OVER", "note_id": "N-OVER"}
MORE = [
    ("notes.csv", as_csv([note(12) | OF_OVER | {"total_timed_minutes": "45", "total_treatment_minutes": "45"}])),
    ("note_services.csv", as_csv([service(12) | {"note_id": "N-OVER", "minutes": "45"}])),
]
"""The note of OVER with as many minutes as its three units need."""


def take_in(engine: Engine, people: dict[str, int], *files: tuple[str, bytes], at=LATER) -> int:
    return arrivals.take_in(engine, files, account_id=people["max"], at=at).loaded.load_id


def holds(engine: Engine) -> tuple[str, ...]:
    with database.read(engine) as connection:
        return verifying.verify(connection).breaks


def approve(engine: Engine, one: int, by: int, at=NOW) -> None:
    take(engine, one, by, at)
    sign_off.approve(engine, one, **who(by, at))


# Signatures


@on_sqlite
def test_a_note_moved_to_the_claim_s_day_later_breaks_no_signature(engine, people, claims):
    """The seal is worked out again from what the run saw, whatever came since."""
    files = ("notes.csv", as_csv([note(20) | {"note_id": "moves", "patient_id": "P1"}]))
    take_in(engine, people, files, at=NOW)
    running.screen_again(engine, [claims["CLEAN"]], account_id=people["max"], at=LATER)
    review_claim(engine, claims["CLEAN"], people["rita"], at=LATER)
    moved = note(20) | {"note_id": "moves", "patient_id": "P1", "service_date": "2026-03-13"}
    take_in(engine, people, ("notes.csv", as_csv([moved])), at=NEXT)
    assert state(engine, claims["CLEAN"]) == "stale"
    assert holds(engine) == ()


@on_sqlite
def test_a_signature_is_bound_to_the_note_that_was_read_and_not_to_one_of_a_load_undone_before(engine, people, claims):
    late = take_in(engine, people, *MORE)
    undoing.undo(engine, late, reason="wrong", account_id=people["max"], at=LATER)
    running.screen_again(engine, [claims["OVER"]], account_id=people["max"], at=NEXT)
    review_claim(engine, claims["OVER"], people["rita"], at=NEXT)
    assert holds(engine) == ()
    with database.write(engine) as connection:
        read = (schema.notes.c.note_id == "N-OVER") & (schema.notes.c.version == 1)
        guards.remove(connection)
        connection.execute(schema.notes.update().where(read).values(content_sha256="x"))
        guards.install(connection)
        spoilt = connection.execute(select(schema.notes.c.id).where(read)).scalar_one()
    assert holds(engine) == (
        f"Row {spoilt} of notes is not as it was loaded: it, or what belongs to it, was changed afterwards.",
        "Signature 1: what it was given for was changed afterwards.",
    )


# Worklist and plan


@on_sqlite
def test_a_claim_replaced_before_its_screening_is_sampled_stands_in_the_worklist_as_it_is_now(engine, people):
    plan = review_plan.Plan((review_plan.PlanRule(2, blind=True),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")
    take_in(engine, people, ("claims.csv", as_csv([claim(1), claim(2)])), at=NOW)
    run = running.screen(engine, account_id=people["max"], at=NOW)
    take_in(engine, people, ("claims.csv", as_csv([claim(1, units=4)])))
    running.screen_new(engine, account_id=people["max"], at=NEXT)
    with database.read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run), 2)
    made = audits.open_audit(engine, run, name="", plan=plan, account_id=people["max"], at=NEXT)
    audits.draw_seed(engine, made, account_id=people["max"], at=NEXT)
    assert holds(engine) == ()
    with database.read(engine) as connection:
        shown = {row.claim_version_id: row.people for row in connection.execute(select(kept.table))}
    assert shown == dict.fromkeys(versions(engine).values(), 2)


@on_sqlite
def test_the_corrected_version_of_a_claim_is_reviewed_by_as_many_as_the_plan_says(engine, people):
    """Whichever run judges it: what is new, or a screening."""
    plan = review_plan.Plan((review_plan.PlanRule(2, blind=True),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")
    take_in(engine, people, ("claims.csv", as_csv([claim(1, units=4), claim(2, units=4)])), at=NOW)
    run = running.screen(engine, account_id=people["max"], at=NOW)
    audits.open_audit(engine, run, name="", plan=None, account_id=people["max"], at=NOW)
    for at, judge in ((LATER, running.screen_new), (NEXT, running.screen)):
        units = 3 if at == LATER else 2
        take_in(engine, people, ("claims.csv", as_csv([claim(1, units=units), claim(2, units=units)])), at=at)
        judge(engine, account_id=people["max"], at=at + timedelta(minutes=1))
        with database.read(engine) as connection:
            assert [(row.people, row.blind) for row in connection.execute(select(kept.table))] == [(2, True)] * 2


# Figures


def reviewed_twice(engine: Engine, people: dict[str, int], over: int) -> None:
    """OVER is upheld; then its note comes whole, the rules run again and find nothing, and it is approved."""
    review_claim(engine, over, people["rita"])
    take_in(engine, people, *MORE)
    running.screen_again(engine, [over], account_id=people["rita"], at=NEXT)


def test_what_counts_is_the_review_signed_last_in_every_figure(engine, people, claims):
    """A finding upheld once, and not found any more when the claim was reviewed again: the claim is right."""
    over = claims["OVER"]
    reviewed_twice(engine, people, over)
    before = results.results(engine, 1)
    assert before.claims.loc[before.claims["in_error"], "claim_id"].tolist() == ["OVER"], "nobody has signed again yet"
    assert before.by_rule.loc[before.by_rule["upheld"] > 0, "rule"].tolist() == ["UNIT-01"]
    assert told(engine) == ["upheld"]
    with database.read(engine) as connection:
        assert upheld_versions(connection) == [over]
    review_claim(engine, over, people["rita"], kind=review.DISMISS, at=NEXT)
    approve(engine, over, people["sam"], NEXT)
    now = results.results(engine, 1)
    assert not now.claims["in_error"].any()
    assert not now.by_rule["upheld"].sum()
    assert not upheld.with_dollars(engine, now.claims)["over"].sum()
    assert told(engine) == []
    with database.read(engine) as connection:
        assert upheld_versions(connection) == []
    assert not rule_quality(engine).rows["upheld"].sum()


def told(engine: Engine) -> list[str]:
    """The verdicts on UNIT-01 in an export."""
    sheets = report_of(engine, 1, made_by="x", at=LAST, identified=True).sheets
    (found,) = [one for one in sheets if one.name == "Findings"]
    return [row["verdict"] for row in found.rows if row["rule"] == "UNIT-01"]


@on_sqlite
def test_the_list_of_audits_and_the_results_count_the_same_claims_as_reviewed(engine, people, claims):
    """A drawn claim that was replaced before its review is a missing record: nobody will review it."""
    take_in(engine, people, ("claims.csv", as_csv([claim(12) | {"claim_id": "OVER", "patient_id": "P1"}])))
    assert results.overview(engine)["reviewed"].tolist() == [1]
    assert results.results(engine, 1).strata["reviewed"].sum() == 1
    review_claim(engine, claims["CLEAN"], people["rita"])
    assert results.overview(engine)["state"].tolist() == ["all reviewed"]
    assert results.results(engine, 1).complete


def second_dismisses(engine: Engine, one: int, sam: int) -> None:
    """The second reviewer, who has the claim, dismisses what the rules found and commits."""
    for finding in undecided(engine, one, sam):
        review.decide(engine, finding, kind=review.DISMISS, reason="accepted", account_id=sam, at=NOW)
    second_review.commit_second(engine, one, **who(sam))


@on_sqlite
def test_an_error_seen_in_a_second_review_that_was_sent_back_counts_no_more(engine, people):
    plan = review_plan.Plan((review_plan.PlanRule(2),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")
    take_in(engine, people, ("claims.csv", as_csv([claim(1)])), ("notes.csv", as_csv([note(1)])),
            ("note_services.csv", as_csv([service(1)])), at=NOW)  # fmt: skip
    run = running.screen(engine, account_id=people["max"], at=NOW)
    with database.read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run), 1)
    made = audits.open_audit(engine, run, name="", plan=plan, account_id=people["max"], at=NOW)
    audits.draw_seed(engine, made, account_id=people["max"], at=NOW)
    (one,) = versions(engine).values()
    review_claim(engine, one, people["rita"], kind=review.DISMISS)
    take(engine, one, people["sam"])
    review.report_missed(engine, one, text="the goal is old", account_id=people["sam"], at=NOW)
    sign_off.send_back(engine, one, text="look at the goal", **who(people["sam"]))
    review_claim(engine, one, people["rita"], kind=review.DISMISS)
    take(engine, one, people["sam"])
    second_dismisses(engine, one, people["sam"])
    approve(engine, one, people["sam"])
    assert state(engine, one) == "approved"
    now = results.results(engine, made)
    assert now.claims["in_error"].tolist() == [False]
    assert now.estimate.rate == 0
    with database.read(engine) as connection:
        assert upheld_versions(connection) == []


@on_sqlite
def test_an_error_that_a_second_person_confirms_is_told_to_the_therapist_once(engine, people, claims):
    clean = claims["CLEAN"]
    plan = review_plan.Plan((review_plan.PlanRule(2),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")
    leases.take(engine, clean, account_id=people["rita"], at=NOW)
    seen = review.report_missed(engine, clean, text="no goal", account_id=people["rita"], at=NOW)
    review_claim(engine, clean, people["rita"], kind=review.DISMISS)
    take(engine, clean, people["sam"])
    second_dismisses(engine, clean, people["sam"])
    take(engine, clean, people["dora"])
    assert state(engine, clean) == "adjudicate"
    by = {"account_id": people["dora"], "at": NOW}
    review.judge_missed(engine, seen, kind=review.AGREE, **by)
    sign_off.return_claim(engine, clean, text="see the goal", **who(people["dora"]))
    told = items.of_therapist(engine, NPI, viewer=people["max"], at=NOW).items
    assert told.loc[told["claim_id"] == "CLEAN", "decision_id"].tolist() == [seen]


@on_sqlite
def test_a_verdict_on_a_replaced_finding_is_not_taken_back(engine, people, claims):
    """It was signed, and figures rest on it until the claim is signed again."""
    over = claims["OVER"]
    reviewed_twice(engine, people, over)
    leases.take(engine, over, account_id=people["rita"], at=NEXT)
    with database.read(engine) as connection:
        made = max(connection.execute(select(schema.decisions.c.id)).scalars())
        assert required(connection, over).stage == "first"
    with pytest.raises(StateError, match="a newer run has replaced this finding"):
        review.undo(engine, made, text="slip", account_id=people["rita"], at=NEXT)
    assert results.results(engine, 1).claims["in_error"].sum() == 1
