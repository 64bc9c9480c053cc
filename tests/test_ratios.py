"""Shares of lines and dollars of drawn claims: published values, then by hand, then coverage in small."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy.stats import beta
from scipy.stats import t as student

from audit.errors import CountersignError
from audit.estimates.ratios import Stratum, share_of_dollars, share_of_lines


def test_one_stratum_by_hand_is_korn_and_graubard():
    y, x = [0, 0, 1, 0, 0, 2, 0, 0, 0, 0], [1, 2, 3, 1, 2, 2, 1, 2, 3, 3]
    found = share_of_lines([(40, y, x)])
    assert (found.rate, found.claims, found.in_error) == (3 / 20, 10, 2)
    e = [a - 0.15 * b for a, b in zip(y, x, strict=True)]
    s2 = sum((one - sum(e) / 10) ** 2 for one in e) / 9
    size = 0.15 * 0.85 / (40**2 * (1 - 10 / 40) * s2 / 10 / 80**2)
    assert found.lower == pytest.approx(beta.ppf(0.025, 0.15 * size, size * 0.85 + 1))
    assert found.upper == pytest.approx(beta.ppf(0.975, 0.15 * size + 1, size * 0.85))


def test_strata_weigh_by_their_lines_and_are_joined_by_mover():
    big = (40, [0, 0, 1, 0, 0, 2, 0, 0, 0, 0], [1, 2, 3, 1, 2, 2, 1, 2, 3, 3])
    small = (8, [1, 0, 1, 2], [1, 2, 2, 2])
    found, one, two = share_of_lines([big, small]), share_of_lines([big]), share_of_lines([small])
    wrong, lines = 4 * 3 + 2 * 4, 4 * 20 + 2 * 7
    assert found.rate == pytest.approx(wrong / lines)
    assert (found.claims, found.in_error) == (14, 5)
    above = ((one.upper - one.rate) * 80 / 94) ** 2 + ((two.upper - two.rate) * 14 / 94) ** 2
    below = ((one.rate - one.lower) * 80 / 94) ** 2 + ((two.rate - two.lower) * 14 / 94) ** 2
    assert (found.lower, found.upper) == pytest.approx((found.rate - sqrt(below), found.rate + sqrt(above)))


def test_none_in_error_bounds_by_the_number_of_claims_not_of_lines():
    found = share_of_lines([(1000, [0] * 30, [4] * 30)])
    assert (found.rate, found.lower) == (0, 0)
    assert found.upper == pytest.approx(beta.ppf(0.975, 1, 30 / 0.97))
    assert share_of_lines([(1000, [0] * 30, [1] * 30)]).upper == found.upper
    of_these = share_of_lines([(1000, [0] * 35, [4] * 30 + [0] * 5)])
    assert of_these.upper == pytest.approx(beta.ppf(0.975, 1, 30 / 0.965)), "five hold none"


def test_a_domain_is_the_rest_counted_as_nothing():
    found = share_of_lines([(100, [1, 0, 0, 0, 0], [1, 0, 1, 0, 0])])
    assert (found.rate, found.claims, found.in_error) == (0.5, 2, 1)
    assert found.lower < 0.1
    assert found.upper > 0.9
    assert share_of_lines([(100, [1, 0, 0], [1, 0, 1]), (50, [0, 0], [0, 0])]).claims == 2
    assert share_of_lines([(100, [0, 0], [0, 0])]) is None, "nothing in the sample is of this domain"


def test_two_claims_show_a_spread():
    """10 of 60 and 0 of 40 from 20: about a rate of 0.1 they are 4 and -4 off."""
    found = share_of_dollars([(20, [10, 0], [60, 40])])
    error = sqrt(20**2 * (1 - 2 / 20) * 32 / 2) / 1000
    assert (found.rate, found.upper) == (0.1, pytest.approx(0.1 + float(student.ppf(0.975, 1)) * error))


@pytest.mark.parametrize(
    ("other", "dollars", "free"), [((7, [5], [50]), 350, 1), ((2, [8, 2], [50, 50]), 100, 2)], ids=["one", "whole"]
)
def test_a_stratum_of_one_claim_or_reviewed_whole_adds_no_spread(other: Stratum, dollars: int, free: int):
    """Beside those two: a tenth of its dollars is in error too."""
    found = share_of_dollars([(20, [10, 0], [60, 40]), other])
    error = sqrt(20**2 * (1 - 2 / 20) * 32 / 2) / (1000 + dollars)
    assert found.rate == pytest.approx(0.1)
    assert found.upper == pytest.approx(0.1 + float(student.ppf(0.975, free)) * error)


def test_a_frame_reviewed_whole_has_no_interval():
    found = share_of_lines([(3, [1, 0, 0], [2, 1, 1])])
    assert (found.rate, found.lower, found.upper) == (0.25, 0.25, 0.25)
    dollars = share_of_dollars([(2, [10, 0], [60, 40])])
    assert (dollars.rate, dollars.lower, dollars.upper) == (0.1, 0.1, 0.1)


def test_dollars_by_the_combined_ratio():
    wrong, billed = [0, 22.21, 0, 0, 40, 0], [90, 120, 60, 100, 110, 20]
    found = share_of_dollars([(60, wrong, billed)])
    rate = sum(wrong) / sum(billed)
    residuals = np.array(wrong) - rate * np.array(billed)
    error = sqrt((1 - 6 / 60) * residuals.var(ddof=1) / 6) / np.mean(billed)
    assert found.rate == pytest.approx(rate)
    assert found.upper == pytest.approx(rate + student.ppf(0.975, 5) * error)
    assert found.lower == 0


def test_dollars_without_any_error_have_no_limits():
    found = share_of_dollars([(60, [0, 0, 0], [90, 120, 60])])
    assert (found.rate, found.lower, found.upper) == (0, None, None)


@pytest.mark.parametrize(
    "bad",
    [(3, [0] * 4, [1] * 4), (9, [0], [1, 1]), (9, [], []), (9, [-1], [1]), (9, [-1, 1], [1, 1]), (9, [1, 1], [1, -1])],
)
def test_counts_that_cannot_be_are_refused(bad: Stratum):
    with pytest.raises(CountersignError, match="do not fit"):
        share_of_lines([bad])


def test_coverage_of_clustered_lines():
    """Claims whose lines go wrong together, drawn as the default plan draws: about 95 % of the intervals hold."""
    chance = np.random.default_rng(20261)
    sizes, rates, drawn = (300, 1700), (0.45, 0.03), (70, 80)
    strata = []
    for size, rate in zip(sizes, rates, strict=True):
        lines = chance.integers(1, 5, size)
        bad = chance.random(size) < rate
        strata.append((np.where(bad, chance.integers(1, lines + 1), 0), lines))
    truth = sum(y.sum() for y, _ in strata) / sum(x.sum() for _, x in strata)
    held = 0
    for _ in range(400):
        sample = []
        for (y, x), size, n in zip(strata, sizes, drawn, strict=True):
            at = chance.choice(size, n, replace=False)
            sample.append((size, y[at], x[at]))
        found = share_of_lines(sample)
        held += found.lower <= truth <= found.upper
    assert 0.93 <= held / 400 <= 0.99
