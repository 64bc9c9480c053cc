"""Dollars projected to the frame: published and computed values, then properties, then coverage in small."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from audit.errors import CountersignError
from audit.estimates.projections import by_size, difference, mean_per_unit, ratio, ratio_error, stratified_total
from tests.test_estimates import examples

amounts = st.lists(st.floats(0, 500), min_size=2, max_size=30)


def with_moments(mean: float, sd: float, n: int) -> list[float]:
    """A sample of n with just this mean and standard deviation."""
    shape = np.arange(n, dtype=float)
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    return (mean + sd * shape).tolist()


def test_shared_mean_per_unit():
    for name, i, wanted, tolerance in [*examples("two_sided_90_t"), *examples("one_sided_90_lower")]:
        found = mean_per_unit(with_moments(i["mean"], i["sd"], i["n"]), i["N"], i["conf"], i["sides"])
        for limit, value in wanted.items():
            assert getattr(found, limit) == pytest.approx(value, abs=tolerance), name


def test_shared_difference():
    for name, i, wanted, tolerance in examples("mean"):
        wrong = with_moments(i["mean_d"], i["sd_d"], i["n"])
        booked = [0.0] * i["n"]
        total = i["aux_mean_population"] * i["N"]
        found = difference(wrong, booked, i["N"], total)
        assert found.total / i["N"] == pytest.approx(wanted["estimate"], abs=tolerance), name
        assert found.standard_error / i["N"] == pytest.approx(wanted["se"], abs=tolerance), name


def test_shared_ratio():
    for name, i, wanted, tolerance in examples("ratio"):
        part = i["sum_y"] / i["sum_x"]
        assert part == pytest.approx(wanted["ratio"], abs=tolerance), name
        error = ratio_error(i["n"], i["N"], part, i["sum_x"] / i["n"], (i["var_y"], i["var_x"], i["cov_xy"]))
        assert error == pytest.approx(wanted["se"], abs=tolerance), name


def test_shared_stratified_totals():
    for name, i, wanted, tolerance in [*examples("total_and_se"), *examples("total_se_ci95_t")]:
        strata = [(s["N"], s.get("y") or with_moments(s["mean"], s["sd"], s["n"])) for s in i["strata"]]
        found = stratified_total(strata)
        assert found.total == pytest.approx(wanted["total"], abs=tolerance), name
        assert found.standard_error == pytest.approx(wanted["se"], abs=tolerance), name
        for limit in set(wanted) & {"lower", "upper"}:
            assert getattr(found, limit) == pytest.approx(wanted[limit], abs=tolerance), name


def test_shared_projection_of_a_published_audit():
    for name, i, wanted, tolerance in examples("point_estimate_projection"):
        sample = [i["sample_overpayment"] / i["n"]] * i["n"]
        assert mean_per_unit(sample, i["N"]).total == pytest.approx(wanted["point_estimate"], abs=tolerance), name


def test_one_and_two_sided_limits_differ_and_are_named():
    sample = [0.0] * 50 + [20.0] * 15
    one, two = (mean_per_unit(sample, 1000, 0.90, sides) for sides in (1, 2))
    assert one.lower > two.lower
    assert "limits of a one-sided 90 % interval" in one.sentence
    assert "limits of a two-sided 90 % interval" in two.sentence


def test_what_a_projection_is_where_nothing_else_is_asked():
    """The compliance audit's two-sided 90 % where claims are drawn plainly or by size, else 95 %."""
    y, x = [3.0, 0.0, 5.0], [4.0, 4.0, 9.0]
    found = [mean_per_unit(y, 90), by_size(y, [0.1] * 3, 90), stratified_total([(90, y)])]
    found += [difference(y, x, 90, 500), ratio(y, x, 90, 500)]
    assert [one.confidence for one in found] == [0.90, 0.90, 0.95, 0.95, 0.95]
    assert {one.sides for one in found} == {2}


def test_what_was_booked_is_taken_off_what_was_found():
    """Of 30 claims three were looked at: 10 dollars too much in all, so 30 x 10 / 3; s = 10 / sqrt(3)."""
    found = difference([90.0, 100.0, 50.0], [100.0, 100.0, 50.0], 30, 2500)
    assert found.total == pytest.approx(2500 - 100)
    assert found.standard_error == pytest.approx(30 * (10 / sqrt(3)) / sqrt(3) * sqrt(1 - 3 / 30))
    assert found.nonzero == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(1, " Only 1 claim carries an amount, so the range is rough."), (2, " Only 2 claims carry an amount,"),
     (9, " Only 9 claims carry an amount,"), (10, "interval).")],
)  # fmt: skip
def test_a_range_from_few_claims_is_called_rough(wrong, says):
    assert says in mean_per_unit([5.0] * wrong + [0.0] * 20, 900).sentence[-60:]


def test_amounts_that_are_all_alike_have_no_range():
    assert mean_per_unit([0.0] * 30, 900).sentence == (
        "None in the 30 of 900 claims reviewed. That does not bound what the others hold: no interval is given from "
        "zeros."
    )
    assert mean_per_unit([5.0] * 30, 900).sentence == "Projected from 30 of 900 claims, all alike: $4,500."
    assert mean_per_unit([0.01, 0.01, 0.02], 30).bounded, "a spread of cents is one"
    assert mean_per_unit([0.0] * 3, 3).sentence == "All 3 claims were reviewed: $0.00."


