"""Plans: what will be drawn and how it will be judged, fixed before there is a seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil, sqrt
from typing import Literal, NamedTuple

from audit.errors import CountersignError, InputError
from audit.estimates import discovery_size
from audit.sampling.by_size import cents_of, drawn_for_sure
from audit.sampling.frames import FLAGGED, UNFLAGGED, Frame, sha256

Kind = Literal["flag", "simple", "watched", "therapist", "payer", "each", "dollars", "discovery", "compliance"]
KINDS: dict[str, str] = {
    "flag": "a random sample, flagged and unflagged apart",
    "simple": "a plain random sample",
    "watched": "a random sample watched claim by claim",
    "therapist": "a random sample of every therapist's claims",
    "payer": "a random sample of every payer's claims",
    "each": "a fixed number of claims of each therapist",
    "dollars": "a random sample in proportion to dollars",
    "discovery": "the fewest claims that can clear a rate",
    "compliance": "a plain random sample by the rules of a compliance audit",
}
ALL = "all"
"""The one stratum of a plan that draws from the whole frame."""
WHOLE_FRAME = ("simple", "dollars", "discovery", "compliance")
PLANNING_RATES = {FLAGGED: 0.5, UNFLAGGED: 0.02}
"""Guessed rates of claims in error for a first plan by flag; the last period's replace them."""
FLAGGED_SHARE = 0.4
"""Part of the draws that go to flagged claims in a watched plan: more finds a bad rate sooner and clears a good
one later (benchmarks/monitor.py: at .30, .40, .50 a true 8 % is found after 123, 109, 102, a true 2 % cleared after
217, 247, 291 reviews)."""
EXACT = "exact hypergeometric limits"
BY_FLAG_AFTERWARDS = "post-stratified by flag with MOVER on exact limits when both strata were drawn, else exact limits"
COMPLIANCE = "exact hypergeometric limits of a two-sided interval; dollars by mean per unit with t limits"
MOVER = "MOVER on exact hypergeometric limits of each stratum"
BETTING = "betting test without replacement, valid after every claim (Waudby-Smith and Ramdas 2024)"
BY_SIZE = "sequential Poisson sampling in proportion to dollars; Horvitz-Thompson total, t limits (Ohlsson 1998)"
ALL_REVIEWED = "when every drawn claim is reviewed; a missing record counts as an error"


class PlannedStratum(NamedTuple):
    """`n` of the `frame_size` claims that may be drawn in this stratum."""

    stratum: str
    frame_size: int
    n: int


