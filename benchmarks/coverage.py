"""How often the intervals hold the true rate: `python -m benchmarks.coverage`.

Writes the table of docs/statistics.md. Nothing is simulated: the chance of every outcome of a sample is summed, so
that there is no seed and no noise; outcomes rarer than RARE are left out and count as misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.stats import hypergeom

from audit.estimates import exact_limits
from audit.sampling import FLAGGED, PLANNING_RATES, UNFLAGGED, allocate
from benchmarks.monitor import FLAGS, FRAME, Clinic, Floats, clinic

SIZES, RATES = (30, 60, 100, 200), (0.02, 0.05, 0.08, 0.15)
RARE = 1e-5
CONFIDENCE, COMPLIANCE = 0.95, 0.90
NOISE = 1e-12
limits = lru_cache(maxsize=200_000)(exact_limits)


class Ends(NamedTuple):
    """Of the outcomes of one stratum that matter: their chance, and the claims in error estimated, at least, at
    most."""

    chance: Floats
    middle: Floats
    lower: Floats
    upper: Floats


class Held(NamedTuple):
    """How often the interval holds the true rate, and its mean half-width."""

    coverage: float
    half_width: float


def ends(size: int, wrong: int, drawn: int, confidence: float) -> Ends:
    seen = np.arange(drawn + 1)
    chance = hypergeom.pmf(seen, size, wrong, drawn)
    seen, chance = seen[chance > RARE], chance[chance > RARE]
    found = np.array([limits(int(x), drawn, size, confidence) for x in seen], dtype=np.float64)
    return Ends(chance, seen * size / drawn, found[:, 0], found[:, 1])


def by_flag(one: Clinic, drawn: tuple[int, int], confidence: float = CONFIDENCE) -> Held:
    """MOVER on the exact limits of two strata, as `audit.estimates.stratified_rate`."""
    cells = zip(one.sizes.tolist(), one.errors.tolist(), drawn, strict=True)
    a, b = (ends(size, wrong, n, confidence) for size, wrong, n in cells)
    middle = np.add.outer(a.middle, b.middle)
    below = np.hypot.outer(a.middle - a.lower, b.middle - b.lower)
    above = np.hypot.outer(a.upper - a.middle, b.upper - b.middle)
    truth, size = one.errors.sum(), one.sizes.sum()
    held = (middle - below <= truth + NOISE * size) & (truth - NOISE * size <= middle + above)
    chance = np.multiply.outer(a.chance, b.chance)
    return Held(float((chance * held).sum()), float((chance * (above + below)).sum() / 2 / size))


def plain(one: Clinic, n: int, confidence: float) -> Held:
    """Exact limits of a plain sample."""
    size, truth = int(one.sizes.sum()), int(one.errors.sum())
    a = ends(size, truth, n, confidence)
    held = (a.lower <= truth) & (truth <= a.upper)
    return Held(float((a.chance * held).sum()), float((a.chance * (a.upper - a.lower)).sum() / 2 / size))


def afterwards(one: Clinic, n: int) -> Held:
    """A plain sample judged by flag where both strata were hit, else by exact limits: over every split of n."""
    flagged, unflagged = one.sizes.tolist()
    total = np.zeros(2)
    for hit in range(n + 1):
        chance = hypergeom.pmf(hit, flagged + unflagged, flagged, n)
        if chance > RARE:
            total += chance * np.array(by_flag(one, (hit, n - hit)) if 0 < hit < n else _missed(one, hit, n))
    return Held(*total.tolist())


def _missed(one: Clinic, hit: int, n: int) -> Held:
    """All `n` claims came from one stratum: the exact limits of the whole frame from its errors."""
    here = int(hit == 0)
    size, wrong = int(one.sizes[here]), int(one.errors[here])
    seen = np.arange(n + 1)
    chance = hypergeom.pmf(seen, size, wrong, n)
    whole, truth = int(one.sizes.sum()), int(one.errors.sum())
    seen, chance = seen[chance > RARE], chance[chance > RARE]
    found = np.array([limits(int(x), n, whole, CONFIDENCE) for x in seen])
    held = (found[:, 0] <= truth) & (truth <= found[:, 1])
    return Held(float((chance * held).sum()), float((chance * (found[:, 1] - found[:, 0])).sum() / 2 / whole))


def planned(one: Clinic, n: int) -> tuple[int, int]:
    """The draws of a first plan by flag, shared by the guessed rates, which are wrong for most of these clinics."""
    sizes = dict(zip((FLAGGED, UNFLAGGED), one.sizes.tolist(), strict=True))
    shares = allocate(sizes, n, PLANNING_RATES)
    return shares[FLAGGED], shares[UNFLAGGED]


def rows(frame: int = FRAME) -> Iterator[tuple[int, float, str, Held, Held, Held]]:
    """(n, rate, flag, by flag, plain judged by flag, compliance) of every configuration."""
    for n in SIZES:
        for rate in RATES:
            for name, quality in FLAGS.items():
                one = clinic(rate, *quality, frame)
                yield n, rate, name, by_flag(one, planned(one, n)), afterwards(one, n), plain(one, n, COMPLIANCE)


def main() -> None:
    print(f"Frame {FRAME:,}; coverage and mean half-width in points of 100; enumerated, no seed")
    print("| n | true rate | flag | by flag (default), 95 % | plain, judged by flag, 95 % | compliance, 90 % |")
    print("|---|---|---|---|---|---|")
    for n, rate, name, *held in rows():
        shown = " | ".join(f"{one.coverage:.3f}, ±{100 * one.half_width:.1f}" for one in held)
        print(f"| {n} | {rate:.0%} | {name} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
