"""Plans beside the simple one and the one by flag: watched, by group, a number of each, by dollars, discovery."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import CountersignError, InputError
from audit.estimates import exact_limits
from audit.estimates.projections import by_size
from audit.sampling import (
    ALL,
    FLAGGED,
    FLAGGED_SHARE,
    UNFLAGGED,
    Frame,
    Plan,
    chances,
    compliance_plan,
    discovery_plan,
    dollars_plan,
    draw,
    draw_sample,
    each_plan,
    freeze,
    stratified_plan,
    watched_plan,
)
from tests.test_sampling import SEED, clinic


def grouped(**sizes: int) -> Frame:
    return freeze((f"{name}{n}", name, "10.00", "") for name, size in sizes.items() for n in range(size))


def priced(*amounts: str) -> Frame:
    return freeze((f"C{n:03}", "flagged", amount, "") for n, amount in enumerate(amounts))


def test_a_watched_plan_gives_flagged_claims_their_share_and_keeps_the_order_inside_a_stratum():
    frame = clinic(400, 1600)
    plan = watched_plan(frame, 500)
    assert (plan.n, plan.confidence, sum(share for _, share in plan.shares)) == (500, 0.95, 1)
    sample = draw_sample(frame, plan, SEED)
    assert len(sample.order) == 500
    drawn = Counter(stratum for stratum, _ in sample.order)
    assert drawn[FLAGGED] / 500 == pytest.approx(FLAGGED_SHARE, abs=0.07)
    for stratum in (FLAGGED, UNFLAGGED):
        ids = list(sample.selected[stratum])
        assert ids == draw(frame.eligible[stratum], len(ids), SEED)
        assert ids == [claim_id for of, claim_id in sample.order if of == stratum]


@given(st.integers(1, 12), st.integers(1, 30), st.data())
def test_a_longer_watched_plan_begins_as_the_shorter_one(flagged, unflagged, data):
    frame = clinic(flagged, unflagged)
    most = data.draw(st.integers(1, frame.size))
    short = draw_sample(frame, watched_plan(frame, most), SEED)
    long = draw_sample(frame, watched_plan(frame, frame.size), SEED)
    assert long.order[:most] == short.order
    assert len(set(long.claim_ids)) == frame.size


def test_a_watched_plan_of_a_frame_without_flags():
    frame = clinic(0, 30)
    plan = watched_plan(frame, 10)
    assert plan.shares == ((UNFLAGGED, 1.0),)
    assert len(draw_sample(frame, plan, SEED).order) == 10


def test_groups_share_the_claims_by_size_with_ten_each_at_least():
    frame = grouped(ana=400, ben=100, cleo=12, dan=4)
    plan = stratified_plan(frame, 100, kind="therapist")
    shares = {planned.stratum: planned.n for planned in plan.strata}
    assert sum(shares.values()) == 100
    assert shares["dan"] == 4
    assert shares["cleo"] >= 10
    assert shares["ana"] > 2 * shares["ben"]


def test_ten_of_each_or_all_where_there_are_fewer():
    plan = each_plan(grouped(ana=400, ben=10, cleo=3), 10)
    assert [planned.n for planned in plan.strata] == [10, 10, 3]
    sample = draw_sample(grouped(ana=400, ben=10, cleo=3), plan, SEED)
    assert {name: len(ids) for name, ids in sample.selected.items()} == {"ana": 10, "ben": 10, "cleo": 3}


def test_what_a_discovery_sample_clears_is_cleared_by_the_exact_limit():
    frame = clinic(100, 900)
    plan = discovery_plan(frame, tolerable_rate=0.05)
    assert plan.n == 56  # of the shared examples
    assert exact_limits(0, plan.n, 1000, 0.90)[1] <= 50 < exact_limits(0, plan.n - 1, 1000, 0.90)[1]


def test_dear_claims_are_drawn_for_sure_and_the_others_in_proportion():
    frame = priced("900.00", "10.00", "20.00", "30.00", "40.00")
    chance = chances(frame, 3)
    assert chance["C000"] == 1
    assert [chance[f"C{n:03}"] for n in range(1, 5)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert sum(chance.values()) == pytest.approx(3)
    sample = draw_sample(frame, dollars_plan(frame, 3), SEED)
    assert sample.claim_ids[0] == "C000"
    assert len(set(sample.claim_ids)) == 3


def test_a_draw_by_dollars_projects_without_bias():
    """A mean of 400 draws of 12 from 60 claims: within three of its own standard errors of the truth."""
    rng = np.random.default_rng(7)
    amounts = rng.uniform(20, 400, 60).round(2)
    frame = priced(*[f"{one:.2f}" for one in amounts])
    wrong = {f"C{n:03}": float(one) * (n % 3 == 0) for n, one in enumerate(amounts)}
    plan, chance = dollars_plan(frame, 12), chances(frame, 12)
    found = []
    for number in range(400):
        ids = draw_sample(frame, plan, f"{number:020d}").claim_ids
        found.append(by_size([wrong[i] for i in ids], [chance[i] for i in ids], 60).total)
    assert np.mean(found) == pytest.approx(sum(wrong.values()), abs=3 * np.std(found) / 20)


def test_a_longer_draw_by_dollars_keeps_the_shorter_one():
    frame = priced("15.00", "30.00", "60.00", "61.50", "80.00", "90.00", "110.00")
    draws = [set(draw_sample(frame, dollars_plan(frame, n), SEED).claim_ids) for n in (2, 3, 4, 5, 7)]
    assert all(short <= long for short, long in combinations(draws, 2))


def test_a_draw_by_dollars_that_leaves_one_claim_to_chance_is_refused_before_it_is_frozen():
    """Six of these seven: five are drawn for sure, and one claim has no spread to give an interval."""
    frame = priced("15.00", "30.00", "60.00", "61.50", "80.00", "90.00", "110.00")
    with pytest.raises(CountersignError, match="Choose 7 claims"):
        dollars_plan(frame, 6)
    assert dollars_plan(frame, 7).n == 7, "all of them: nothing is left to chance"


@pytest.mark.parametrize(("n", "of", "least"), [(1, 3, 2), (4, 3, 2), (0, 1, 1)])
def test_a_draw_by_dollars_takes_two_claims_where_there_are_two(n: int, of: int, least: int):
    with pytest.raises(CountersignError, match=f"cannot draw {n} of {of} claims. Choose a number from {least} to {of}"):
        dollars_plan(priced(*["5.00"] * of), n)
    assert dollars_plan(priced("5.00"), 1).n == 1


def test_claims_without_an_amount_cannot_be_drawn_by_dollars():
    with pytest.raises(CountersignError, match="2 of 3 claims have no charge above zero"):
        dollars_plan(priced("", "0.00", "5.00"), 2)
    assert dollars_plan(priced("0.01", "5.00", "4.00"), 3).n == 3


def test_every_plan_is_read_back_as_it_was_saved():
    frame = clinic(30, 70)
    for plan in (watched_plan(frame, 40), discovery_plan(frame), each_plan(frame, 5), dollars_plan(frame, 9)):
        assert Plan.from_json(plan.to_json()) == plan
        assert plan.description
    with pytest.raises(InputError, match="not a saved plan"):
        Plan.from_json(watched_plan(frame, 40).to_json().replace('"watched"', '"guess"'))


def test_plans_that_cannot_be_are_refused():
    groups = grouped(ana=5, ben=2)
    with pytest.raises(CountersignError, match="strata other than"):
        watched_plan(groups, 3)
    with pytest.raises(CountersignError, match="cannot draw 9 of 7"):
        stratified_plan(groups, 9, kind="payer")
    for most in (0, 21):
        with pytest.raises(CountersignError, match=f"cannot draw {most} of 20"):
            watched_plan(clinic(5, 15), most)
    with pytest.raises(CountersignError, match="cannot draw 0 of 5"):
        each_plan(groups, 0)
    flags = clinic(5, 15)
    for make in (
        lambda: discovery_plan(groups, tolerable_rate=5),
        lambda: discovery_plan(groups, confidence=95),
        lambda: dollars_plan(groups, 2, tolerable_rate=5),
        lambda: dollars_plan(groups, 2, confidence=90),
        lambda: each_plan(groups, 2, confidence=95),
        lambda: watched_plan(flags, 9, risk=5),
        lambda: compliance_plan(flags, 9, tolerable_rate=5),
    ):
        with pytest.raises(CountersignError, match="not between 0 and 1"):
            make()
    assert each_plan(groups, 5).strata[1].n == 2
    assert dollars_plan(groups, 2).strata[0].stratum == ALL


def test_samples_drawn_by_hand_as_the_docs_say():
    """docs/statistics.md, with nothing of the product but the frame and the plan."""

    def number(text: str) -> int:
        return int(hashlib.sha256(text.encode()).hexdigest(), 16)

    frame = clinic(30, 70)
    plan = watched_plan(frame, 60)
    waiting = {name: sorted(ids, key=lambda one: number(f"{SEED},{one}")) for name, ids in frame.eligible.items()}
    share = Fraction(str(dict(plan.shares)[FLAGGED]))
    by_hand = []
    for turn in range(1, 61):
        name = FLAGGED if Fraction(number(f"{SEED},turn,{turn}"), 2**256) < share else UNFLAGGED
        name = name if waiting[name] else next(other for other in waiting if other != name)
        by_hand.append((name, waiting[name].pop(0)))
    assert draw_sample(frame, plan, SEED).order == tuple(by_hand)

    frame = priced("900.00", *(f"{10 + n / 4:.2f}" for n in range(200)))
    left = {row.claim_id: int(row.amount.replace(".", "")) for row in frame.rows}
    sure, draws = [], 60
    for one in sorted(left, key=left.get, reverse=True):
        if left[one] * (draws - len(sure)) < sum(left.values()) - sum(left[other] for other in sure):
            break
        sure.append(one)
    rest = sorted((one for one in left if one not in sure), key=lambda one: (number(f"{SEED},{one}") // left[one], one))
    drawn = [*sorted(sure), *rest][:draws]
    assert sure == ["C000"]
    assert list(draw_sample(frame, dollars_plan(frame, draws), SEED).claim_ids) == drawn