@dataclass(frozen=True)
class Plan:
    """What will be drawn and how it will be judged. Build it with one of the functions below.

    `confidence` and `tolerable_rate` are fractions. `shares`: by stratum its part of the draws in a watched plan.
    """

    kind: Kind
    strata: tuple[PlannedStratum, ...]
    confidence: float
    tolerable_rate: float
    frame_sha256: str
    method: str
    stop_rule: str = ALL_REVIEWED
    shares: tuple[tuple[str, float], ...] = ()

    @property
    def n(self) -> int:
        """Claims to review; in a watched plan, at most. Its strata share them as they come."""
        if self.kind == "watched":
            return max(planned.n for planned in self.strata)
        return sum(planned.n for planned in self.strata)

    @property
    def frame_size(self) -> int:
        return sum(planned.frame_size for planned in self.strata)

    @property
    def description(self) -> str:
        """The plan in one sentence of a manager's words."""
        limit, level = f"{100 * self.tolerable_rate:g} %", f"{100 * self.confidence:g} %"
        claims = f"{self.n:,} of {self.frame_size:,} claims"
        if self.kind == "watched":
            return f"Review up to {claims} in the order drawn, until the limit of {limit} is known to hold or not."
        if self.kind == "discovery":
            return f"Review {claims}: no error among them clears a rate of {limit}, with {level} confidence."
        if self.kind == "dollars":
            return f"Review {claims} drawn in proportion to their dollars, then project the dollars in error."
        parts = " and ".join(f"{p.n:,} of the {p.frame_size:,} {p.stratum}" for p in self.strata)
        split = f" ({parts})" if self.kind == "flag" else f" from {len(self.strata):,} groups"
        split = "" if self.kind in WHOLE_FRAME else split
        return (
            f"Review {claims} drawn at random{split}, all of them, then give the error rate with a {level} interval "
            f"beside the limit of {limit}."
        )

    @property
    def plan_sha256(self) -> str:
        """Hex SHA-256 of the UTF-8 bytes of `to_json()`."""
        return sha256(self.to_json())

    def to_json(self) -> str:
        """Canonical JSON: keys sorted, no spaces, strata as [name, frame size, n]."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Plan:
        """The plan that `to_json` wrote. Raises InputError when the text is no plan."""
        try:
            fields = json.loads(text)
            strata = tuple(PlannedStratum(*planned) for planned in fields.pop("strata"))
            shares = tuple((str(name), float(share)) for name, share in fields.pop("shares", ()))
            plan = Plan(strata=strata, shares=shares, **fields)
            if plan.kind not in KINDS:
                raise ValueError(plan.kind)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError("the text is not a saved plan", where="plan", do="Use it as saved") from error
        return plan


def simple_plan(frame: Frame, n: int, *, confidence: float = 0.95, tolerable_rate: float = 0.05) -> Plan:
    """A plan that draws `n` claims from the whole frame, flagged or not alike; judged by flag afterwards."""
    strata = _whole(frame, n, confidence, tolerable_rate)
    return Plan("simple", strata, confidence, tolerable_rate, frame.sha256, BY_FLAG_AFTERWARDS)


def compliance_plan(frame: Frame, n: int, *, tolerable_rate: float = 0.05) -> Plan:
    """The plan of compliance audits: a plain sample, exact two-sided 90 % limits, dollars by mean per unit."""
    strata = _whole(frame, n, 0.90, tolerable_rate)
    return Plan("compliance", strata, 0.90, tolerable_rate, frame.sha256, COMPLIANCE)


def _whole(frame: Frame, n: int, confidence: float, tolerable_rate: float) -> tuple[PlannedStratum, ...]:
    _check_rates(confidence, tolerable_rate)
    _check_size(n, frame.size)
    return (PlannedStratum(ALL, frame.size, n),)


def discovery_plan(frame: Frame, *, tolerable_rate: float = 0.05, confidence: float = 0.95) -> Plan:
    """The smallest plain sample that, without an error in it, clears `tolerable_rate` with `confidence`."""
    n = discovery_size(frame.size, tolerable_rate, 1 - confidence)
    stop = "at the first error (the rate cannot be cleared), or when every drawn claim is reviewed"
    strata = (PlannedStratum(ALL, frame.size, n),)
    return Plan("discovery", strata, confidence, tolerable_rate, frame.sha256, EXACT, stop)


def flag_plan(
    frame: Frame,
    n: int,
    *,
    confidence: float = 0.95,
    tolerable_rate: float = 0.05,
    planning_rates: Mapping[str, float] = PLANNING_RATES,
) -> Plan:
    """A plan that draws `n` claims, shared between the strata "flagged" and "unflagged" by `allocate`.

    `planning_rates` are the rates of claims in error expected in each, from the last period where there is
    one. Raises CountersignError for other strata and for an `n` that does not fit.
    """
    _check_flags(frame)
    rates = {**PLANNING_RATES, **planning_rates}
    return stratified_plan(
        frame, n, kind="flag", confidence=confidence, tolerable_rate=tolerable_rate, planning_rates=rates
    )


def stratified_plan(
    frame: Frame,
    n: int,
    *,
    kind: Literal["flag", "therapist", "payer"],
    confidence: float = 0.95,
    tolerable_rate: float = 0.05,
    planning_rates: Mapping[str, float] | None = None,
) -> Plan:
    """A plan that draws `n` claims, shared between the strata of the frame by `allocate`. Strata without a planning
    rate are taken to be at the tolerable one, so that equal guesses share by size."""
    sizes = {stratum: len(ids) for stratum, ids in frame.eligible.items()}
    rates = dict.fromkeys(sizes, tolerable_rate) | dict(planning_rates or {})
    _check_rates(confidence, tolerable_rate, *rates.values())
    shares = allocate(sizes, n, rates)
    strata = tuple(PlannedStratum(stratum, size, shares[stratum]) for stratum, size in sizes.items())
    return Plan(kind, strata, confidence, tolerable_rate, frame.sha256, MOVER)


def each_plan(frame: Frame, each: int = 10, *, confidence: float = 0.95, tolerable_rate: float = 0.05) -> Plan:
    """A plan that draws `each` claims of every stratum, or all where it has fewer."""
    _check_rates(confidence, tolerable_rate)
    sizes = {stratum: len(ids) for stratum, ids in frame.eligible.items()}
    _check_size(each, max(sizes.values()))
    strata = tuple(PlannedStratum(stratum, size, min(each, size)) for stratum, size in sizes.items())
    return Plan("each", strata, confidence, tolerable_rate, frame.sha256, MOVER)


def watched_plan(frame: Frame, most: int, *, risk: float = 0.05, tolerable_rate: float = 0.05) -> Plan:
    """A plan by flag that ends as soon as the monitor knows, after `most` reviews at the latest."""
    _check_rates(risk, tolerable_rate)
    _check_flags(frame)
    _check_size(most, frame.size)
    sizes = {stratum: len(ids) for stratum, ids in frame.eligible.items()}
    shares = {FLAGGED: FLAGGED_SHARE, UNFLAGGED: 1 - FLAGGED_SHARE} if len(sizes) > 1 else dict.fromkeys(sizes, 1.0)
    strata = tuple(PlannedStratum(stratum, size, most) for stratum, size in sizes.items())
    stop = f"when the monitor knows, or after {most} reviews; a missing record counts as an error"
    named = tuple(sorted(shares.items()))
    return Plan("watched", strata, 1 - risk, tolerable_rate, frame.sha256, BETTING, stop, named)


def dollars_plan(frame: Frame, n: int, *, confidence: float = 0.90, tolerable_rate: float = 0.05) -> Plan:
    """A plan that draws `n` claims with chances in proportion to their amounts.

    Raises CountersignError where a claim of the frame has no amount above zero.
    """
    _check_rates(confidence, tolerable_rate)
    _check_size(n, frame.size, least=min(2, frame.size))
    without = sum(not row.excluded and not float(row.amount or 0) > 0 for row in frame.rows)
    if without:
        wrong = f"{without:,} of {frame.size:,} claims have no charge above zero, so they could never be drawn"
        raise CountersignError(wrong, do="Load their charges, or take a plan that does not go by dollars")
    if n - len(drawn_for_sure(cents_of(frame), n)) == 1:
        wrong = "all but one of these claims are so dear that they are drawn for sure: the one left tells no spread"
        raise CountersignError(wrong, do=f"Choose {n + 1:,} claims")
    strata = (PlannedStratum(ALL, frame.size, n),)
    return Plan("dollars", strata, confidence, tolerable_rate, frame.sha256, BY_SIZE)


def allocate(sizes: Mapping[str, int], n: int, rates: Mapping[str, float]) -> dict[str, int]:
    """Share `n` between strata of `sizes` claims each: Neyman's allocation, whole numbers that sum to `n`.

    Every stratum gets 10, and of two a quarter of n, as far as it and `n` reach; each further claim goes where it
    lowers the variance most: the largest N S / sqrt(n (n + 1)), S = sqrt(p (1 - p)), among those not used up.
    A rate counts as 1 % at least and 99 % at most. Source: Wright 2012, The American Statistician 66(4).
    """
    _check_size(n, sum(sizes.values()), least=len(sizes) or 1)
    wanted = max(10, ceil(n / 4)) if len(sizes) <= 2 else 10
    floor = min(wanted, n // len(sizes))
    shares = {stratum: min(floor, size) for stratum, size in sizes.items()}
    planned = {stratum: min(max(rates[stratum], 0.01), 0.99) for stratum in sizes}
    weights = {stratum: size * sqrt(planned[stratum] * (1 - planned[stratum])) for stratum, size in sizes.items()}
    for _ in range(n - sum(shares.values())):
        open_strata = [stratum for stratum in sizes if shares[stratum] < sizes[stratum]]
        neediest = max(open_strata, key=lambda s: weights[s] / sqrt(shares[s] * (shares[s] + 1)))
        shares[neediest] += 1
    return shares


def _check_flags(frame: Frame) -> None:
    if not set(frame.eligible) <= {FLAGGED, UNFLAGGED}:
        wrong = f"the frame has strata other than {FLAGGED} and {UNFLAGGED}"
        raise CountersignError(wrong, do="Freeze it by flag, or take a simple plan")


def _check_size(n: int, size: int, least: int = 1) -> None:
    if not least <= n <= size:
        wrong = f"a plan cannot draw {n:,} of {size:,} claims"
        raise CountersignError(wrong, do=f"Choose a number from {least:,} to {size:,}")


def _check_rates(*rates: float) -> None:
    if not all(0 < rate < 1 for rate in rates):
        wrong = "a confidence or a rate of the plan is not between 0 and 1"
        raise CountersignError(wrong, do="Write 95 % as 0.95 and 5 % as 0.05")
