"""More than chance: published values, then properties and edges."""

from __future__ import annotations

from itertools import product, starmap
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from audit.errors import CountersignError
from audit.estimates import variation
from audit.estimates.variation import (
    ewma_chart,
    fitted_prior,
    funnel_limits,
    look_closer,
    overdispersion,
    p_chart,
    shrunk,
    weighted,
)
from tests.test_estimates import examples

group = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
counts = st.lists(group, min_size=1, max_size=9)


def test_shared_posteriors():
    for name, i, wanted, tolerance in examples("beta_binomial_posterior"):
        found = shrunk(i["x"], i["n"], tuple(i["prior"]), limit=0.05, credible=i["cred"])
        assert (found.mean, found.lower, found.upper, found.above) == pytest.approx(
            (wanted["mean"], wanted["lower"], wanted["upper"], wanted["prob_above_5pct"]), abs=tolerance
        ), name


def test_shared_funnel_limits():
    for name, i, wanted, _ in examples("binomial_exact_limits"):
        limits = funnel_limits(i["target"], i["n"], i["level"])
        assert limits == (wanted["lower_count"], wanted["upper_count"]), name


def test_shared_p_charts():
    for name, i, wanted, tolerance in examples("p_chart"):
        whole, rest = divmod(i["total_nonconforming"], i["subgroups"])
        errors = [whole + (k < rest) for k in range(i["subgroups"])]
        chart = p_chart(errors, [i["n"]] * i["subgroups"])
        found = (chart.centre, chart.upper[0], chart.lower[0])
        assert found == pytest.approx((wanted["pbar"], wanted["ucl"], wanted["lcl"]), abs=tolerance), name
        assert chart.method == "p"


@given(counts)
def test_shrinking_draws_every_rate_towards_the_others(groups):
    errors, sizes = zip(*groups, strict=True)
    prior = fitted_prior(errors, sizes)
    centre = prior[0] / sum(prior)
    for x, n in groups:
        found = shrunk(x, n, prior, limit=0.05)
        between = sorted((x / n, centre))
        assert between[0] - 1e-9 <= found.mean <= between[1] + 1e-9
        assert found.lower <= found.mean <= found.upper


def test_groups_that_differ_much_are_shrunk_little():
    alike = fitted_prior([2, 1, 2, 1, 2], [40] * 5)
    apart = fitted_prior([1, 30, 2, 36, 1], [40] * 5)
    assert sum(alike) > 10 * sum(apart)


def test_the_weighted_rate_undoes_a_sample_heavy_in_flags():
    """30 of 200 flagged (20 in error) and 30 of 1,800 unflagged (none): 7 in 100, not 33."""
    errors = [True] * 20 + [False] * 10 + [False] * 30
    found = weighted(errors, [200 / 30] * 30 + [60.0] * 30)
    assert found.rate == pytest.approx(20 / 30 * 0.1)
    assert 30 < found.size < 60
    assert weighted([True, False], [3.0, 3.0]).size == pytest.approx(2)


def test_a_month_beyond_its_limits_stands_out():
    errors, sizes = [3, 4, 2, 3, 4, 19, 3, 3], [60] * 8
    assert p_chart(errors, sizes).outside == (5,)
    assert p_chart([3] * 8, sizes).outside == ()


