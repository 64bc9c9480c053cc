"""Chance that can be repeated: a generator for each purpose, decks that deal without repeating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def chance(seed: int, *purpose: str) -> Random:
    """A generator of its own for one purpose, so that a change in one part leaves the others alone."""
    return Random("/".join([str(seed), *purpose]))  # noqa: S311  (a demo, not a secret)


def weighted(rng: Random, weights: Mapping[T, int]) -> T:
    """One key, with probability in proportion to its whole-number weight."""
    mark = rng.randrange(sum(weights.values()))
    ends = accumulate(weights.values())
    return next(key for key, end in zip(weights, ends, strict=True) if mark < end)


def likely(rng: Random, percent: int) -> bool:
    return rng.randrange(100) < percent


class Deck(Generic[T]):
    """Deals its cards in shuffled order and shuffles again when empty; no card twice in a row."""

    def __init__(self, rng: Random, cards: Sequence[T]) -> None:
        self._rng, self._cards = rng, list(cards)
        self._left: list[T] = []
        self._last: T | None = None

    def deal(self) -> T:
        if not self._left:
            self._left = self._rng.sample(self._cards, len(self._cards))
            if len(self._left) > 1 and self._left[-1] == self._last:
                self._left.reverse()
        self._last = self._left.pop()
        return self._last
