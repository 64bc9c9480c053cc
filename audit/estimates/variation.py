"""Which differences between therapists, payers or months are more than chance.

Counts come weighted: a sample draws flagged claims more often than others, so each reviewed claim stands for
frame size / drawn claims of its stratum (`weighted`). Rates and limits are fractions. "Too few to tell" is a
normal state; nothing here ranks people.

Sources: Spiegelhalter 2005 (funnel limits and over-dispersion); Laney 2002 (p'); Montgomery, Introduction to
Statistical Quality Control (p chart, EWMA); Benjamini and Hochberg 1995; Kish 1965 (effective sample size);
Griffiths 1973 (beta-binomial).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln

from audit.errors import CountersignError
from audit.estimates.distributions import beta_above, beta_quantile, binomial_at_least, binomial_quantile

Floats = NDArray[np.float64]
Prior = tuple[float, float]
WIDEST, INNER = 0.998, 0.95
"""Levels of the two funnel limits."""
ENOUGH = 10
"""Fewest reviewed claims of which more is said than their number."""
LARGE_GROUP = 200
"""Mean claims of a subgroup from which on a p chart finds nothing but trifles, and p' is used."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted rate, and the size and errors of the plain sample that would tell as much."""

    rate: float
    size: float
    errors: float


def weighted(errors: Sequence[bool], weights: Sequence[float]) -> Weighted:
    """The weighted rate of claims in error, and its effective sample: (sum w)^2 / sum w^2 claims.

    Raises CountersignError without claims or for a weight that is not positive.
    """
    wrong, w = np.asarray(errors, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if not len(w) or len(w) != len(wrong) or not (w > 0).all():
        raise CountersignError("a claim has no positive weight", do="Weigh it by its stratum: frame size / drawn")
    rate = float((w * wrong).sum() / w.sum())
    size = float(w.sum() ** 2 / (w**2).sum())
    return Weighted(rate, size, rate * size)


def fitted_prior(errors: ArrayLike, sizes: ArrayLike) -> Prior:
    """The beta distribution of rates across groups that makes their counts likeliest.

    Its strength is kept between 2 and 500 claims, each part at half a claim or more: with few groups, or with all
    alike, the counts cannot tell.
    Raises CountersignError without any reviewed claim.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  23 MB, for one page

    x, n = _counts(errors, sizes)

    def unlikely(at: Floats) -> float:
        mean, strength = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
        a, b = mean * strength, (1 - mean) * strength
        return -float((betaln(x + a, n - x + b) - betaln(a, b)).sum())

    start = (x.sum() + 0.5) / (n.sum() + 1)
    bounds = [(-8.0, 8.0), (np.log(2.0), np.log(500.0))]
    found = minimize(unlikely, [np.log(start / (1 - start)), np.log(25.0)], bounds=bounds, method="L-BFGS-B").x
    mean, strength = 1 / (1 + np.exp(-found[0])), np.exp(found[1])
    return max(0.5, float(mean * strength)), max(0.5, float((1 - mean) * strength))


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A group's rate drawn towards that of all groups: mean, credible limits, and the chance that it is above
    a limit."""

    mean: float
    lower: float
    upper: float
    above: float


def shrunk(errors: float, size: float, prior: Prior, *, limit: float, credible: float = 0.95) -> Shrunk:
    """The beta-binomial posterior of one group. Counts may be effective ones, not whole."""
    x, n = _counts([errors], [size], least=0)
    a, b = float(prior[0] + x[0]), float(prior[1] + n[0] - x[0])
    tail = (1 - credible) / 2
    lower, upper = (beta_quantile(p, a, b) for p in (tail, 1 - tail))
    return Shrunk(a / (a + b), lower, upper, beta_above(limit, a, b))


def funnel_limits(target: float, size: int, level: float = INNER, overdispersion: float = 1.0) -> tuple[int, int]:
    """Fewest and most claims in error that a group of `size` at the `target` rate shows with chance `level`.

    Exact binomial; with `overdispersion` above 1 for a group that much smaller, as its spread is then.
    """
    if not (0 < target < 1 and 0 < level < 1 and size >= 0 and overdispersion >= 1):
        raise CountersignError("a funnel's target, level or size cannot be", do="Write 5 % as 0.05")
    effective = max(round(size / overdispersion), min(size, 1))
    tail = (1 - level) / 2
    low, high = (binomial_quantile(p, effective, target) for p in (tail, 1 - tail))
    back = size / effective if effective else 1.0
    return max(int(low * back), 0), min(int(np.ceil(high * back)), size)


def overdispersion(errors: ArrayLike, sizes: ArrayLike) -> float:
    """How much more the groups spread than chance alone: mean squared z, the outer tenths pulled in; 1 or more."""
    x, n = _counts(errors, sizes)
    target = x.sum() / n.sum()
    if len(x) < 3 or target in (0.0, 1.0):
        return 1.0
    z = (x / n - target) / np.sqrt(target * (1 - target) / n)
    z = np.clip(z, *np.quantile(z, [0.1, 0.9]))
    return max(1.0, float((z**2).mean()))


def look_closer(errors: Sequence[int], sizes: Sequence[int], limit: float, false_share: float = 0.05) -> list[bool]:
    """Groups whose rate is above `limit` by more than chance, with `false_share` of false ones among them at most.

    One-sided exact binomial tests under Benjamini and Hochberg's rule; groups under ENOUGH are never named.
    """
    if not len(sizes):
        return []
    x, n = _counts(errors, sizes, least=0)
    tested = n >= ENOUGH
    named = np.zeros(len(x), dtype=bool)
    if tested.any():
        counts = zip(x[tested], n[tested], strict=True)
        chances = np.array([binomial_at_least(int(k), int(size), limit) for k, size in counts])
        rank = chances.argsort().argsort() + 1
        enough = chances * len(chances) <= rank * false_share
        named[tested] = chances <= chances[enough].max(initial=-1.0)
    return [bool(one) for one in named]


@dataclass(frozen=True, slots=True)
class Chart:
    """Rates of subgroups in order of time, with the centre and each subgroup's limits; `method`: "p" or "p'"."""

    rates: tuple[float, ...]
    centre: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    method: str

    @property
    def outside(self) -> tuple[int, ...]:
        """Positions of the subgroups beyond their limits."""
        rows = zip(self.rates, self.lower, self.upper, strict=True)
        return tuple(place for place, (rate, low, high) in enumerate(rows) if not low <= rate <= high)


def p_chart(errors: ArrayLike, sizes: ArrayLike) -> Chart:
    """Three-sigma limits; Laney's p' where subgroups are large, which lets the usual spread between them be."""
    x, n = _counts(errors, sizes)
    rates, centre = x / n, float(x.sum() / n.sum())
    sigma = np.sqrt(centre * (1 - centre) / n)
    large = len(x) > 2 and n.mean() >= LARGE_GROUP and centre > 0
    if large:
        z = (rates - centre) / sigma
        sigma = sigma * float(np.abs(np.diff(z)).mean() / 1.128)
    low, high = np.clip(centre - 3 * sigma, 0, 1), np.clip(centre + 3 * sigma, 0, 1)
    return Chart(tuple(rates.tolist()), centre, tuple(low.tolist()), tuple(high.tolist()), "p'" if large else "p")


def ewma_chart(errors: ArrayLike, sizes: ArrayLike, weight: float = 0.2, width: float = 2.7) -> Chart:
    """Exponentially weighted means, which show a slow drift; `weight` of the newest subgroup, `width` in sigma."""
    x, n = _counts(errors, sizes)
    centre = float(x.sum() / n.sum())
    level, part, smooth, half = centre, 0.0, [], []
    for rate, size in zip(x / n, n, strict=True):
        level = weight * float(rate) + (1 - weight) * level
        part = (1 - weight) ** 2 * part + weight**2 / float(size)
        smooth.append(level)
        half.append(width * sqrt(centre * (1 - centre) * part))
    low, high = ([min(max(centre + side * h, 0), 1) for h in half] for side in (-1, 1))
    return Chart(tuple(smooth), centre, tuple(low), tuple(high), "EWMA")


def _counts(errors: ArrayLike, sizes: ArrayLike, least: float = 1e-9) -> tuple[Floats, Floats]:
    x, n = np.asarray(errors, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if x.shape != n.shape or not len(x) or not ((x >= 0) & (x <= n * (1 + 1e-9)) & (n >= least)).all():
        raise CountersignError("errors are not among the reviewed claims of a group", do="Count each group's reviews")
    return np.minimum(x, n), n
