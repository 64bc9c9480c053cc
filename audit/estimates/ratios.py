"""Shares of what drawn claims hold: claim lines in error of all lines, dollars in error of all dollars.

Claims are drawn, lines and dollars come with them: so the spread is that between claims, each of which stands for
frame size / drawn claims of its stratum. A domain (one payer, one therapist, one code) is the same share with
everything outside it counted as nothing.

Sources: Cochran 1977, Sampling Techniques, ch. 6 (combined ratio estimate, linearised); Korn and Graubard 1998,
Survey Methodology 24 (limits of a proportion from a complex sample); Zou and Donner 2008 (MOVER).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from audit.errors import CountersignError
from audit.estimates.distributions import exact_binomial_limits, student_quantile

Floats = NDArray[np.float64]
Stratum = tuple[int, Sequence[float], Sequence[float]]
"""(frame size in claims, what is in error in each drawn claim, what each drawn claim holds)."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its limits, fractions. `claims`: drawn claims that hold any of it; `in_error`: those of them with
    some in error. `lower` and `upper` are None where the claims show no spread to go by."""

    rate: float
    lower: float | None
    upper: float | None
    claims: int
    in_error: int
    confidence: float


def share_of_lines(strata: Iterable[Stratum], confidence: float = 0.95) -> Share | None:
    """The share of lines (or of claims: one each) in error: Korn and Graubard's limits in each stratum, joined by
    MOVER as the rates of claims are. None where no drawn claim holds any.

    With none of a stratum in error, or all, its claims are taken to be wholly alike inside: each counts once. Strata
    where no drawn claim holds any are left out. Coverage by simulation .93 to .98 (`tests/test_ratios.py`).
    Raises CountersignError for counts that cannot be.
    """
    parts = [part for part in _read(strata) if part.holds]
    if not parts:
        return None
    every = sum(part.holds for part in parts)
    limits = [part.limits(confidence) for part in parts]
    rate = sum(part.rate * part.holds for part in parts) / every
    below = hypot(*((part.rate - low) * part.holds / every for part, (low, _) in zip(parts, limits, strict=True)))
    above = hypot(*((high - part.rate) * part.holds / every for part, (_, high) in zip(parts, limits, strict=True)))
    return Share(rate, rate - below, rate + above, *_counts(parts), confidence)


def share_of_dollars(strata: Iterable[Stratum], confidence: float = 0.95) -> Share | None:
    """The share of dollars in error, by Student's t: rough with few claims in error, and without limits where no
    claim is in error or fewer than two hold dollars. May be over 1 where more is underbilled than billed."""
    parts = _read(strata)
    every = sum(part.holds for part in parts)
    if not every:
        return None
    rate = sum(part.rate * part.holds for part in parts) / every
    error = sqrt(sum(part.variance(rate) for part in parts)) / every
    free = sum(len(part.wrong) for part in parts) - len(parts)
    if all(part.whole for part in parts):
        return Share(rate, rate, rate, *_counts(parts), confidence)
    if not error or free < 1:
        return Share(rate, None, None, *_counts(parts), confidence)
    half = student_quantile((1 + confidence) / 2, free) * error
    return Share(rate, max(rate - half, 0.0), rate + half, *_counts(parts), confidence)


@dataclass(frozen=True)
class _Part:
    """The drawn claims of one stratum of `size` claims: what is `wrong` in each of what `all` it holds."""

    size: int
    wrong: Floats
    all: Floats

    @property
    def whole(self) -> bool:
        return len(self.wrong) == self.size

    @property
    def holds(self) -> float:
        """What the stratum holds, projected."""
        return float(self.all.sum()) * self.size / len(self.all)

    @property
    def rate(self) -> float:
        return float(self.wrong.sum() / self.all.sum()) if self.all.any() else 0.0

    def variance(self, rate: float) -> float:
        """Of the total of `wrong` less `rate` times `all`. A single claim shows no spread and adds none."""
        drawn = len(self.wrong)
        if drawn < 2 or self.whole:
            return 0.0
        spread = float((self.wrong - rate * self.all).var(ddof=1))
        return float(self.size**2) * (1 - drawn / self.size) * spread / drawn

    def limits(self, confidence: float) -> tuple[float, float]:
        if self.whole:
            return self.rate, self.rate
        more = 1 / (1 - len(self.wrong) / self.size)
        variance = self.variance(self.rate) / self.holds**2
        plain = float((self.all > 0).sum()) * more
        size = plain
        if variance > 0:
            size = min(self.rate * (1 - self.rate) / variance, float(self.all.sum()) * more)
        return exact_binomial_limits(self.rate * size, size, (1 - confidence) / 2)


def _read(strata: Iterable[Stratum]) -> list[_Part]:
    parts = [_Part(size, np.asarray(wrong, np.float64), np.asarray(all_, np.float64)) for size, wrong, all_ in strata]
    for part in parts:
        drawn, cannot = len(part.wrong), (part.wrong < 0).any() or (part.all < 0).any()
        if not drawn or drawn != len(part.all) or drawn > part.size or cannot:
            raise CountersignError("the drawn claims of a stratum do not fit it", do="Count each drawn claim once")
    return parts


def _counts(parts: list[_Part]) -> tuple[int, int]:
    return sum(int((part.all > 0).sum()) for part in parts), sum(int((part.wrong > 0).sum()) for part in parts)
