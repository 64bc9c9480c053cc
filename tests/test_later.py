"""What goes wrong after a signature between steps that are each right: second reviews, changes, disputes, removals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, select

from audit import overpayments, reaudits
from audit.auditing import running
from audit.exporting.report import report_of
from audit.feedback import answers, rulings
from audit.figures import changed, results
from audit.loading import undoing
from audit.overpayments.paid import upheld_versions
from audit.reviewing import review, review_plan, second_review, sign_off
from audit.store import database, guards, retention, schema
from tests.answering import by, give_back, verdict
from tests.handed_in import as_csv, claim, note
from tests.reviewing import judge_second, load, open_audit, review_claim, state, take, versions, visit, who
from tests.stored import NOW, on_sqlite
from tests.test_sequences import LAST, LATER, MORE, NEXT, holds, take_in

pytest_plugins = ["tests.databases", "tests.reviewing", "tests.answering"]
TODAY = NOW.date()


def two_people(engine: Engine, people: dict[str, int]) -> None:
    plan = review_plan.Plan((review_plan.PlanRule(2, blind=True),), 0.0, "1" * 20)
    review_plan.set_plan(engine, plan, account_id=people["max"], at=NOW, reason="measure")


# When a drawn claim is reviewed


@on_sqlite
def test_a_claim_of_two_people_is_reviewed_when_both_are_done_and_agree(engine, people, claims):
    """No rate is given before: a verdict that may still be adjudicated is none."""
    two_people(engine, people)
    for one in claims.values():
        review_claim(engine, one, people["rita"])
    now = results.results(engine, 1)
    assert (now.strata["reviewed"].sum(), now.estimate, now.complete) == (0, None, False)
    assert "0 of 2 drawn claims are reviewed" in now.sentence
    assert "2 more are signed by one person and wait for the next" in now.sentence
    assert results.overview(engine)["state"].tolist() == ["0 of 2 reviewed"]
    with database.read(engine) as connection:
        assert upheld_versions(connection) == []
    judge_second(engine, claims["CLEAN"], people["sam"], review.AGREE)
    judge_second(engine, claims["OVER"], people["sam"], review.DISMISS)
    now = results.results(engine, 1)
    assert state(engine, claims["OVER"]) == "adjudicate"
    assert now.claims.loc[now.claims["reviewed"], "claim_id"].tolist() == ["CLEAN"], "OVER is not settled"
    assert not reaudits.to_schedule(engine)
    take(engine, claims["OVER"], people["dora"])
    with database.read(engine) as connection:
        differ = second_review.differences(connection, claims["OVER"], people["dora"])
    for finding in differ["id"]:
        review.decide(engine, int(finding), kind=review.AGREE, reason="", account_id=people["dora"], at=NOW)
    now = results.results(engine, 1)
    assert (now.complete, now.estimate is not None, now.strata["in_error"].sum()) == (True, True, 1)
    assert "signed by one person" not in now.sentence
    assert results.overview(engine)["state"].tolist() == ["all reviewed"]
    with database.read(engine) as connection:
        assert upheld_versions(connection) == [claims["OVER"]]


@on_sqlite
def test_a_claim_corrected_before_its_second_review_keeps_the_one_it_had(engine, people, claims):
    """The second person cannot come to a replaced version any more; it is no missing record."""
    two_people(engine, people)
    review_claim(engine, claims["CLEAN"], people["rita"], kind=review.DISMISS)
    take_in(engine, people, ("claims.csv", as_csv([claim(13) | {"claim_id": "CLEAN", "patient_id": "P1"}])))
    rows = results.results(engine, 1).claims.set_index("claim_id")
    told = rows.loc["CLEAN", ["reviewed", "missing", "begun", "in_error"]].tolist()
    assert told == [True, False, False, False]
    assert results.overview(engine)["reviewed"].tolist() == [1]


# What changed since it was signed


@on_sqlite
def test_a_finished_rate_says_which_claims_changed_since(engine, people, claims):
    for one in claims.values():
        review_claim(engine, one, people["rita"])
    before = results.results(engine, 1)
    assert changed.changed(engine, before) == []
    take_in(engine, people, *MORE)
    now = results.results(engine, 1)
    assert (now.estimate, now.sentence) == (before.estimate, before.sentence), "what was signed stands"
    assert state(engine, claims["OVER"]) == "stale"
    assert changed.changed(engine, now) == [claims["OVER"]]
    says = "1 of the 2 reviewed claims has changed since being signed"
    report = report_of(engine, 1, made_by="x", at=NEXT, identified=False)
    assert any(says in one for one in report.answer)
    running.screen_again(engine, [claims["OVER"]], account_id=people["rita"], at=NEXT)
    assert changed.changed(engine, now) == [claims["OVER"]], "until it is signed again"
    running.screen_again(engine, [claims["CLEAN"]], account_id=people["rita"], at=NEXT)
    assert changed.changed(engine, now) == [claims["OVER"]], "the rules were run again and say the same"
    review_claim(engine, claims["OVER"], people["rita"], kind=review.DISMISS, at=NEXT)
    assert changed.changed(engine, results.results(engine, 1)) == []


@on_sqlite
def test_a_note_that_an_undone_load_moved_to_the_claim_s_day_changes_nothing(engine, people, claims):
    """It was there by mistake, and is where it was: neither the worklist nor the guards hold it against the claim."""
    one = claims["CLEAN"]
    take_in(engine, people, ("notes.csv", as_csv([note(20) | {"note_id": "moves", "patient_id": "P1"}])), at=LATER)
    moved = note(20) | {"note_id": "moves", "patient_id": "P1", "service_date": "2026-03-13"}
    wrong = take_in(engine, people, ("notes.csv", as_csv([moved])), at=NEXT)
    assert state(engine, one) == "stale"
    undoing.undo(engine, wrong, reason="wrong", account_id=people["max"], at=NEXT)
    assert state(engine, one) == "to_review"
    review_claim(engine, one, people["rita"], at=LAST)
    take(engine, one, people["sam"], LAST)
    sign_off.return_claim(engine, one, text="see", **who(people["sam"], LAST))


# Overpayments


@on_sqlite
def test_a_corrected_line_is_an_error_in_the_log_as_in_the_rate(engine, people, claims):
    """Also where the rule only gave a hint."""
    with database.read(engine) as connection:
        (found,) = connection.execute(select(schema.findings).where(schema.findings.c.rule == "UNIT-01")).mappings()
    with database.write(engine) as connection:
        guards.remove(connection)
        connection.execute(schema.findings.update().values(severity="info"))
        guards.install(connection)
    take(engine, claims["OVER"], people["rita"])
    right = review.LineCorrection(1, "97530", 2, ("GO",))
    review.decide(engine, found["id"], kind=review.CORRECT, corrected=[right], account_id=people["rita"], at=NOW)
    review_claim(engine, claims["OVER"], people["rita"])
    assert results.results(engine, 1).claims.set_index("claim_id")["in_error"]["OVER"]
    assert overpayments.to_enter(engine)["claim_id"].tolist() == ["OVER"]


@on_sqlite
def test_an_overpayment_whose_dispute_was_accepted_is_due_no_more(engine, people, claims, therapist):
    over = claims["OVER"]
    review_claim(engine, over, people["rita"])
    give_back(engine, over, people["sam"])
    for act, amount in (("paid", None), ("identified", None), ("quantified", Decimal("10.00"))):
        overpayments.record(engine, over, act, on=TODAY, amount=amount, **by(people["max"]))
    late = TODAY + timedelta(days=90)
    (one,) = overpayments.log(engine, late)
    assert (one.state, one.stands) == ("overdue", True)
    dispute = answers.dispute(engine, verdict(engine, over), text="No.", **by(therapist))
    rulings.rule(engine, dispute, outcome="accepted", reason="The note says so.", **by(people["dora"], 1))
    (one,) = overpayments.log(engine, late)
    assert (one.state, one.stands, one.acts) == ("not upheld", False, ())
    assert overpayments.waits(engine, late) == "Overpayments: 1 without an upheld error now."
    assert overpayments.totals([one], late) == (
        "No overpayment is open; 1 on which no upheld error stands now: see whether it is to be taken back."
    )
    entry = overpayments.history(engine, over)[-1]
    overpayments.take_back(engine, entry["id"], reason="The dispute was accepted.", **by(people["max"], 2))


# What is removed after years


YEARS_LATER = NOW + timedelta(days=8 * 366)


def removed(engine: Engine, at: datetime = YEARS_LATER) -> dict[str, int]:
    due = retention.due(engine, date(2026, 3, 20), at.date())
    return retention.remove(engine, date(2026, 3, 20), claims=due.claims, reason="old", at=at)


def everything(engine: Engine) -> str:
    with database.read(engine) as connection:
        return "".join(
            str(dict(row))
            for table in schema.metadata.sorted_tables
            for row in connection.execute(select(table)).mappings()
        )


def test_what_a_rule_says_of_a_removed_number_goes_too(engine, people):
    """A finding quotes the authorisation that the claim names; that it was found stays."""
    one = visit("OVER", "2026-03-12", 3, 30)
    one["claims"]["prior_authorization"] = "ZQ4711"
    load(engine, one)
    open_audit(engine, people)
    version = versions(engine)["OVER"]
    review_claim(engine, version, people["rita"])
    give_back(engine, version, people["sam"])
    before = results.results(engine, 1).by_rule
    assert "authorisation ZQ4711" in everything(engine)
    assert removed(engine)["findings"] > 0
    assert "ZQ4711" not in everything(engine)
    assert holds(engine) == ()
    assert results.results(engine, 1).by_rule.equals(before)


@on_sqlite
def test_a_claim_with_an_open_dispute_is_held_back(engine, people, claims, therapist):
    review_claim(engine, claims["CLEAN"], people["rita"])
    give_back(engine, claims["CLEAN"], people["sam"])
    review_claim(engine, claims["OVER"], people["rita"])
    give_back(engine, claims["OVER"], people["sam"])
    dispute = answers.dispute(engine, verdict(engine, claims["OVER"]), text="Jo had 40.", **by(therapist))
    found = retention.due(engine, date(2026, 3, 20), YEARS_LATER.date())
    assert (found.claims, found.held) == (1, {"has a dispute that waits for its ruling": 1})
    rulings.rule(engine, dispute, outcome="upheld", reason="No.", **by(people["dora"], 1))
    assert retention.due(engine, date(2026, 3, 20), YEARS_LATER.date()).claims == 2


def test_what_is_written_after_a_removal_goes_with_the_next(engine, people, claims, therapist):
    for one in claims.values():
        review_claim(engine, one, people["rita"])
        give_back(engine, one, people["sam"])
    removed(engine)
    made = verdict(engine, claims["OVER"])
    dispute = answers.dispute(engine, made, text="Jo zqlate had 40.", account_id=therapist, at=YEARS_LATER)
    assert retention.due(engine, date(2026, 3, 20), YEARS_LATER.date()).rows == {}, "not while it waits for its ruling"
    words = "Jo zqlate had 30."
    rulings.rule(engine, dispute, outcome="upheld", reason=words, account_id=people["dora"], at=YEARS_LATER)
    assert "zqlate" in everything(engine)
    again = removed(engine, YEARS_LATER + timedelta(days=1))
    assert (again["feedback_answers"], again["feedback_rulings"]) == (1, 1)
    assert "zqlate" not in everything(engine)
    assert holds(engine) == ()
    assert retention.due(engine, date(2026, 3, 20), YEARS_LATER.date()).rows == {}


@on_sqlite
def test_what_a_claim_under_review_waits_for_is_not_removed(engine, people, claims):
    """Another claim came onto its day and was moved away: removed, it would leave the claim as if nothing had come."""
    review_claim(engine, claims["CLEAN"], people["rita"])
    give_back(engine, claims["CLEAN"], people["sam"])
    for day in ("2026-03-13", "2026-03-14"):
        moved = claim(14) | {"patient_id": "P1", "service_date": day}
        take_in(engine, people, ("claims.csv", as_csv([moved])), at=LATER)
    assert state(engine, claims["CLEAN"]) == "stale"
    due = retention.due(engine, date(2026, 3, 20), YEARS_LATER.date())
    assert (due.claims, due.held) == (0, {"is of a day of a claim under review": 1, "is still under review": 2})
