"""What can be screened and chosen, what it would cost and tell, and how what was reviewed is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import select

from audit.auditing import audits, plans, running, screening
from audit.errors import CountersignError, StateError
from audit.estimates import foreseen, stratified_rate
from audit.figures import breakdowns, results
from audit.loading import arrivals
from audit.reviewing import sign_off
from audit.sampling import FLAGGED, UNFLAGGED, freeze
from audit.store import guards, runs, schema
from audit.store.database import read, write
from tests.handed_in import as_csv, claim, month
from tests.reviewing import review_all, take, who
from tests.stored import add, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def frame(flagged: int, unflagged: int):
    rows = [(f"F{n}", FLAGGED, "", "") for n in range(flagged)]
    return freeze(rows + [(f"U{n}", UNFLAGGED, "", "") for n in range(unflagged)])


@pytest.fixture
def by(people) -> int:
    return people["rita"]


def open_audit(engine, run_id, by, n: int | None = None) -> int:
    with read(engine) as connection:
        offered = plans.offer(audits.frame_of(connection, run_id), "flag" if n else "flagged", n or 0)
    return audits.open_audit(engine, run_id, name="March", plan=offered.plan, account_id=by, at=NOW)


# What a plan would tell


def test_foreseen_is_the_estimate_of_the_sample_that_shows_just_the_guess():
    guessed = foreseen([(80, 20, 0.5), (700, 50, 0.02)])
    made = stratified_rate([(80, 20, 10), (700, 50, 1)])
    assert (guessed.rate, guessed.lower, guessed.upper) == (made.rate, made.lower, made.upper)


def test_foreseen_lies_between_two_counts_and_narrows_with_more_reviews():
    fewer, between, more = (
        stratified_rate([(700, 50, 1)]),
        foreseen([(700, 50, 0.03)]),
        stratified_rate([(700, 50, 2)]),
    )
    assert fewer.upper < between.upper < more.upper
    widths = [one.upper - one.lower for one in (foreseen([(700, n, 0.03)]) for n in (50, 100, 200, 700))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0


@pytest.mark.parametrize("strata", [[(10, 11, 0.5)], [(10, 5, 1.5)], [(10, 0, 0.5)]])
def test_foreseen_refuses_what_cannot_be(strata):
    with pytest.raises(CountersignError):
        foreseen(strata)


def test_an_offer_says_hours_and_width_and_that_both_rest_on_guesses():
    offered = plans.offer(frame(80, 738), "flag", 60)
    assert offered.claims == 60
    assert offered.effort == "60 claims to review: about 4.0 hours, assuming 4 minutes a claim."
    half = 100 * (offered.foreseen.upper - offered.foreseen.lower) / 2
    assert f"({half:.1f} either way)" in offered.promise
    assert "guess: 50 in 100 flagged and 2 in 100 unflagged" in offered.promise


def test_a_plain_sample_is_guessed_at_the_rate_of_both_kinds_together():
    offered = plans.offer(frame(20, 80), "simple", 10)
    assert offered.foreseen.rate == pytest.approx(0.2 * 0.5 + 0.8 * 0.02)


def test_what_each_kind_of_plan_can_say_is_said_before_it_is_frozen():
    by_flag = frame(80, 738)
    watched = plans.offer(by_flag, "watched", 300)
    assert watched.effort.startswith("Up to 300 claims to review")
    assert "how large the rate is, it does not tell" in watched.promise
    clearing = plans.offer(by_flag, "discovery", 0)
    assert clearing.claims == clearing.plan.n < 60
    assert clearing.promise.startswith(f"No error among {clearing.claims} claims means a rate of 5 in 100 or less.")
    charts = plans.offer(groups(ana=100, ben=40), "each", 10)
    assert charts.claims == 20
    assert "none in error still leaves up to 29 in 100 possible" in charts.promise
    assert "The rate of claims in error, it does not tell" in plans.offer(priced(20), "dollars", 5).promise
    assert plans.offer(by_flag, "compliance", 60).foreseen.confidence == 0.90


def test_a_promise_says_what_it_rests_on():
    last = plans.Expected(sample="March")
    by_name = groups(ana=100, ben=40)
    assert "a guess: every group at the limit." in plans.offer(by_name, "therapist", 40).promise
    assert "the last sample, March, drawn towards" in plans.offer(by_name, "therapist", 40, expected=last).promise
    assert "the last sample, March, drawn a little" in plans.offer(frame(80, 738), "flag", 60, expected=last).promise
    assert (plans.usual_size(by_name, "each"), plans.usual_size(groups(ana=3), "each")) == (plans.USUAL_EACH, 3)
    told = plans.offer(by_name, "each", 2).promise
    assert "none in error still leaves up to" in told
    assert "2 in error" not in told


def groups(**sizes: int):
    return freeze((f"{name}{n}", name, "", "") for name, size in sizes.items() for n in range(size))


def priced(number: int):
    return freeze((f"C{n}", FLAGGED, "25.00", "") for n in range(number))


def test_the_number_offered_is_the_fewest_that_tell_it_within_three_points():
    by_flag = frame(80, 738)
    n = plans.size_for(by_flag, "flag")
    enough, fewer = (plans.offer(by_flag, "flag", size).foreseen for size in (n, n - 1))
    assert (enough.upper - enough.lower) / 2 <= 0.03 < (fewer.upper - fewer.lower) / 2
    assert plans.size_for(by_flag, "simple") > n
    assert plans.size_for(frame(2, 10), "simple") == 12


def test_minutes_are_assumed_until_enough_reviews_were_timed(engine, by):
    assert plans.measured_pace(engine) == plans.Pace()
    version = add(engine, "claims", claim_id="C1", load_id=add(engine, "loads"))
    with write(engine) as connection:
        guards.remove(connection)  # these signatures are about their times only
    moments = [NOW + timedelta(minutes=3 * n) for n in range(plans.TIMED + 1)]
    moments += [moments[-1] + timedelta(hours=14), moments[-1] + timedelta(hours=14, seconds=1)]
    for at in moments:
        add(engine, "signatures", claim_version_id=version, account_id=by, meaning="reviewed", at=at)
    pace = plans.measured_pace(engine)
    assert pace == plans.Pace(3.0, plans.TIMED)
    assert plans.offer(frame(5, 50), "flag", 20, pace).effort == (
        "20 claims to review: about 1.0 hours, 3.0 minutes a claim (median of 20 reviews here)."
    )


def test_every_flagged_claim_tells_no_rate():
    offered = plans.offer(frame(8, 100), "flagged", 0)
    assert (offered.claims, offered.plan, offered.foreseen) == (8, None, None)
    assert offered.effort.startswith("8 claims to review: about 32 minutes")
    assert "nothing about the rate of error" in offered.promise
    assert plans.offer(frame(0, 5), "flagged", 0).claims == 0


def test_a_number_that_does_not_fit_is_refused_and_a_small_frame_offers_all_of_it():
    with pytest.raises(CountersignError, match="from 2 to 13"):
        plans.offer(frame(3, 10), "flag", 1)
    assert plans.usual_size(frame(3, 10)) == 13
    assert plans.usual_size(frame(3, 1000)) == plans.USUAL_SIZE


# What can be screened, and what screening came to


def test_an_empty_database_has_nothing_to_screen(engine):
    assert screening.population(engine) == screening.Population(0, None, None, {})
    assert screening.fitting(engine) == 0


def test_the_population_names_dates_and_payers_and_counts_what_fits(engine, by):
    rows = [claim(1), claim(2, payer_id="ACME", payer_name=""), claim(5)]
    arrivals.take_in(engine, [("claims.csv", as_csv(rows))], account_id=by, at=NOW)
    there = screening.population(engine)
    assert (there.claims, there.first, there.last) == (3, date(2026, 3, 1), date(2026, 3, 5))
    assert there.payers == {"ACME": ("ACME", 1), "medicare-b": ("Medicare Part B", 2)}
    assert screening.fitting(engine, payer_ids=["medicare-b"]) == 2
    assert screening.fitting(engine, from_date=date(2026, 3, 2), to_date=date(2026, 3, 5)) == 2
    assert screening.fitting(engine, from_date=date(2026, 3, 6)) == 0


def test_the_outcome_counts_claims_and_calls_them_flagged(engine, run_id):
    found = screening.outcome(engine, run_id)
    assert (found.claims, found.flagged) == (24, 6)
    assert found.sentence.startswith("24 claims screened: 6 flagged with an error or a warning, 18 not.")
    assert "error rate" not in found.sentence


def test_a_note_for_the_reviewer_flags_no_claim(engine, by):
    """30 minutes support two units; one is billed: that is worth a note, and no flag."""
    under = [("claims.csv", as_csv([claim(1, units=1)])), *month(claims=1)[1:]]
    arrivals.take_in(engine, under, account_id=by, at=NOW)
    run_id = running.screen(engine, account_id=by, at=NOW)
    with read(engine) as connection:
        found = set(connection.execute(select(schema.findings.c.severity)).scalars())
    assert "info" in found <= {"info", "untestable"}
    assert screening.outcome(engine, run_id).flagged == 0


@on_sqlite
def test_a_screening_that_did_not_finish_has_no_outcome(engine, by, run_id):
    with pytest.raises(StateError, match="not in the database"):
        screening.outcome(engine, 999)
    stopped = runs.start_run(engine, claim_version_ids=[], code_version="x", facts_sha256="x", account_id=by, at=NOW)
    runs.fail_run(engine, stopped, wrong="stopped", at=NOW)
    with pytest.raises(StateError, match="is failed"):
        screening.outcome(engine, stopped)
    assert screening.unplanned(engine)["id"].tolist() == [run_id]


def test_a_screening_is_unplanned_until_claims_are_chosen(engine, run_id, by):
    assert screening.unplanned(engine)[["id", "claims"]].to_dict("records") == [{"id": run_id, "claims": 24}]
    open_audit(engine, run_id, by)
    assert screening.unplanned(engine).empty


# Audits and what came of them


def test_the_overview_says_where_each_audit_stands(engine, run_id, by):
    sample, flagged = open_audit(engine, run_id, by, n=10), open_audit(engine, run_id, by)
    states = results.overview(engine).set_index("id")["state"]
    assert (states[sample], states[flagged]) == ("frozen, no seed yet", "0 of 6 reviewed")
    audits.draw_seed(engine, sample, account_id=by, at=NOW, seed="1" * 20)
    review_all(engine, results.results(engine, flagged).claims["claim_version_id"], by)
    states = results.overview(engine).set_index("id")["state"]
    assert states[flagged] == "all reviewed"
    assert states[sample].endswith(" of 10 reviewed")


def test_a_claim_that_was_sent_back_is_not_reviewed_any_more(engine, run_id, by):
    other = add(engine, "accounts", username="dov", name="Dov", role="second_reviewer")
    flagged = open_audit(engine, run_id, by)
    claims = results.results(engine, flagged).claims["claim_version_id"]
    review_all(engine, claims, by)
    take(engine, int(claims.iloc[0]), other)
    sign_off.send_back(engine, int(claims.iloc[0]), text="Look again", **who(other))
    assert results.overview(engine)["state"].tolist() == ["5 of 6 reviewed"]


def test_a_claim_returned_for_correction_is_reviewed(engine, run_id, by):
    other = add(engine, "accounts", username="dov", name="Dov", role="second_reviewer")
    flagged = open_audit(engine, run_id, by)
    claims = results.results(engine, flagged).claims["claim_version_id"]
    review_all(engine, claims, by)
    take(engine, int(claims.iloc[0]), other)
    sign_off.return_claim(engine, int(claims.iloc[0]), text="Bill one unit less", **who(other))
    assert results.overview(engine)["state"].tolist() == ["all reviewed"]


def test_the_newest_drawn_sample_is_shown_first(engine, run_id, by):
    assert results.first_to_show(results.overview(engine)) is None
    drawn, frozen = open_audit(engine, run_id, by, n=10), open_audit(engine, run_id, by, n=10)
    assert results.first_to_show(results.overview(engine)) == frozen
    audits.draw_seed(engine, drawn, account_id=by, at=NOW)
    assert results.first_to_show(results.overview(engine)) == drawn


def test_the_question_is_about_a_rate_only_for_a_sample(engine, run_id, by):
    sample = results.results(engine, open_audit(engine, run_id, by, n=10))
    flagged = results.results(engine, open_audit(engine, run_id, by))
    assert sample.question == "Is our claim error rate under 5 %?"
    assert "rate" not in flagged.question
    assert sample.sentence == "No claim is drawn yet: the plan is frozen and waits for its seed."
    assert sample.interval == flagged.interval == ""


def test_a_finished_sample_gives_its_interval_in_words(engine, run_id, by):
    sample = open_audit(engine, run_id, by, n=24)
    audits.draw_seed(engine, sample, account_id=by, at=NOW)
    review_all(engine, results.results(engine, sample).claims["claim_version_id"], by)
    found = results.results(engine, sample)
    assert found.interval == (
        "Claims in error: best estimate 25 in 100, reasonably 25 to 25 in 100 (95 % interval). The limit is 5 in 100."
    )
    assert breakdowns.by_month(found.claims)["says"].tolist() == ["6 of 24"]
    assert breakdowns.by_therapist(found.claims)["group"].tolist() == ["L. Ortiz"]
    assert breakdowns.record_of_rule(engine, "UNIT-01").startswith("Reviewers here upheld 6 and dismissed 0")
    assert breakdowns.record_of_rule(engine, "UNIT-02").startswith("No reviewer has decided")


# Counts that claim no more than they may


def reviewed(*groups: tuple[str, str, int, int]) -> pd.DataFrame:
    """Claims of (date, therapist, reviewed, in error); one more of each is drawn, but not reviewed."""
    rows = []
    for day, therapist, done, wrong in groups:
        for n in range(done + 1):
            rows.append((f"{therapist}{day}{n}", date.fromisoformat(day), therapist, n < done, n < wrong))
    return pd.DataFrame(rows, columns=["claim_id", "service_date", "therapist", "reviewed", "in_error"])


def test_a_group_under_ten_reviewed_claims_is_told_too_small_whatever_was_found():
    claims = reviewed(("2026-03-31", "B", 10, 4), ("2026-04-01", "A", 9, 9))
    assert breakdowns.by_therapist(claims)[["group", "drawn", "says"]].to_numpy().tolist() == [
        ["A", 10, "too few to tell: 9 reviewed"],
        ["B", 11, "4 of 10"],
    ]
    assert breakdowns.by_month(claims)["group"].tolist() == ["Mar 2026", "Apr 2026"]


def test_months_stand_in_the_order_of_time_and_a_therapist_without_name_is_counted():
    claims = reviewed(("2026-01-15", "", 1, 0), ("2025-12-15", "", 1, 0))
    assert breakdowns.by_month(claims)["group"].tolist() == ["Dec 2025", "Jan 2026"]
    assert breakdowns.by_therapist(claims)[["group", "reviewed"]].to_numpy().tolist() == [["not named", 2]]


def test_rules_in_words_names_the_most_upheld_and_the_most_dismissed():
    columns = ["rule", "upheld", "dismissed", "open"]
    rules = pd.DataFrame([("UNIT-01", 5, 1, 0), ("MOD-12", 0, 3, 2)], columns=columns)
    assert breakdowns.rules_in_words(rules) == (
        "Of 9 findings decided, reviewers upheld 5 and dismissed 4; upheld most often: UNIT-01 (5 of 6); "
        "dismissed most often: MOD-12 (3 of 3); 2 still open."
    )
    waiting = pd.DataFrame([("UNIT-01", 0, 0, 7)], columns=columns)
    assert breakdowns.rules_in_words(waiting) == "No finding is decided yet; 7 are open."
    assert breakdowns.with_titles(pd.DataFrame([("ENGINE", 0, 0, 1)], columns=columns))["title"].iloc[0]