def test_large_groups_use_the_spread_between_them():
    errors = [500 if month % 2 else 300 for month in range(30)]  # 10 and 6 in 100: far beyond chance alone
    chart = p_chart(errors, [5000] * 30)
    assert chart.method == "p'"
    assert chart.outside == ()
    assert p_chart([*errors[:-1], 1200], [5000] * 30).outside == (29,)
    assert p_chart([e // 100 for e in errors], [50] * 30).method == "p"


def test_a_slow_drift_shows_in_the_means_before_the_p_chart():
    sizes = [100] * 20
    errors = [5] * 10 + [6, 7, 7, 8, 9, 9, 10, 10, 11, 11]
    assert p_chart(errors, sizes).outside == ()
    assert ewma_chart(errors, sizes).outside


def test_the_means_and_their_limits_are_sums_over_all_that_came_before():
    """The weight of a subgroup k steps back is 0.2 x 0.8^k, and the centre has what is left."""
    errors, sizes = [1, 4, 0, 9, 2], [20, 35, 12, 40, 28]
    chart, centre = ewma_chart(errors, sizes), 16 / 135
    for last in range(5):
        weights = [0.2 * 0.8 ** (last - k) for k in range(last + 1)]
        mean = sum(w * x / n for w, x, n in zip(weights, errors, sizes, strict=False)) + 0.8 ** (last + 1) * centre
        half = 2.7 * sqrt(centre * (1 - centre) * sum(w**2 / n for w, n in zip(weights, sizes, strict=False)))
        assert chart.rates[last] == pytest.approx(mean)
        assert chart.lower[last] == pytest.approx(max(centre - half, 0))
        assert chart.upper[last] == pytest.approx(centre + half)


def test_limits_of_large_groups_by_hand_and_no_limit_is_beyond_none_or_all():
    errors, sizes = [30, 18, 40, 22], [300, 200, 320, 260]
    chart, centre = p_chart(errors, sizes), 110 / 1080
    sigma = [sqrt(centre * (1 - centre) / n) for n in sizes]
    z = [(x / n - centre) / s for x, n, s in zip(errors, sizes, sigma, strict=True)]
    between = sum(abs(one - other) for one, other in zip(z[1:], z, strict=False)) / 3 / 1.128
    assert chart.lower == pytest.approx([centre - 3 * s * between for s in sigma])
    assert chart.upper == pytest.approx([centre + 3 * s * between for s in sigma])
    assert (p_chart([9, 10], [10, 10]).upper, p_chart([1, 0], [10, 10]).lower) == ((1, 1), (0, 0))
    assert ewma_chart([9, 10], [10, 10], width=30).upper == (1, 1)


@pytest.mark.parametrize(
    ("errors", "size"), [([1, 30, 2, 36, 1], 40), ([2, 5, 1, 9, 4], 40), ([0, 8, 8, 1], 8), ([3, 3, 4, 3], 50)]
)
def test_no_other_prior_makes_the_counts_likelier(errors, size):
    """Against a grid of means and strengths from 2 to 500 claims."""

    def likely(a: float, b: float) -> float:
        return float(betabinom.logpmf(errors, size, a, b).sum())

    found = likely(*fitted_prior(errors, [size] * len(errors)))
    grid = product(np.linspace(0.02, 0.98, 49), np.geomspace(2, 500, 40))
    others = [(mean * strength, (1 - mean) * strength) for mean, strength in grid]
    assert found >= max(starmap(likely, [one for one in others if min(one) >= 0.5])) - 1e-6


def test_each_part_of_a_prior_is_half_a_claim_at_least():
    assert fitted_prior([0, 0, 0], [9, 9, 9])[0] == 0.5
    assert fitted_prior([9, 9, 9], [9, 9, 9])[1] == 0.5
    assert sum(fitted_prior([10] * 30, [100] * 30)) == pytest.approx(500), "groups all alike"
    least, rest = fitted_prior([0], [1])
    assert least == 0.5
    assert 1 < rest <= 500


def test_equal_weights_are_a_plain_sample():
    found = weighted([True, False, False, False], [0.5] * 4)
    assert (found.rate, found.size, found.errors) == (0.25, 4, 1)


@pytest.mark.parametrize(("level", "tail"), [("INNER", 0.025), ("WIDEST", 0.001)])
def test_beyond_a_funnel_lies_what_is_rarer_than_its_level(level, tail):
    low, high = funnel_limits(0.12, 90, getattr(variation, level))
    assert binom.cdf(low - 1, 90, 0.12) < tail <= binom.cdf(low, 90, 0.12)
    assert binom.sf(high, 90, 0.12) <= tail < binom.sf(high - 1, 90, 0.12)


def test_a_funnel_of_groups_that_spread_twice_as_wide_is_that_of_a_quarter():
    """binom.ppf of 25 at one half is 8 and 17."""
    assert funnel_limits(0.5, 100, overdispersion=4) == (32, 68)
    assert funnel_limits(0.1, 0) == (0, 0)
    assert funnel_limits(0.1, 2, overdispersion=9) == (0, 2), "as of one claim, which may be in error"
    assert funnel_limits(0.1, 9, overdispersion=4) == (0, 5), "one of two claims, 4.5 of nine"
    edges = ((0, 0.95, 9, 1), (1, 0.95, 9, 1), (0.1, 0, 9, 1), (0.1, 1, 9, 1))
    for target, level, size, wider in (*edges, (0.1, 0.95, -1, 1), (0.1, 0.95, 9, 0.9)):
        with pytest.raises(CountersignError, match="cannot be"):
            funnel_limits(target, size, level, wider)


def test_looking_closer_names_few_by_chance_and_never_a_small_group():
    named = look_closer([9, 3, 2, 4], [9, 60, 40, 50], 0.05)
    assert named == [False, False, False, False]
    assert look_closer([2, 24, 1], [40, 60, 30], 0.05) == [False, True, False]
    assert look_closer([], [], 0.05) == []
    assert look_closer([0, 9, 10], [0, 9, 10], 0.05) == [False, False, True], "ten are enough"


def test_the_spread_of_three_groups_by_hand():
    """z of 1, 5 and 9 of 50 about a tenth; four fifths of the way out to the outer two lie their tenths."""
    outer = 0.8 * 0.08 / sqrt(0.1 * 0.9 / 50)
    assert overdispersion([1, 5, 9], [50] * 3) == pytest.approx(2 * outer**2 / 3)
    assert overdispersion([1, 9], [50] * 2) == 1, "two groups cannot tell"


def test_overdispersion_widens_the_funnel_only_where_groups_spread_more_than_chance():
    assert overdispersion([5, 5, 6, 4, 5], [100] * 5) == 1
    spread = overdispersion([1, 15, 3, 20, 2, 18, 1, 22], [100] * 8)
    assert spread > 2
    plain, wide = funnel_limits(0.1, 100), funnel_limits(0.1, 100, overdispersion=spread)
    assert wide[0] <= plain[0]
    assert wide[1] > plain[1]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: p_chart([3], [2]), id="more errors than reviews"),
        pytest.param(lambda: p_chart([3, 1], [2, 5]), id="in one of two groups"),
        pytest.param(lambda: p_chart([], []), id="no groups"),
        pytest.param(lambda: p_chart([0], [0]), id="a group without reviews"),
        pytest.param(lambda: weighted([True], [0.0]), id="a weight of nothing"),
        pytest.param(lambda: weighted([True, False], [0.0, 1.0]), id="a weight of nothing beside another"),
        pytest.param(lambda: weighted([], []), id="no claims"),
        pytest.param(lambda: funnel_limits(5, 10), id="a target in percent"),
    ],
)
def test_counts_that_cannot_be_are_refused(call):
    with pytest.raises(CountersignError):
        call()


def test_no_errors_at_all_and_nothing_but_errors():
    assert p_chart([0, 0], [10, 10]).outside == ()
    none = p_chart([0, 0, 0], [300] * 3)
    assert (none.method, none.lower, none.upper) == ("p", (0, 0, 0), (0, 0, 0))
    assert p_chart([9, 30], [300] * 2).method == "p", "two groups tell no usual spread"
    assert p_chart([9, 30, 5], [200] * 3).method == "p'"
    assert shrunk(0, 0, (1, 19), limit=0.05).mean == pytest.approx(0.05)
    assert overdispersion([4, 4, 4], [4, 4, 4]) == 1
    assert fitted_prior([0], [5])[0] > 0
