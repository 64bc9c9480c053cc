"""Chances of being drawn in proportion to dollars."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from audit.sampling.frames import Frame


def chances(frame: Frame, n: int) -> dict[str, float]:
    """By claim its chance of being drawn in proportion to dollars: n x / sum x, and 1 for those it would exceed."""
    cents = cents_of(frame)
    sure = drawn_for_sure(cents, n)
    rest = sum(amount for claim_id, amount in cents.items() if claim_id not in sure)
    return {one: 1.0 if one in sure else (n - len(sure)) * amount / rest for one, amount in cents.items()}


def cents_of(frame: Frame) -> dict[str, int]:
    return {row.claim_id: int(Decimal(row.amount) * 100) for row in frame.rows if not row.excluded}


def drawn_for_sure(cents: Mapping[str, int], n: int) -> set[str]:
    """Claims so dear that a draw of `n` in proportion takes them always; each makes the next more likely so."""
    sure: set[str] = set()
    rest = sum(cents.values())
    for claim_id, amount in sorted(cents.items(), key=lambda one: (-one[1], one[0])):
        if amount * (n - len(sure)) < rest:
            break
        sure.add(claim_id)
        rest -= amount
    return sure
