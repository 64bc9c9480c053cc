"""Therapists and months of a finished sample; planning by the last one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from audit.auditing import audits, plans
from audit.auditing.audits import Audit
from audit.figures import differences, last_period
from audit.figures.judging import discovered, discovered_in_words, estimate_of, strata_of
from audit.figures.results import Results
from audit.sampling import FLAGGED, UNFLAGGED, discovery_plan, flag_plan, freeze
from audit.store.database import read
from tests.reviewing import review_all
from tests.stored import NOW, on_sqlite
from tests.test_dossier import SEED, drawn

pytest_plugins = ["tests.databases", "tests.reviewing"]


def finished(therapists: list[str], months: list[int], wrong: list[bool], flagged: list[bool]) -> Results:
    """A sample by flag of ten times as many claims, judged: one row each."""
    names = [f"C{n:04}" for n in range(len(wrong))]
    strata = [FLAGGED if one else UNFLAGGED for one in flagged]
    rows = [(name, stratum, "", "") for name, stratum in zip(names, strata, strict=True)]
    rows += [(f"X{n:05}", UNFLAGGED, "", "") for n in range(10 * len(names))]
    frame = freeze(rows)
    plan = flag_plan(frame, len(names))
    audit = Audit(1, "March", 1, "flag", frame, plan, SEED)
    claims = pd.DataFrame({
        "claim_version_id": range(len(names)), "claim_id": names, "stratum": strata, "therapist": therapists,
        "service_date": [date(2026, month, 3) for month in months], "reviewed": True, "missing": False,
        "in_error": wrong,
    })  # fmt: skip
    counted = strata_of(audit, claims)
    return Results(audit, counted, claims, pd.DataFrame(), estimate_of(audit, counted), 0.05)


def test_rates_are_weighted_by_what_each_claim_stands_for():
    """Ten flagged claims, all wrong, of ten in the frame; 30 others, clean, of 430: 10 in 440, not 1 in 4."""
    now = finished(["A. Able"] * 40, [3] * 40, [True] * 10 + [False] * 30, [True] * 10 + [False] * 30)
    groups = differences.by_therapist(now)
    assert differences.weights_of(now).tolist() == pytest.approx([1.0] * 10 + [430 / 30] * 30)
    assert groups.rows["rate"].tolist() == pytest.approx([10 / 440])
    assert groups.outside == []


def test_few_reviews_are_told_as_too_few_and_one_far_out_is_named():
    who = ["A. Able"] * 40 + ["B. Bold"] * 40 + ["C. Clear"] * 40 + ["D. Dear"] * 4
    wrong = [n % 20 == 0 for n in range(40)] * 2 + [n % 2 == 0 for n in range(40)] + [True] * 4
    groups = differences.by_therapist(finished(who, [3] * 124, wrong, [False] * 124))
    says = groups.rows.set_index("group")["says"]
    assert says["D. Dear"] == differences.TOO_FEW
    assert says["A. Able"].startswith("about ")
    assert groups.outside == ["C. Clear"]
    assert groups.rows.set_index("group")["closer"].to_dict() == {
        "A. Able": False, "B. Bold": False, "C. Clear": True, "D. Dear": False,
    }  # fmt: skip
    assert groups.sentence.startswith("Of 3 with 10 reviews or more, C. Clear lies outside")
    assert "Above the limit of 5 by more than chance: C. Clear." in groups.sentence
    assert "Of 1 more, the reviews are too few to tell." in groups.sentence


def test_nobody_with_enough_reviews_is_a_normal_answer():
    groups = differences.by_therapist(finished(["A", "B"] * 6, [3] * 12, [False] * 12, [False] * 12))
    assert groups.sentence.startswith("Too few reviews to tell: nobody has 10 or more. That is normal")
    assert groups.told.empty


@pytest.mark.parametrize("wrong", [False, True])
def test_no_error_at_all_and_nothing_but_errors_have_their_answers(wrong: bool):
    now = finished(["A"] * 30 + ["B"] * 30, [1, 2, 3, 4, 5] * 12, [wrong] * 60, [False] * 60)
    assert differences.by_therapist(now).outside == []
    assert differences.by_month(now).sentence.startswith("No: every month")


def test_a_month_that_stands_out_is_named_and_few_months_have_no_chart():
    months = list(np.repeat(range(1, 7), 40))
    wrong = [(n % 20 == 0) or (m == 4 and n % 2 == 0) for m, n in zip(months, list(range(40)) * 6, strict=True)]
    found = differences.by_month(finished(["A"] * 240, months, wrong, [False] * 240))
    assert found.sentence.startswith("Apr 2026 lies beyond the limits of chance")
    assert found.drift is None
    assert differences.by_month(finished(["A"] * 60, [1, 2, 3] * 20, [False] * 60, [False] * 60)) is None


def test_a_drift_over_many_months_shows_where_no_month_does():
    months = list(np.repeat(range(1, 13), 60))
    share = dict(zip(range(1, 13), (1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))
    wrong = [n < share[m] for m, n in zip(months, list(range(60)) * 12, strict=True)]
    found = differences.by_month(finished(["A"] * 720, months, wrong, [False] * 720))
    assert found.drift is not None
    assert "the rate drifts" in found.sentence


def test_nothing_is_compared_before_the_planned_end():
    now = finished(["A"] * 12, [3] * 12, [False] * 12, [False] * 12)
    open_ = Results(now.audit, now.strata, now.claims, now.by_rule, None, 0.05)
    assert differences.by_therapist(open_) is None
    assert differences.by_month(open_) is None


def test_discovery_clears_only_when_all_of_it_is_clean():
    frame = freeze([(f"C{n:04}", UNFLAGGED, "", "") for n in range(1000)])
    audit = Audit(1, "", 1, "discovery", frame, discovery_plan(frame), SEED)
    strata = pd.DataFrame({"stratum": ["all"], "frame_size": 1000, "drawn": 56, "reviewed": 56, "in_error": 0})
    assert discovered(audit, strata) == "within"
    assert estimate_of(audit, strata) is None
    assert "the rate is within 5 in 100, with 95 % confidence" in discovered_in_words(strata, 0.05, 0.95)
    assert discovered(audit, strata.assign(reviewed=55)) == "unknown"
    assert "55 of 56 drawn claims are reviewed, none in error so far" in discovered_in_words(
        strata.assign(reviewed=55), 0.05, 0.95
    )
    assert discovered(audit, strata.assign(in_error=1)) == "unknown"
    assert "cannot clear a rate of 5 in 100" in discovered_in_words(strata.assign(in_error=1), 0.05, 0.95)


@on_sqlite
def test_the_last_finished_sample_replaces_the_guess(engine: Engine, people: dict[str, int], run_id: int):
    by = {"account_id": people["max"], "at": NOW}
    with read(engine) as connection:
        frame = audits.frame_of(connection, run_id)
    assert last_period.expected(engine, "flag") is None
    assert "a guess: 50 in 100 flagged" in plans.offer(frame, "flag", 12).promise
    audit_id = audits.open_audit(engine, run_id, name="March", plan=flag_plan(frame, 24), **by)
    audits.draw_seed(engine, audit_id, seed=SEED, **by)
    assert last_period.expected(engine, "flag") is None, "nothing is reviewed yet"
    review_all(engine, drawn(engine, audit_id), people["rita"])
    before = last_period.expected(engine, "flag")
    assert before.rates == pytest.approx({FLAGGED: (6 + 5) / 16, UNFLAGGED: max(0.01, 0.2 / 28)})
    offered = plans.offer(frame, "flag", 12, expected=before)
    assert "the last sample, March, drawn a little towards the usual guess: 69 in 100" in offered.promise
    large = freeze([(f"C{n:05}", FLAGGED if n < 500 else UNFLAGGED, "", "") for n in range(5000)])
    shares = [{p.stratum: p.n for p in plans.offer(large, "flag", 200, expected=one).plan.strata}
              for one in (None, before)]  # fmt: skip
    assert shares[0] != shares[1], "the allocation follows what was found"
    assert last_period.expected(engine, "therapist") is None
