"""Quantiles and tails against scipy.stats, which has them too; the estimates go without it for its size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.estimates import distributions as ours
from audit.estimates.variation import ENOUGH, look_closer

NEAR = 1e-12
chances = st.floats(0.0005, 0.9995)
shapes = st.floats(0.5, 900)
drawn = st.tuples(st.integers(1, 4000), chances, chances, chances).map(
    lambda of: (of[0], int(of[0] * of[1]), max(1, int(of[0] * of[2])), of[3])
)
"""Claims in a frame, in error, sampled, and where in the possible counts to ask."""


@given(chances, shapes, shapes)
def test_beta(probability, a, b):
    quantile = ours.beta_quantile(probability, a, b)
    assert quantile == pytest.approx(stats.beta.ppf(probability, a, b), rel=1e-9)
    assert ours.beta_above(quantile, a, b) == pytest.approx(1 - probability, abs=1e-9)


@given(chances, st.integers(1, 400))
def test_student(probability, degrees):
    assert ours.student_quantile(probability, degrees) == pytest.approx(
        stats.t.ppf(probability, degrees), rel=1e-9, abs=1e-12
    )


@given(chances, st.integers(0, 500), chances)
def test_binomial(probability, number, rate):
    fewest = ours.binomial_quantile(probability, number, rate)
    below, reached = stats.binom.cdf([fewest - 1, fewest], number, rate)  # its own quantile misses ties by a rounding
    assert below < probability + NEAR
    assert reached > probability - NEAR
    wanted = stats.binom.sf(fewest - 1, number, rate)
    assert ours.binomial_at_least(fewest, number, rate) == pytest.approx(wanted, rel=1e-9)


@given(st.integers(0, 300), st.integers(0, 300))
def test_exact_binomial_limits(successes, failures):
    number = successes + failures + 1
    wanted = stats.binomtest(successes, number).proportion_ci(0.95, method="exact")
    assert ours.exact_binomial_limits(successes, number, 0.025) == pytest.approx(tuple(wanted), rel=1e-9)
    assert ours.exact_binomial_limits(number, number, 0.025)[1] == 1


@given(drawn)
def test_hypergeometric(of):
    frame, in_error, sampled, where = of
    least, most = max(0, sampled - (frame - in_error)), min(sampled, in_error)
    errors = least + round((most - least) * where)
    known = stats.hypergeom(frame, in_error, sampled)
    at_most = ours.hypergeometric_at_most(errors, frame, in_error, sampled)
    at_least = ours.hypergeometric_at_least(errors, frame, in_error, sampled)
    assert at_most == pytest.approx(known.cdf(errors), rel=1e-9)
    assert at_least == pytest.approx(known.sf(errors - 1), rel=1e-9)
    assert ours.hypergeometric_at_most(most, frame, in_error, sampled) == 1
    assert ours.hypergeometric_at_most(least - 1, frame, in_error, sampled) == 0


def test_quantiles_and_limits_at_their_edges():
    """A chance of just one half is reached by none of one; effective counts may be less than one."""
    assert ours.binomial_quantile(0.5, 1, 0.5) == 0
    assert ours.exact_binomial_limits(0.5, 10, 0.025)[0] == pytest.approx(stats.beta.ppf(0.025, 0.5, 10.5))
    assert ours.exact_binomial_limits(1, 10, 0.025)[0] == pytest.approx(stats.beta.ppf(0.025, 1, 10))


@given(st.lists(st.tuples(st.integers(ENOUGH, 60), st.floats(0, 0.5)), min_size=1, max_size=12), st.floats(0.02, 0.3))
def test_groups_to_look_at_by_benjamini_and_hochberg(groups, limit):
    sizes = [size for size, _ in groups]
    errors = [round(size * rate) for size, rate in groups]
    one_sided = [stats.binomtest(x, n, limit, alternative="greater").pvalue for x, n in zip(errors, sizes, strict=True)]
    adjusted = np.array(stats.false_discovery_control(one_sided))
    if (abs(adjusted - 0.05) > 1e-9).all():
        assert look_closer(errors, sizes, limit) == (adjusted <= 0.05).tolist()


def test_counts_that_numpy_gives_are_whole_numbers_too():
    """Their products would not fit into 64 bits."""
    counts = np.array([40, 20_000, 1_900, 400])
    assert ours.hypergeometric_at_most(*counts) == ours.hypergeometric_at_most(*counts.tolist())
    assert ours.hypergeometric_at_least(*counts) == ours.hypergeometric_at_least(*counts.tolist())
