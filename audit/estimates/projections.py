"""Dollars of a whole frame, projected from a random sample of its claims.

Amounts are whole claims' dollars: overpaid and underpaid are projected apart and never netted. Intervals are
Student's t; with few claims in error or very unequal amounts they are rough, and the words say so. Money enters
as Decimal or float and is projected in floating point: a projection is no sum of money.

Sources: Cochran 1977, Sampling Techniques, ch. 2, 5 and 6; OIG RAT-STATS (two-sided 90 % limits); CMS Pub 100-08
ch. 8 s8.4 (recovery at the lower limit of a one-sided 90 % interval); Ohlsson 1998 (sequential Poisson sampling).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.errors import CountersignError
from audit.estimates.distributions import student_quantile

Amounts = Sequence[float]
Sides = Literal[1, 2]
FEW = 10
"""Fewest claims with an amount other than zero for which the interval is not called rough."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Dollars of the frame: `total` with the limits of its interval. `sides` 1: each limit alone holds with the
    confidence, 2: both together do. The two differ on the same data and must be named with the limit."""

    total: float
    lower: float
    upper: float
    standard_error: float
    sampled: int
    frame_size: int
    nonzero: int
    confidence: float
    sides: Sides

    @property
    def bounded(self) -> bool:
        """Whether the limits mean anything: amounts that are all alike, as all zero, show no spread to go by."""
        return self.standard_error > 0 or self.sampled == self.frame_size

    @property
    def sentence(self) -> str:
        """The projection for a manager, the lower limit named by its kind."""
        kind = "two-sided" if self.sides == 2 else "one-sided"
        if not self.nonzero and not self.bounded:
            return (
                f"None in the {self.sampled:,} of {self.frame_size:,} claims reviewed. That does not bound what the "
                "others hold: no interval is given from zeros."
            )
        if not self.bounded:
            return f"Projected from {self.sampled:,} of {self.frame_size:,} claims, all alike: ${self.total:,.0f}."
        carry = "1 claim carries" if self.nonzero == 1 else f"{self.nonzero} claims carry"
        rough = "" if self.nonzero >= FEW else f" Only {carry} an amount, so the range is rough."
        if self.sampled == self.frame_size:
            return f"All {self.frame_size:,} claims were reviewed: ${self.total:,.2f}."
        return (
            f"Projected from {self.sampled:,} of {self.frame_size:,} claims: ${self.total:,.0f}, reasonably "
            f"${max(self.lower, 0.0):,.0f} to ${self.upper:,.0f} (limits of a {kind} {100 * self.confidence:g} % "
            f"interval).{rough}"
        )


def mean_per_unit(amounts: Amounts, frame_size: int, confidence: float = 0.90, sides: Sides = 2) -> Projection:
    """N times the sample's mean, SE = N s / sqrt(n) sqrt(1 - n / N), t with n - 1 degrees of freedom.

    `amounts`: one per sampled claim, zero where nothing is wrong. Raises CountersignError for fewer than two.
    """
    return stratified_total([(frame_size, amounts)], confidence, sides)


def stratified_total(strata: Iterable[tuple[int, Amounts]], confidence: float = 0.95, sides: Sides = 2) -> Projection:
    """The sum of each stratum's mean-per-unit total; t with n - H degrees of freedom. `strata`: (size, amounts)."""
    parts = [(size, _amounts(values, size)) for size, values in strata]
    if not parts:
        raise CountersignError("there are no claims to project from", do="Review the drawn claims first")
    total = sum(size * float(values.mean()) for size, values in parts)
    variance = sum(_variance_of_total(values, size) for size, values in parts)
    sampled = sum(len(values) for _, values in parts)
    nonzero = sum(int(np.count_nonzero(values)) for _, values in parts)
    of, free = (sampled, sum(size for size, _ in parts)), sampled - len(parts)
    return _projection(total, sqrt(variance), free=free, nonzero=nonzero, of=of, confidence=confidence, sides=sides)


def difference(
    audited: Amounts,
    booked: Amounts,
    frame_size: int,
    booked_total: float,
    *,
    confidence: float = 0.95,
    sides: Sides = 2,
) -> Projection:
    """Audited dollars of the frame: its booked total, and N times the mean of audited less booked."""
    pairs = _amounts(audited, frame_size) - _amounts(booked, frame_size)
    wrong = mean_per_unit(pairs.tolist(), frame_size, confidence, sides)
    return _moved(wrong, booked_total)


