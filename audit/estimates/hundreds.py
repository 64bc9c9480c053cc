"""How a rate and its limits are written: per 100, with the same digits in words, on charts and on paper."""

from __future__ import annotations

from collections.abc import Sequence

NOISE = 1e-9
"""Relative noise of a computed probability: a number this near to its limit counts as equal to it."""
MOST_DECIMALS = 5


def hundreds(rates: Sequence[float], limit: float | None = None) -> list[str]:
    """Fractions as numbers per 100, the best estimate first, all in as few decimals as keep each on its side of the
    limit, and an estimate between none and all from being shown as either."""
    for decimals in range(MOST_DECIMALS + 1):
        shown = [round(100 * one, decimals) for one in rates]
        best_is_told = (shown[0] > 0 or rates[0] <= 0) and (shown[0] < 100 or rates[0] >= 1)
        if best_is_told and (limit is None or _same_sides(shown, rates, limit)):
            break
    return [f"{one:.{decimals}f}" for one in shown]


def _same_sides(shown: Sequence[float], rates: Sequence[float], limit: float) -> bool:
    sides = zip(shown, rates, strict=True)
    return all((one > 100 * limit + NOISE) == (rate > limit + NOISE) for one, rate in sides)
