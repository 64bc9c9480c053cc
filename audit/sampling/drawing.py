"""The seed and the draw: which claims are reviewed, in which order."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from audit.errors import CountersignError, StateError
from audit.sampling.by_size import cents_of, drawn_for_sure
from audit.sampling.frames import Frame, refuse_repeats, sha256
from audit.sampling.planning import ALL, WHOLE_FRAME, Plan

LEAST_SEED_DIGITS = 20
LARGEST_HASH = 2**256


def new_seed() -> str:
    """A seed of 40 digits from the system's source of randomness, for the moment after the plan is fixed."""
    return f"{secrets.randbelow(10**40):040d}"


def check_seed(text: str) -> None:
    """Raises CountersignError unless `text` is digits 0-9 only, 20 of them or more."""
    if not re.fullmatch(rf"[0-9]{{{LEAST_SEED_DIGITS},}}", text):
        wrong = f"the seed is not {LEAST_SEED_DIGITS} digits or more and nothing else"
        raise CountersignError(wrong, do="Type digits without spaces, or let the system draw a seed")


def draw(claim_ids: Iterable[str], n: int, seed: str) -> list[str]:
    """The first `n` ids by ascending hex SHA-256 of seed + "," + id (UTF-8), ties by id.

    The order of `claim_ids` does not matter; a draw of n is the start of a draw of n + 1.
    Raises CountersignError when an id is there twice or `n` is below 0 or above the number of ids.
    """
    ids = list(claim_ids)
    refuse_repeats(ids, "the list to draw from")
    if not 0 <= n <= len(ids):
        wrong = f"{n:,} claims cannot be drawn from {len(ids):,}"
        raise CountersignError(wrong, do=f"Choose a number from 0 to {len(ids):,}")
    return sorted(ids, key=lambda claim_id: (sha256(f"{seed},{claim_id}"), claim_id))[:n]


@dataclass(frozen=True)
class Sample:
    """The claims to review: stratum -> ids in the order drawn, with what is needed to draw them again.

    `order`: (stratum, id) in the order of review: stratum by stratum, in a watched plan as their turns come.
    """

    seed: str
    frame_sha256: str
    plan_sha256: str
    selected: Mapping[str, tuple[str, ...]]
    order: tuple[tuple[str, str], ...]

    @property
    def claim_ids(self) -> tuple[str, ...]:
        return tuple(claim_id for _, claim_id in self.order)


def draw_sample(frame: Frame, plan: Plan, seed: str) -> Sample:
    """Draw what `plan` says from `frame`; excluded claims are never drawn.

    Raises StateError when the plan is not of this frame, CountersignError for a bad seed.
    """
    check_seed(seed)
    groups = frame.eligible
    if plan.kind in WHOLE_FRAME:
        groups = {ALL: tuple(claim_id for ids in frame.eligible.values() for claim_id in ids)}
    planned = {p.stratum: p.frame_size for p in plan.strata}
    if plan.frame_sha256 != frame.sha256 or planned != {name: len(ids) for name, ids in groups.items()}:
        raise StateError("the plan was made for another frame", do="Draw from the frame the plan names")
    if plan.kind == "watched":
        order = _in_turns(groups, dict(plan.shares), plan.n, seed)
    elif plan.kind == "dollars":
        order = [(ALL, claim_id) for claim_id in _by_size(frame, plan.n, seed)]
    else:
        order = [(p.stratum, claim_id) for p in plan.strata for claim_id in draw(groups[p.stratum], p.n, seed)]
    selected = {name: tuple(claim_id for of, claim_id in order if of == name) for name in groups}
    return Sample(seed, frame.sha256, plan.plan_sha256, selected, tuple(order))


def _in_turns(
    groups: Mapping[str, tuple[str, ...]], shares: Mapping[str, float], n: int, seed: str
) -> list[tuple[str, str]]:
    """Claims of both strata in one order: turn t is flagged when the hash of seed + ",turn," + t, as a fraction, is
    below its share; a stratum used up gives its turns to the other. An extension only adds turns."""
    waiting = {name: iter(draw(ids, len(ids), seed)) for name, ids in groups.items()}
    first = min(groups)  # "flagged", where there are both
    order: list[tuple[str, str]] = []
    for turn in range(1, n + 1):
        flagged = int(sha256(f"{seed},turn,{turn}"), 16) < Decimal(str(shares[first])) * LARGEST_HASH
        names = sorted(groups, key=lambda name: (name == first) != flagged)
        order.append(next((name, claim_id) for name in names if (claim_id := next(waiting[name], ""))))
    return order


def _by_size(frame: Frame, n: int, seed: str) -> list[str]:
    """Sequential Poisson sampling: those drawn for sure, then by ascending hash / amount."""
    cents = cents_of(frame)
    sure = drawn_for_sure(cents, n)
    rest = [claim_id for claim_id in cents if claim_id not in sure]
    rest.sort(key=lambda one: (int(sha256(f"{seed},{one}"), 16) // cents[one], one))
    return [*sorted(sure), *rest][:n]
