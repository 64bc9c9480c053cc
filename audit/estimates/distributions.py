"""Quantiles and tails of the distributions that the estimates rest on, from scipy.special alone: `scipy.stats` has
them too, but adds 60 MB and half a second to every server. `tests/test_distributions.py` holds the two against each
other.
"""

from __future__ import annotations

from math import comb

import numpy as np
from scipy.special import bdtr, bdtrc, betaincc, betaincinv, stdtrit

NONE = 1e-9
"""Effective counts below this are noise of floating point."""


def beta_quantile(probability: float, a: float, b: float) -> float:
    return float(betaincinv(a, b, probability))


def beta_above(value: float, a: float, b: float) -> float:
    """The chance of more than `value`."""
    return float(betaincc(a, b, value))


def student_quantile(probability: float, degrees: float) -> float:
    return float(stdtrit(degrees, probability))


def binomial_quantile(probability: float, number: int, rate: float) -> int:
    """The fewest successes of `number` whose cumulative chance reaches `probability`."""
    reached = bdtr(np.arange(number), number, rate) >= probability
    return int(np.argmax(reached)) if reached.any() else number


def binomial_at_least(successes: int, number: int, rate: float) -> float:
    """The chance of so many successes or more."""
    return float(bdtrc(successes - 1, number, rate)) if successes else 1.0


def exact_binomial_limits(successes: float, number: float, tail: float) -> tuple[float, float]:
    """Lowest and highest rate that fit `successes` of `number`, `tail` on either side (Clopper and Pearson 1934).
    The counts may be effective ones, not whole."""
    failures = number - successes
    lower = beta_quantile(tail, successes, failures + 1) if successes > 0 else 0.0
    upper = beta_quantile(1 - tail, successes + 1, failures) if failures > NONE else 1.0
    return lower, upper


def hypergeometric_at_most(errors: int, frame: int, in_error: int, sampled: int) -> float:
    """The chance of at most so many errors among the claims sampled, where so many of the frame are in error."""
    few, all_ways = _ways(errors, frame, in_error, sampled)
    return few / all_ways


def hypergeometric_at_least(errors: int, frame: int, in_error: int, sampled: int) -> float:
    fewer, all_ways = _ways(errors - 1, frame, in_error, sampled)
    return (all_ways - fewer) / all_ways


def _ways(errors: int, frame: int, in_error: int, sampled: int) -> tuple[int, int]:
    """Samples with at most so many errors, and all samples: in Python's whole numbers, so that nothing is rounded."""
    errors, frame, in_error, sampled = int(errors), int(frame), int(in_error), int(sampled)
    sound = frame - in_error
    fewest = max(0, sampled - sound)
    ways = comb(in_error, fewest) * comb(sound, sampled - fewest)
    total = ways if errors >= fewest else 0
    for one in range(fewest, min(errors, in_error, sampled)):
        ways = ways * (in_error - one) * (sampled - one) // ((one + 1) * (sound - sampled + one + 1))
        total += ways
    return total, comb(frame, sampled)
