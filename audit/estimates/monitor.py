"""Watching a sample while it is reviewed: a verdict that may be looked at after every claim.

A test by betting, for draws without replacement. Before each claim is opened, capital is bet on its outcome
against the claim that the rate is at the limit; were the rate there, capital would not grow, and by Ville's
inequality it exceeds 1 / risk at any time with a chance of `risk` at most. One capital bets that the rate is
above the limit, one that it is below.

Claims come from one stratum (a plain sample) or from several, each with its share of the draws. A draw from
stratum h counts as z = sum(w mu) + (w_h / a_h) (y - mu_h): y is 1 for a claim in error, w_h the stratum's part of
the claims not yet drawn, a_h its share of the draws, mu_h the rate expected from the past. Given the past, z is on
average the rate of the claims not yet drawn, which the limit and the errors so far determine exactly: so the
draws need no replacement. With one stratum z = y.

Sources: Waudby-Smith and Ramdas 2024 (JRSS B 86, 1-27); Shekhar, Xu, Lipton, Liang and Ramdas 2023
(arXiv 2305.06884). Checked by simulation in tests/test_monitor.py and benchmarks/monitor.py.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from audit.errors import CountersignError
from audit.estimates import Verdict

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
FRACTIONS: Floats = 0.9 * np.linspace(1 / 24, 1, 24)
"""Parts of the largest bet that cannot ruin; the capital is shared equally between them."""
PRIOR_CLAIMS = 4.0, 10.0
"""Weight, in claims, of the rate expected beforehand: where one in ten or more is expected, and where fewer."""
NEARLY_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Watch:
    """What the reviews so far say. `decided_after`: reviews at which the verdict fell, None while it is unknown.
    `above`, `within`: evidence for each verdict, from 0 (none) to 1 (enough). `further`: reviews after which a
    verdict is likely if the rate stays as it is, None when it is known or nothing less than all would tell."""

    verdict: Verdict
    reviewed: int
    decided_after: int | None
    above: float
    within: float
    further: int | None


def watch(
    reviews: Sequence[tuple[str, bool]],
    sizes: Mapping[str, int],
    shares: Mapping[str, float],
    *,
    limit: float,
    risk: float = 0.05,
    expected: Mapping[str, float] | None = None,
) -> Watch:
    """The verdict on `limit` after `reviews`: (stratum, in error) of each claim, in the order they were drawn.

    `sizes`: claims of each stratum in the frame. `shares`: its part of the draws, as the plan fixed it. `risk`: the
    chance of saying "above" when the rate is at the limit or below, and of "within" when it is above.
    `expected`: rates by stratum expected beforehand (default: the limit); a bad guess costs reviews, not truth.
    Raises CountersignError for numbers or strata that cannot be.
    """
    strata = sorted(sizes)
    _check(reviews, sizes, shares, limit, risk)
    place = {name: number for number, name in enumerate(strata)}
    drawn = np.array([[place[name] for name, _ in reviews]], dtype=np.int64)
    error = np.array([[wrong for _, wrong in reviews]], dtype=np.float64)
    guess = np.array([(expected or {}).get(name, limit) for name in strata])
    size, share = np.array([sizes[name] for name in strata]), np.array([shares[name] for name in strata])
    sides = dict(zip(("above", "within"), log_capital(drawn, error, size, share, guess, limit=limit), strict=True))
    enough = log(1 / risk)
    evidence = [_mean_log(side)[0] for side in sides.values()]
    never = len(reviews) + 1
    up, down = (int((side >= enough).argmax()) + 1 if (side >= enough).any() else never for side in evidence)
    verdict: Verdict = "above" if up < down else "within" if down < up else "unknown"
    best = [min(1.0, max(0.0, float(side.max(initial=0.0)) / enough)) for side in evidence]
    further = None
    if verdict == "unknown":
        past = _Past(1, size, guess)
        for stratum, wrong in zip(drawn[0], error[0], strict=True):
            past.add(np.array([stratum]), np.array([wrong]))
        now = {name: logs[0, -1] if len(reviews) else np.zeros(len(FRACTIONS)) for name, logs in sides.items()}
        further = _further(past, share, limit=limit, enough=enough, **now)
    decided = None if verdict == "unknown" else min(up, down)
    return Watch(verdict, len(reviews), decided, best[0], best[1], further)


def log_capital(
    drawn: Counts, error: Floats, sizes: Counts, shares: Floats, expected: Floats, *, limit: float
) -> tuple[Floats, Floats]:
    """Log capital after each review, for "above" and for "within": shape (runs, reviews, bets) each.

    `drawn` (stratum number) and `error` (0 or 1) have shape (runs, reviews): many runs at once for simulation,
    one for a real audit. `sizes`, `shares`, `expected` are by stratum.
    """
    runs, reviews = drawn.shape
    past = _Past(runs, sizes, expected)
    above = np.zeros((runs, reviews, len(FRACTIONS)))
    within = np.zeros_like(above)
    for t in range(reviews):
        base, ratio = past.control(shares)
        m = past.rest_at(limit)
        lowest, highest = base - (ratio * past.mu).max(1), base + (ratio * (1 - past.mu)).max(1)
        z = base + past.of(ratio, drawn[:, t]) * (error[:, t] - past.of(past.mu, drawn[:, t]))
        up = (z - m) / np.maximum(m - lowest, NEARLY_NOTHING)
        down = (m - z) / np.maximum(highest - m, NEARLY_NOTHING)
        # a bet cannot lose more than its stake; what is beyond is noise of floating point
        above[:, t] = np.log1p(FRACTIONS * np.maximum(up, -1)[:, None])
        within[:, t] = np.log1p(FRACTIONS * np.maximum(down, -1)[:, None])
        past.add(drawn[:, t], error[:, t])
    return above.cumsum(1), within.cumsum(1)


class _Past:
    """What was drawn before the next claim, by run and stratum."""

    def __init__(self, runs: int, sizes: Counts, expected: Floats) -> None:
        self.sizes, self.whole = sizes, float(sizes.sum())
        self.drawn = np.zeros((runs, len(sizes)))
        self.errors = np.zeros((runs, len(sizes)))
        self.rows = np.arange(runs)
        self.weight = np.where(expected >= 0.1, *PRIOR_CLAIMS)
        self.prior = expected * self.weight
        self.mu = np.broadcast_to(expected, self.drawn.shape).copy()

    def control(self, shares: Floats) -> tuple[Floats, Floats]:
        """Expected rate of the claims not yet drawn, and w / a by stratum."""
        left = self.sizes - self.drawn
        w = left / np.maximum(left.sum(1, keepdims=True), 1)
        a = np.where(left > 0, shares, 0.0)
        a = a / np.maximum(a.sum(1, keepdims=True), NEARLY_NOTHING)
        ratio = np.divide(w, a, out=np.zeros_like(w), where=a > 0)
        return (w * self.mu).sum(1), ratio

    def rest_at(self, limit: float) -> Floats:
        """The rate of the claims not yet drawn, were the rate of all of them at the limit."""
        left = np.maximum(self.whole - self.drawn.sum(1), 1)
        return np.asarray((limit * self.whole - self.errors.sum(1)) / left)

    def of(self, values: Floats, drawn: Counts) -> Floats:
        return np.asarray(values[self.rows, drawn])

    def add(self, drawn: Counts, error: Floats) -> None:
        self.drawn[self.rows, drawn] += 1
        self.errors[self.rows, drawn] += error
        self.mu = (self.errors + self.prior) / (self.drawn + self.weight)


def _mean_log(logs: Floats) -> Floats:
    """Log of the mean over the last axis."""
    top = logs.max(-1, keepdims=True)
    return np.asarray((top + np.log(np.exp(logs - top).mean(-1, keepdims=True)))[..., 0])


def verdicts(above: Floats, within: Floats, risk: float = 0.05) -> tuple[Counts, Counts]:
    """By run of `log_capital`: 1 (above), -1 (within) or 0, and the review at which it fell (all, if none)."""
    enough, reviews = log(1 / risk), above.shape[1]
    first = [np.where((hit := _mean_log(side) >= enough).any(1), hit.argmax(1), reviews) for side in (above, within)]
    said = np.where(first[0] < first[1], 1, np.where(first[1] < first[0], -1, 0))
    return said, np.minimum(np.minimum(*first) + 1, reviews)


def _further(past: _Past, shares: Floats, *, limit: float, enough: float, above: Floats, within: Floats) -> int | None:
    """Reviews until the capital is enough, at the growth that the rates seen so far promise. `above`, `within`: log
    capital of each bet now."""
    base, ratio = past.control(shares)
    mu, m = past.mu[0], float(past.rest_at(limit)[0])
    lowest, highest = float(base[0] - (ratio * past.mu).max()), float(base[0] + (ratio * (1 - past.mu)).max())
    left = past.sizes - past.drawn[0]
    a = np.where(left > 0, shares, 0.0) / np.where(left > 0, shares, 0.0).sum()
    chance = np.concatenate([a * mu, a * (1 - mu)])
    z = np.concatenate([base[0] + ratio[0] * (1 - mu), base[0] - ratio[0] * mu])
    waits = []
    up, down = (z - m) / max(m - lowest, NEARLY_NOTHING), (m - z) / max(highest - m, NEARLY_NOTHING)
    for have, gain in ((above, up), (within, down)):
        growth = (chance[:, None] * np.log1p(FRACTIONS * np.maximum(gain, -1)[:, None])).sum(0)
        waits.append(_wait(have, growth, enough, int(left.sum())))
    return min((wait for wait in waits if wait), default=None)


def _wait(have: Floats, growth: Floats, enough: float, left: int) -> int | None:
    """Reviews until capital that grows so is enough, None when all that are `left` would not do."""

    def reached(further: int) -> bool:
        return float(_mean_log(have + further * growth)) >= enough

    return 1 + bisect_left(range(1, left), True, key=reached) if reached(left) else None


def _check(
    reviews: Sequence[tuple[str, bool]],
    sizes: Mapping[str, int],
    shares: Mapping[str, float],
    limit: float,
    risk: float,
) -> None:
    if not (0 < limit < 1 and 0 < risk < 1):
        raise CountersignError("a limit or a risk is not between 0 and 1", do="Write 5 % as 0.05")
    if set(sizes) != set(shares) or not sizes or min(sizes.values()) < 1 or min(shares.values()) <= 0:
        raise CountersignError("every stratum needs claims and a share of the draws", do="Plan it so")
    counts = {name: sum(stratum == name for stratum, _ in reviews) for name in {stratum for stratum, _ in reviews}}
    for name, count in counts.items():
        if count > sizes.get(name, 0):
            wrong = f"{count:,} reviews in stratum '{name}' of {sizes.get(name, 0):,} claims cannot be"
            raise CountersignError(wrong, do="Review each drawn claim once")
