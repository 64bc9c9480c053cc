"""Watching while reviewing: the published wealth processes, edges, and error rates by simulation in small."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import CountersignError
from audit.estimates import monitor
from audit.estimates.monitor import log_capital, verdicts, watch
from benchmarks.monitor import clinic, drawn_by_flag, drawn_plainly
from tests.test_estimates import examples

PLAIN = {"sizes": {"all": 2000}, "shares": {"all": 1.0}, "limit": 0.05}
BY_FLAG = {"sizes": {"flagged": 200, "unflagged": 1800}, "shares": {"flagged": 0.4, "unflagged": 0.6}, "limit": 0.05}


def test_the_rate_of_the_rest_is_that_of_the_literature():
    for name, i, wanted, tolerance in examples("null_mean_without_replacement"):
        past = monitor._Past(1, np.array([i["N"]]), np.array([i["t"]]))
        found = []
        for x in i["x"]:
            found.append(past.rest_at(i["t"])[0])
            past.add(np.array([0]), np.array([x]))
        assert found == pytest.approx(wanted["m"], abs=tolerance), name


def test_capital_of_one_constant_bet_is_that_of_the_literature(monkeypatch):
    """The published process bets 1 on each side and averages them; ours bets a part of the largest bet, 1 / m."""
    for name, i, wanted, _ in examples("betting_mart_constant_bet"):
        m, x = i["m"], np.array(i["x"], dtype=float)
        up, down = (min(i[f"lam_{side}"], i["trunc_scale"] / edge) for side, edge in (("pos", m), ("neg", 1 - m)))
        monkeypatch.setattr(monitor, "FRACTIONS", np.array([up * m, down * (1 - m)]))
        huge = np.array([10**12])  # as good as with replacement
        drawn, expected = np.zeros((1, len(x)), dtype=int), np.array([m])
        above, within = log_capital(drawn, x[None], huge, np.array([1.0]), expected, limit=m)
        final = i["theta"] * exp(above[0, -1, 0]) + (1 - i["theta"]) * exp(within[0, -1, 1])
        assert final == pytest.approx(wanted["final_capital"], rel=1e-6), name


def test_nothing_reviewed_says_nothing():
    for plan in (PLAIN, BY_FLAG):
        found = watch([], **plan)
        assert (found.verdict, found.reviewed, found.decided_after) == ("unknown", 0, None)
        assert (found.above, found.within) == (0, 0)


def test_errors_one_after_another_are_above_and_the_verdict_stays():
    found = watch([("all", True)] * 8, **PLAIN)
    assert found.verdict == "above"
    assert found.decided_after < 8
    later = watch([("all", True)] * 8 + [("all", False)] * 300, **PLAIN)
    assert (later.verdict, later.decided_after) == ("above", found.decided_after)


def test_clean_claims_are_within_after_enough_of_them():
    first = next(n for n in range(1, 200) if watch([("all", False)] * n, **PLAIN).verdict == "within")
    assert 59 <= first <= 110  # a fixed sample of discovery needs 59
    further = watch([("all", False)] * 20, **PLAIN).further  # 20 clean claims do not promise that all are
    assert first - 20 <= further <= 250


def test_more_errors_than_the_limit_allows_in_the_whole_frame_are_certain():
    small = {"sizes": {"all": 40}, "shares": {"all": 1.0}, "limit": 0.05}
    reviews = [("all", True), *[("all", False)] * 30, ("all", True), ("all", True)]
    assert watch(reviews, **small).verdict == "above"
    clean = [("all", False)] * 39
    assert watch(clean, **small).verdict == "within"


def test_a_stratum_used_up_leaves_the_draws_to_the_other():
    sizes, shares = {"flagged": 3, "unflagged": 60}, {"flagged": 0.4, "unflagged": 0.6}
    reviews = [("flagged", False)] * 3 + [("unflagged", False)] * 57
    assert watch(reviews, sizes, shares, limit=0.05).verdict == "within"


@settings(deadline=None, max_examples=30)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 39))
def test_an_error_more_never_speaks_for_within(errors, at):
    at %= len(errors)
    more = [*errors[:at], True, *errors[at + 1 :]]
    fewer = [*errors[:at], False, *errors[at + 1 :]]
    worse, better = (watch([("all", e) for e in one], **PLAIN) for one in (more, fewer))
    assert worse.above >= better.above - 1e-9
    assert worse.within <= better.within + 1e-9


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        pytest.param({"limit": 5}, "between 0 and 1", id="a limit in percent"),
        *(pytest.param({"limit": one}, "between 0 and 1", id=f"a limit of {one}") for one in (0, 1, 1.5)),
        *(pytest.param({"risk": one}, "between 0 and 1", id=f"a risk of {one}") for one in (0, 1, 1.5)),
        pytest.param({"sizes": {}, "shares": {}}, "needs claims", id="no strata"),
        pytest.param({"sizes": {"all": 0}}, "needs claims", id="a stratum without claims"),
        pytest.param({"shares": {"all": 0.0}}, "needs claims", id="no share of the draws"),
        pytest.param({"sizes": {"all": 9, "b": 0}, "shares": {"all": 0.5, "b": 0.5}}, "needs claims", id="one of two"),
        pytest.param({"sizes": {"all": 9, "b": 9}, "shares": {"all": 1, "b": 0}}, "needs claims", id="one never drawn"),
        pytest.param({"sizes": {"all": 1}}, "2 reviews in stratum 'all' of 1", id="more reviews than claims"),
        pytest.param({"sizes": {"b": 9}, "shares": {"b": 1}}, "in stratum 'all' of 0", id="another stratum"),
    ],
)
def test_numbers_that_cannot_be_are_refused(change, wrong):
    with pytest.raises(CountersignError, match=wrong):
        watch([("all", True), ("all", False)], **{**PLAIN, **change})


def test_a_single_review_of_another_stratum_is_refused():
    with pytest.raises(CountersignError, match="1 reviews in stratum 'other' of 0"):
        watch([("other", True)], **PLAIN)


def test_false_alarms_and_reviews_needed_in_small():
    """Fixed seeds; the table in full is made by benchmarks/monitor.py and stands in docs/statistics.md."""
    at_limit, above = clinic(0.05, 0.8, 0.95), clinic(0.08, 0.8, 0.95)
    said, _ = verdicts(*drawn_by_flag(at_limit, 300, 400, seed=1))
    assert (said == 1).mean() <= 0.05
    said, after = verdicts(*drawn_by_flag(above, 300, 400, seed=2))
    assert (said == -1).mean() <= 0.05
    assert np.median(after) < 130
    useless = clinic(0.05, 0.15, 0.85)
    said, _ = verdicts(*drawn_by_flag(useless, 300, 400, seed=3))
    assert (said == 1).mean() <= 0.05
    said, after = verdicts(*drawn_plainly(clinic(0.15, 0.8, 0.95), 200, 300, seed=4))
    assert (said == -1).mean() == 0
    assert np.median(after) < 110


@pytest.mark.parametrize("wrong", [[1] * 3, [1], [0] * 20], ids=["errors", "one", "none"])
def test_evidence_is_enough_just_when_capital_is_twenty(wrong):
    found = watch([("all", bool(y)) for y in wrong], **PLAIN)
    sides = log_capital(np.zeros((1, len(wrong)), dtype=int), np.array([wrong], dtype=float), np.array([2000]),
                        np.array([1.0]), np.array([0.05]), limit=0.05)  # fmt: skip
    capital = [max(np.exp(side[0]).mean(1)) for side in sides]
    assert (found.above, found.within) == pytest.approx([min(1, max(0, log(one) / log(20))) for one in capital])


@pytest.mark.parametrize(("wrong", "said"), [([1] * 8, 1), ([0] * 120, -1), ([0] * 20, 0)])
def test_many_runs_at_once_are_judged_as_one_watch_is(wrong, said):
    one = watch([("all", bool(y)) for y in wrong], **PLAIN)
    runs = np.array([wrong, wrong], dtype=float)
    found = verdicts(*log_capital(np.zeros(runs.shape, dtype=int), runs, np.array([2000]), np.array([1.0]),
                                  np.array([0.05]), limit=0.05))  # fmt: skip
    assert found[0].tolist() == [said] * 2
    assert found[1].tolist() == [one.decided_after or len(wrong)] * 2


def test_the_capital_of_a_frame_reviewed_to_its_end_is_that_of_the_formula():
    """In plain Python, as the sources of `audit.estimates.monitor` say it; one stratum is used up before the other."""
    sizes, shares, expected, limit = [3, 5], [0.4, 0.6], [0.1, 0.02], 0.2
    reviews = [(0, 1), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0), (1, 1), (1, 0)]
    weights = [4, 10]
    drawn, errors, above, within = [0, 0], [0, 0], [0.0] * 24, [0.0] * 24
    for stratum, wrong in reviews:
        left = [size - n for size, n in zip(sizes, drawn, strict=True)]
        part = [share if there else 0 for share, there in zip(shares, left, strict=True)]
        ratio = [n / sum(left) / (a / sum(part)) if a else 0 for n, a in zip(left, part, strict=True)]
        mu = [(errors[h] + expected[h] * weights[h]) / (drawn[h] + weights[h]) for h in (0, 1)]
        base = sum(left[h] / sum(left) * mu[h] for h in (0, 1))
        m = (limit * sum(sizes) - sum(errors)) / sum(left)
        z = base + ratio[stratum] * (wrong - mu[stratum])
        up = (z - m) / max(m - base + max(ratio[h] * mu[h] for h in (0, 1)), 1e-9)
        down = (m - z) / max(base + max(ratio[h] * (1 - mu[h]) for h in (0, 1)) - m, 1e-9)
        for bet in range(24):
            above[bet] += log(1 + 0.9 * (bet + 1) / 24 * max(up, -1))
            within[bet] += log(1 + 0.9 * (bet + 1) / 24 * max(down, -1))
        drawn[stratum] += 1
        errors[stratum] += wrong
    order, wrong = np.array([[h for h, _ in reviews]]), np.array([[float(y) for _, y in reviews]])
    found = log_capital(order, wrong, np.array(sizes), np.array(shares), np.array(expected), limit=limit)
    assert found[0][0, -1] == pytest.approx(above)
    assert found[1][0, -1] == pytest.approx(within)


def growth(bet: float, sides: list[tuple[float, float]]) -> float:
    """What the log of the capital is expected to grow by with each review: (chance, gain of a whole bet) each."""
    return sum(chance * log(1 + bet * max(gain, -1)) for chance, gain in sides)


@pytest.mark.parametrize("flagged", [200, 17, 16], ids=["both", "one claim left", "one used up"])
@pytest.mark.parametrize(
    "errors", [{"flagged": f, "unflagged": u} for f, u in ((0, 1), (1, 0), (2, 1), (3, 1), (1, 3))]
)
def test_further_reviews_are_those_after_which_the_expected_capital_is_enough(errors, flagged):
    """In plain Python, from the rates seen so far with a prior of ten claims at the limit; the bets are 24 equal steps
    up to nine tenths of the largest."""
    bets = [0.9 * step / 24 for step in range(1, 25)]
    sizes, limit = {"flagged": flagged, "unflagged": 2000 - flagged}, BY_FLAG["limit"]
    drawn = {"flagged": 16, "unflagged": 24}
    reviews = [(name, n >= drawn[name] - errors[name]) for name in sizes for n in range(drawn[name])]
    found = watch(reviews, **{**BY_FLAG, "sizes": sizes})
    assert found.verdict == "unknown"
    left = {name: sizes[name] - drawn[name] for name in sizes}
    shares = BY_FLAG["shares"] if left["flagged"] else {"flagged": 0, "unflagged": 1}
    mu = {name: (errors[name] + 10 * limit) / (drawn[name] + 10) for name in sizes}
    ratio = {name: left[name] / sum(left.values()) / shares[name] if left[name] else 0 for name in sizes}
    base = sum(left[name] * mu[name] for name in sizes) / sum(left.values())
    m = (limit * 2000 - sum(errors.values())) / sum(left.values())
    lowest = base - max(ratio[name] * mu[name] for name in sizes)
    highest = base + max(ratio[name] * (1 - mu[name]) for name in sizes)
    z = [(shares[name] * mu[name], base + ratio[name] * (1 - mu[name])) for name in sizes]
    z += [(shares[name] * (1 - mu[name]), base - ratio[name] * mu[name]) for name in sizes]
    up, down = ([(p, (one - m) / (m - lowest)) for p, one in z], [(p, (m - one) / (highest - m)) for p, one in z])
    strata = np.array([[sorted(sizes).index(name) for name, _ in reviews]])
    now = log_capital(
        strata, np.array([[float(wrong) for _, wrong in reviews]]), np.array([flagged, 2000 - flagged]),
        np.array([0.4, 0.6]), np.array([limit, limit]), limit=limit,
    )  # fmt: skip

    assert growth(bets[0], up) == pytest.approx(growth(float(monitor.FRACTIONS[0]), up))

    def enough(further: int) -> bool:
        return any(
            log(sum(exp(have + further * growth(bet, sides)) for have, bet in zip(
                side[0, -1], bets, strict=True)) / 24) >= log(20)
            for side, sides in zip(now, (up, down), strict=True)
        )  # fmt: skip

    assert found.further == next((n for n in range(1, sum(left.values()) + 1) if enough(n)), None)
