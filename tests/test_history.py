"""Sample after sample, and what is found against what remains."""

from __future__ import annotations

from math import hypot

import pytest
from sqlalchemy import Engine

from audit import sampling
from audit.auditing import audits
from audit.estimates import simple_rate
from audit.figures import history, results
from audit.figures.history import Sample
from audit.loading import arrivals
from audit.store.database import read
from tests.handed_in import as_csv, claim
from tests.reviewing import review_all
from tests.stored import NOW
from tests.test_dossier import SEED, drawn

pytest_plugins = ["tests.databases", "tests.reviewing"]


def sample(name: str, errors: int, reviewed: int = 100) -> Sample:
    return Sample(1, name, "2026-03-01", "2026-03-31", reviewed, simple_rate(errors, reviewed, 2000))


def test_a_change_is_told_with_its_interval_and_chance_is_called_chance():
    before, after = sample("March", 8), sample("April", 5)
    change, low, high = history.difference(before.estimate, after.estimate)
    one, two = before.estimate, after.estimate
    assert change == pytest.approx(-0.03)
    assert low == pytest.approx(change - hypot(two.rate - two.lower, one.upper - one.rate))
    assert high == pytest.approx(change + hypot(two.upper - two.rate, one.rate - one.lower))
    assert history.moved([before, after]).endswith("that can be chance.")
    assert "more than chance, it is lower now" in history.moved([sample("March", 40), after])
    assert history.moved([before]).startswith("One finished sample")


def test_found_and_remaining_are_two_numbers(engine: Engine, people: dict[str, int], run_id: int) -> None:
    with read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run_id), 20)
    by = {"account_id": people["max"], "at": NOW}
    audit_id = audits.open_audit(engine, run_id, name="March", plan=plan, **by)
    audits.draw_seed(engine, audit_id, seed=SEED, **by)
    assert history.left(engine, results.results(engine, audit_id)) is None
    assert history.samples(engine) == []
    review_all(engine, drawn(engine, audit_id), people["rita"])
    now = results.results(engine, audit_id)
    wrong = sorted(now.claims.loc[now.claims["in_error"], "claim_id"])
    told = history.left(engine, now)
    assert (told.found, told.mended) == (len(wrong), 0)
    assert told.total == pytest.approx(now.estimate.rate * 24)
    arrivals.take_in(engine, [("claims.csv", as_csv([claim(int(wrong[0][1:]), 2)]))], account_id=people["rita"], at=NOW)
    told = history.left(engine, results.results(engine, audit_id))
    assert (told.found, told.mended) == (len(wrong), 1)
    assert f"Found: {len(wrong)} claims in error of this frame, 1 of them loaded again" in told.sentence
    assert [one.audit_id for one in history.samples(engine)] == [audit_id]
