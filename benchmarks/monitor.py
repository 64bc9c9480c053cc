"""How many reviews the monitor needs and how often it errs: `python -m benchmarks.monitor`.

Writes the table of docs/statistics.md: audits of a frame of 20,000 claims, simulated with fixed seeds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from audit.estimates.monitor import Counts, Floats, log_capital, verdicts
from audit.sampling import FLAGGED, FLAGGED_SHARE, PLANNING_RATES, UNFLAGGED

LIMIT, FRAME, LONGEST, RUNS = 0.05, 20_000, 1_500, 1_000
RATES = (0.02, 0.05, 0.08, 0.10)
FLAGS = {"good": (0.8, 0.95), "weak": (0.4, 0.85), "useless": (0.15, 0.85)}
"""Sensitivity and specificity of the rules as a flag."""


class Clinic(NamedTuple):
    """Claims and claims in error, flagged and unflagged."""

    sizes: Counts
    errors: Counts


def clinic(rate: float, sensitivity: float, specificity: float, frame: int = FRAME) -> Clinic:
    wrong = round(frame * rate)
    found, false = round(wrong * sensitivity), round((frame - wrong) * (1 - specificity))
    flagged = found + false
    return Clinic(np.array([flagged, frame - flagged]), np.array([found, wrong - found]))


def drawn_by_flag(one: Clinic, runs: int, reviews: int, seed: int) -> tuple[Floats, Floats]:
    """Log capital of `runs` audits that draw by flag, as `monitor.log_capital`."""
    rng = np.random.default_rng(seed)
    drawn = (rng.random((runs, reviews)) >= FLAGGED_SHARE).astype(np.int64)
    expected = np.array([PLANNING_RATES[FLAGGED], PLANNING_RATES[UNFLAGGED]])
    shares = np.array([FLAGGED_SHARE, 1 - FLAGGED_SHARE])
    drawn, error = _outcomes(one.sizes, one.errors, drawn, rng)
    return log_capital(drawn, error, one.sizes, shares, expected, limit=LIMIT)


def drawn_plainly(one: Clinic, runs: int, reviews: int, seed: int) -> tuple[Floats, Floats]:
    """The same from the whole frame, without regard to flags."""
    sizes, errors = one.sizes.sum(keepdims=True), one.errors.sum(keepdims=True)
    drawn = np.zeros((runs, reviews), dtype=np.int64)
    drawn, error = _outcomes(sizes, errors, drawn, np.random.default_rng(seed))
    return log_capital(drawn, error, sizes, np.ones(1), np.array([LIMIT]), limit=LIMIT)


def _outcomes(sizes: Counts, errors: Counts, drawn: Counts, rng: np.random.Generator) -> tuple[Counts, Floats]:
    """Draws without replacement inside each stratum; one that is used up leaves its draws to the last other."""
    runs, reviews = drawn.shape
    left, wrong = np.tile(sizes, (runs, 1)), np.tile(errors, (runs, 1))
    error, row = np.zeros(drawn.shape), np.arange(runs)
    for t in range(reviews):
        h = drawn[:, t] = np.where(left[row, drawn[:, t]] > 0, drawn[:, t], left.argmax(1))
        error[:, t] = rng.random(runs) * left[row, h] < wrong[row, h]
        wrong[row, h] -= error[:, t].astype(np.int64)
        left[row, h] -= 1
    return drawn, error


def main() -> None:
    print(f"Limit {LIMIT:.0%}, frame {FRAME:,}, share of flagged draws {FLAGGED_SHARE:g}, at most {LONGEST:,} reviews")
    print(f"{RUNS} audits a row")
    print("| true rate | flag | says above | says within | median reviews | 9 of 10 within |")
    print("|---|---|---|---|---|---|")
    for rate in RATES:
        for name, (sensitivity, specificity) in FLAGS.items():
            one = clinic(rate, sensitivity, specificity)
            _row(rate, f"{name} flag", drawn_by_flag(one, RUNS, LONGEST, seed=round(1000 * rate)))
        _row(rate, "plain sample", drawn_plainly(one, RUNS, LONGEST, seed=round(1000 * rate)))


def _row(rate: float, name: str, capital: tuple[Floats, Floats]) -> None:
    said, after = verdicts(*capital)
    middle, most = np.median(after), np.quantile(after, 0.9)
    shown = [f"{n:,.0f}" if n < LONGEST else "not decided" for n in (middle, most)]
    print(f"| {rate:.0%} | {name} | {(said == 1).mean():.1%} | {(said == -1).mean():.1%} | {shown[0]} | {shown[1]} |")


if __name__ == "__main__":
    main()