def ratio(
    audited: Amounts,
    booked: Amounts,
    frame_size: int,
    booked_total: float,
    *,
    confidence: float = 0.95,
    sides: Sides = 2,
) -> Projection:
    """Audited dollars of the frame: its booked total times the sample's audited per booked dollar.

    Raises CountersignError when the sampled claims have no booked dollars.
    """
    y, x = _amounts(audited, frame_size), _amounts(booked, frame_size)
    if len(x) != len(y) or not x.sum():
        raise CountersignError("the sampled claims have no booked dollars to compare with", do="Use mean per unit")
    part = float(y.sum() / x.sum())
    se = ratio_error(len(y), frame_size, part, float(x.mean()), _covariance(y, x)) * booked_total
    nonzero = int(np.count_nonzero(y - x))
    total, of = part * booked_total, (len(y), frame_size)
    return _projection(total, se, free=len(y) - 1, nonzero=nonzero, of=of, confidence=confidence, sides=sides)


def ratio_error(n: int, frame_size: int, part: float, mean: float, covariance: tuple[float, float, float]) -> float:
    """Standard error of a ratio of sums `part` = y / x; `mean` of x, `covariance`: var y, var x, cov."""
    var_y, var_x, cov = covariance
    residual = max(var_y + part**2 * var_x - 2 * part * cov, 0.0)
    return sqrt((1 - n / frame_size) / n * residual) / abs(mean)


def by_size(
    amounts: Amounts, chances: Sequence[float], frame_size: int, confidence: float = 0.90, sides: Sides = 2
) -> Projection:
    """The total from a draw in proportion to dollars: the sum of amount / chance of being drawn.

    `chances`: of each sampled claim; those drawn for sure (1) add themselves and no uncertainty.
    """
    values, chance = _amounts(amounts, frame_size), np.asarray(chances, dtype=np.float64)
    if len(values) != len(chance) or not ((chance > 0) & (chance <= 1)).all():
        raise CountersignError("a chance of being drawn is not between 0 and 1", do="Use those of the plan")
    open_, sure = chance < 1, chance == 1
    n = int(open_.sum())
    if n == 1:
        raise CountersignError("one claim drawn by chance tells nothing of its like", do="Plan two or more")
    shares = values[open_] / chance[open_]
    spread = ((1 - chance[open_]) * (shares - shares.mean()) ** 2).sum() if n else 0.0
    se = sqrt(n / (n - 1) * spread) if n else 0.0
    total = float(values[sure].sum() + shares.sum())
    nonzero = int(np.count_nonzero(values))
    of, free = (len(values), frame_size), max(n - 1, 1)
    return _projection(total, se, free=free, nonzero=nonzero, of=of, confidence=confidence, sides=sides)


def _amounts(values: Amounts, frame_size: int) -> NDArray[np.float64]:
    found = np.asarray([float(value) for value in values], dtype=np.float64)
    if not np.isfinite(found).all():
        raise CountersignError("an amount is not known", do="Price the claim, or leave dollars out of this audit")
    if len(found) > frame_size:
        wrong = f"{len(found):,} sampled claims of a frame of {frame_size:,} cannot be"
        raise CountersignError(wrong, do="Give each sampled claim once")
    if len(found) < min(2, frame_size) or not len(found):
        raise CountersignError("one claim alone tells nothing of the spread of dollars", do="Review two or more")
    return found


def _variance_of_total(values: NDArray[np.float64], size: int) -> float:
    if len(values) == size:
        return 0.0
    return float(size**2 * values.var(ddof=1) / len(values) * (1 - len(values) / size))


def _covariance(y: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[float, float, float]:
    both = np.cov(y, x, ddof=1)
    return float(both[0, 0]), float(both[1, 1]), float(both[0, 1])


def _moved(projection: Projection, by: float) -> Projection:
    moved = {name: getattr(projection, name) for name in Projection.__slots__}
    return Projection(**moved | {name: moved[name] + by for name in ("total", "lower", "upper")})


def _projection(
    total: float, se: float, *, free: int, nonzero: int, of: tuple[int, int], confidence: float, sides: Sides
) -> Projection:
    if not 0 < confidence < 1:
        raise CountersignError(f"a confidence of {confidence} is not between 0 and 1", do="Write 90 % as 0.90")
    tail = 1 - (1 - confidence) / sides
    width = student_quantile(tail, free) * se if se else 0.0
    return Projection(total, total - width, total + width, se, *of, nonzero, confidence, sides)