def test_a_whole_frame_has_no_uncertainty():
    found = mean_per_unit([3.0, 4.0, 5.0], 3)
    assert (found.lower, found.total, found.upper) == (12, 12, 12)
    assert found.sentence == "All 3 claims were reviewed: $12.00."


@settings(deadline=None)
@given(amounts, st.integers(0, 1000))
def test_the_limits_hold_the_total_and_scale_with_the_money(values, more):
    size = len(values) + more
    found = mean_per_unit(values, size)
    assert found.lower <= found.total <= found.upper
    double = mean_per_unit([2 * v for v in values], size)
    assert double.total == pytest.approx(2 * found.total)
    assert double.upper == pytest.approx(2 * found.upper)


def test_the_ratio_is_exact_where_every_claim_is_wrong_alike():
    found = ratio([80.0, 40.0, 160.0], [100.0, 50.0, 200.0], 500, 60_000)
    assert (found.total, found.standard_error) == (pytest.approx(48_000), pytest.approx(0))


def test_the_ratio_by_hand():
    """Residuals about the sample's ratio, which add up to nothing; n - 1 of them are free."""
    y, x, size, booked = [90.0, 100.0, 40.0, 70.0], [100.0, 100.0, 60.0, 70.0], 200, 18_000
    part = 300 / 330
    spread = sum((a - part * b) ** 2 for a, b in zip(y, x, strict=True)) / 3
    error = sqrt((1 - 4 / 200) / 4 * spread) / (330 / 4) * booked
    found = ratio(y, x, size, booked)
    assert (found.total, found.standard_error) == (pytest.approx(part * booked), pytest.approx(error))
    assert found.upper == pytest.approx(part * booked + float(student.ppf(0.975, 3)) * error)
    assert found.nonzero == 2


def test_a_draw_by_size_projects_and_certain_claims_add_themselves():
    found = by_size([100.0, 10.0, 0.0], [1.0, 0.1, 0.1], 50)
    assert found.total == pytest.approx(100 + 100)
    assert by_size([100.0, 50.0], [1.0, 1.0], 2).standard_error == 0
    spread = 0.9 * 50**2 + 0.9 * 50**2  # 100 and 0, about their mean of 50
    assert found.standard_error == pytest.approx(sqrt(2 / 1 * spread))
    three = by_size([100.0, 10.0, 0.0, 5.0], [1.0, 0.1, 0.2, 0.1], 50)  # 100, 0 and 50 about 50
    assert three.standard_error == pytest.approx(sqrt(3 / 2 * (0.9 * 50**2 + 0.8 * 50**2)))


@pytest.mark.parametrize("by_chance", [2, 3, 7])
def test_limits_of_a_draw_by_size_are_those_of_student_with_one_claim_less(by_chance):
    found = by_size([40.0, *range(by_chance)], [1.0] + [0.1] * by_chance, 50, 0.90)
    width = float(student.ppf(0.95, by_chance - 1)) * found.standard_error
    assert (found.lower, found.upper) == (pytest.approx(found.total - width), pytest.approx(found.total + width))


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        pytest.param(lambda: mean_per_unit([], 10), "one claim alone", id="nothing reviewed"),
        pytest.param(lambda: mean_per_unit([5.0], 10), "one claim alone", id="one review"),
        pytest.param(lambda: mean_per_unit([1.0, 2.0, 3.0], 2), "cannot be", id="more than the frame"),
        pytest.param(lambda: mean_per_unit([1.0, float("nan")], 9), "not known", id="an amount unknown"),
        pytest.param(lambda: mean_per_unit([1.0, 2.0], 9, 90), "not between 0 and 1", id="confidence in percent"),
        pytest.param(lambda: ratio([0.0, 0.0], [0.0, 0.0], 9, 0), "no booked dollars", id="nothing booked"),
        pytest.param(lambda: mean_per_unit([1.0, 2.0], 9, 1), "not between 0 and 1", id="full confidence"),
        pytest.param(lambda: mean_per_unit([1.0, 2.0], 9, 0), "not between 0 and 1", id="no confidence"),
        pytest.param(lambda: by_size([1.0, 1.0], [0.0, 0.5], 9), "not between 0 and 1", id="no chance of being drawn"),
        pytest.param(lambda: by_size([1.0, 1.0], [1.5, 0.5], 9), "not between 0 and 1", id="more than certain"),
        pytest.param(lambda: by_size([1.0, 1.0], [1.0, 0.5], 9), "one claim drawn by chance", id="one by chance"),
        pytest.param(lambda: stratified_total([]), "no claims", id="no strata"),
    ],
)
def test_numbers_that_cannot_be_are_refused(call, wrong):
    with pytest.raises(CountersignError, match=wrong):
        call()


def test_coverage_of_mean_per_unit_in_small():
    """1,000 audits of 100 from a frame of 2,000 where a third of the claims is overpaid 5 to 60 dollars."""
    rng = np.random.default_rng(20260101)
    frame = np.where(rng.random(2000) < 1 / 3, rng.uniform(5, 60, 2000), 0.0)
    truth, hits = frame.sum(), 0
    for _ in range(1000):
        found = mean_per_unit(rng.choice(frame, 100, replace=False).tolist(), 2000)
        hits += found.lower <= truth <= found.upper
    assert hits / 1000 > 0.90 - 3 * sqrt(0.9 * 0.1 / 1000)
