"""How far reviewers agree: the share of like verdicts, and Gwet's AC1, which corrects for chance.

Kappa is not given: where nearly all verdicts are alike it says "poor" of reviewers who hardly ever differ.
Source: Gwet 2008 (British Journal of Mathematical and Statistical Psychology 61, 29-48).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from audit.errors import CountersignError

FEW = 20
"""Fewest twice-judged items of which more than their number is said."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`raw`: share of agreeing pairs of verdicts. `by_chance`: the share that chance alone would give. `items`:
    those judged by two people or more. `ac1` is None when there is only one possible verdict."""

    raw: float
    by_chance: float
    ac1: float | None
    items: int

    @property
    def sentence(self) -> str:
        if self.items < FEW:
            same = round(self.raw * self.items)
            return f"Two people judged {self.items} findings and agreed on {same}: too few to tell more."
        corrected = "" if self.ac1 is None else f"; {self.ac1:.2f} of 1 beyond chance (Gwet's AC1)"
        return f"Two people judged {self.items:,} findings and agreed on {100 * self.raw:.0f} in 100{corrected}."


def agreement(verdicts: Iterable[Sequence[Hashable | None]], kinds: int | None = None) -> Agreement | None:
    """Agreement over items, each with the verdicts of its judges (None: not judged by that one).

    `kinds`: number of possible verdicts (default: those that occur). None when no item has two verdicts.
    Raises CountersignError when more kinds occur than are possible.
    """
    items = [Counter(one for one in judged if one is not None) for judged in verdicts]
    items = [counts for counts in items if counts]
    twice = [counts for counts in items if counts.total() > 1]
    if not twice:
        return None
    possible = set().union(*items)
    q = kinds or len(possible)
    if len(possible) > q:
        raise CountersignError(f"{len(possible)} verdicts occur where {q} are possible", do="Count the kinds anew")
    raw = sum(_pairs_alike(counts) for counts in twice) / len(twice)
    shares = [sum(counts[kind] / counts.total() for counts in items) / len(items) for kind in possible]
    chance = sum(share * (1 - share) for share in shares) / (q - 1) if q > 1 else 1.0
    return Agreement(raw, chance, (raw - chance) / (1 - chance) if q > 1 else None, len(twice))


def _pairs_alike(counts: Counter[Hashable]) -> float:
    judges = counts.total()
    return sum(n * (n - 1) for n in counts.values()) / (judges * (judges - 1))
