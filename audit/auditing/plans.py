"""What a choice of claims for review would cost and be able to say, told before it is frozen.

First the question, then the ways to answer it, then the number of claims that the answer needs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import pairwise
from statistics import median

from sqlalchemy import Engine, select

from audit import sampling
from audit.auditing.audits import FLAGGED_KIND
from audit.estimates import Estimate, exact_limits, foreseen
from audit.estimates.monitor import watch
from audit.sampling import FLAGGED, PLANNING_RATES, UNFLAGGED, WHOLE_FRAME, Frame, Plan
from audit.store import schema
from audit.store.database import read

QUESTIONS: dict[str, str] = {
    FLAGGED_KIND: "What do the flagged claims hold? Every one is reviewed; no sample",
    "limit": "Is our rate of claims in error under the limit?",
    "size": "How large is our rate of claims in error?",
    "each": "How does each therapist bill?",
    "dollars": "How many dollars are in error?",
}
WAYS: dict[str, dict[str, str]] = {
    FLAGGED_KIND: {FLAGGED_KIND: "Finds the most errors; tells nothing about the error rate."},
    "limit": {
        "watched": "Ends as soon as the answer is known; may be looked at after every claim.",
        "discovery": "The fewest claims; one error among them, and the rate cannot be cleared.",
    },
    "size": {
        "flag": "Tells the error rate of all claims, and reviews more of the flagged ones.",
        "simple": "Tells the error rate of all claims in the plainest way, most often with a wider range.",
        "therapist": "Tells the error rate of all claims, with claims of every therapist.",
        "payer": "Tells the error rate of all claims, with claims of every payer.",
    },
    "each": {"each": "The same number of claims of each therapist, for feedback to each."},
    "dollars": {
        "compliance": "The plain way of compliance audits: exact limits and mean per unit at 90 %.",
        "dollars": "Draws dear claims more often: fewer reviews where few claims carry the dollars.",
    },
}
"""By question the kinds of plan that answer it, the usual one first, with what each is worth."""
FIXED_SIZE = ("discovery", FLAGGED_KIND)
"""Kinds whose number of claims is no choice."""
ASSUMED_MINUTES = 4.0
"""Minutes that reviewing one claim is taken to need, until enough reviews here have been timed."""
TIMED = 20
"""Fewest timed reviews that replace the assumption."""
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(minutes=30)
"""What lies between two signatures of one person counts as a review only between these."""
USUAL_SIZE = 60
"""Claims to offer at first; enough to say something about a limit of 5 in 100."""
USUAL_MOST = 300
"""Reviews after which a watched plan ends at the latest, to offer at first."""
USUAL_EACH = 10
HALF_WIDTH = 0.03


@dataclass(frozen=True, slots=True)
class Pace:
    """Minutes a claim, and the timed reviews it is the median of; 0 for the assumption."""

    minutes: float = ASSUMED_MINUTES
    timed: int = 0

    @property
    def words(self) -> str:
        if self.timed:
            return f"{self.minutes:.1f} minutes a claim (median of {self.timed:,} reviews here)"
        return f"assuming {self.minutes:g} minutes a claim"


@dataclass(frozen=True, slots=True)
class Expected:
    """Rates of claims in error by stratum that a plan goes by, and the name of the sample that showed them; "" for a
    guess. A stratum that is not there is guessed: PLANNING_RATES, or the limit."""

    rates: Mapping[str, float] = field(default_factory=lambda: dict(PLANNING_RATES))
    sample: str = ""

    def rate(self, stratum: str, limit: float) -> float:
        return self.rates.get(stratum, PLANNING_RATES.get(stratum, limit))


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice that is not frozen yet. `plan` and `foreseen` are None where there is none."""

    frame: Frame
    kind: str
    plan: Plan | None
    foreseen: Estimate | None
    pace: Pace = Pace()
    expected: Expected = Expected()

    @property
    def claims(self) -> int:
        """Number of claims that people would review; of a watched plan, the most."""
        return self.plan.n if self.plan else len(self.frame.eligible.get(FLAGGED, ()))

    @property
    def effort(self) -> str:
        """How much reviewing it is, with what it rests on."""
        minutes = self.claims * self.pace.minutes
        time = f"{minutes:.0f} minutes" if minutes < 60 else f"{minutes / 60:.1f} hours"
        most = "Up to " if self.kind == "watched" else ""
        return f"{most}{_claims(self.claims)} to review: about {time}, {self.pace.words}."

    @property
    def promise(self) -> str:
        """What the answer will be worth, if the guessed rates turn out right."""
        if not self.plan:
            return (
                "These are chosen because a rule flagged them. They show what the rules find, and say nothing about "
                "the rate of error in all claims."
            )
        if self.plan.kind == "watched":
            return _watched(self.frame, self.plan)
        if self.plan.kind == "discovery":
            return (
                f"No error among {_claims(self.plan.n)} means a rate of {100 * self.plan.tolerable_rate:g} in 100 or "
                "less. One error, and this sample cannot clear it: how large the rate is, it does not tell."
            )
        if self.plan.kind == "each":
            return _each(self.plan)
        if self.plan.kind == "dollars":
            return "Gives the dollars in error with a 90 % interval. The rate of claims in error, it does not tell."
        return self._width

    @property
    def _width(self) -> str:
        if not self.foreseen:
            return ""
        rate, lower, upper = (100 * x for x in (self.foreseen.rate, self.foreseen.lower, self.foreseen.upper))
        return (
            f"Expected answer: something like {rate:.0f} in 100, reasonably {lower:.0f} to {upper:.0f} in 100 "
            f"({(upper - lower) / 2:.1f} either way). That rests on {_guess(self.frame, self.expected)}"
        )


def offer(
    frame: Frame,
    kind: str,
    n: int,
    pace: Pace | None = None,
    *,
    limit: float = 0.05,
    expected: Expected | None = None,
) -> Offer:
    """The choice `kind` (of `audits.KINDS`) with `n` claims (of each therapist for `each`, at most for `watched`);
    `n` does not matter for FIXED_SIZE. `frame` has the strata of that kind, see `audits.frame_of`. `expected`: see
    `last_period.expected`; guesses without.

    Raises CountersignError for an `n` that does not fit the frame.
    """
    pace, expected = pace or Pace(), expected or Expected()
    if kind == FLAGGED_KIND:
        return Offer(frame, kind, None, None, pace)
    plan = _plan(frame, kind, n, limit, expected)
    guesses = [(p.frame_size, p.n, _guessed(frame, p.stratum, limit, expected)) for p in plan.strata]
    ahead = foreseen(guesses, plan.confidence) if kind in (*WAYS["size"], "compliance") else None
    return Offer(frame, kind, plan, ahead, pace, expected)


def _plan(frame: Frame, kind: str, n: int, limit: float, expected: Expected) -> Plan:
    rates = {stratum: expected.rate(stratum, limit) for stratum in frame.eligible}
    make: dict[str, Callable[..., Plan]] = {
        "simple": sampling.simple_plan,
        "compliance": sampling.compliance_plan,
        "watched": sampling.watched_plan,
        "dollars": sampling.dollars_plan,
        "each": sampling.each_plan,
        "flag": partial(sampling.flag_plan, planning_rates=rates),
        "therapist": partial(sampling.stratified_plan, kind="therapist", planning_rates=rates),
        "payer": partial(sampling.stratified_plan, kind="payer", planning_rates=rates),
    }
    if kind == "discovery":
        return sampling.discovery_plan(frame, tolerable_rate=limit)
    return make[kind](frame, n, tolerable_rate=limit)


def usual_size(frame: Frame, kind: str = "flag") -> int:
    """The number to offer first."""
    if kind == "each":
        return min(USUAL_EACH, most(frame, kind))
    return min(USUAL_MOST if kind == "watched" else USUAL_SIZE, frame.size)


def most(frame: Frame, kind: str) -> int:
    """The largest number that fits."""
    return max(map(len, frame.eligible.values())) if kind == "each" else frame.size


def size_for(
    frame: Frame, kind: str, half_width: float = HALF_WIDTH, *, limit: float = 0.05, expected: Expected | None = None
) -> int:
    """Fewest claims whose interval is foreseen to be no wider than `half_width` either way, by the same interval
    that will be reported; the whole frame when nothing less does."""
    least = 1 if kind in WHOLE_FRAME else len(frame.eligible)

    def narrow(n: int) -> bool:
        ahead = offer(frame, kind, n, limit=limit, expected=expected).foreseen
        return ahead is not None and (ahead.upper - ahead.lower) / 2 <= half_width

    sizes = range(least, frame.size)
    return sizes.start + bisect_left(sizes, True, key=narrow)


def measured_pace(engine: Engine) -> Pace:
    """The median time between two reviews signed one after the other by one person; the assumption until TIMED."""
    table = schema.signatures.c
    query = select(table.account_id, table.at).where(table.meaning == "reviewed").order_by(table.account_id, table.at)
    with read(engine) as connection:
        rows = connection.execute(query).all()
    gaps = [later.at - one.at for one, later in pairwise(rows) if later.account_id == one.account_id]
    timed = [gap.total_seconds() / 60 for gap in gaps if SHORTEST <= gap <= LONGEST]
    return Pace(median(timed), len(timed)) if len(timed) >= TIMED else Pace()


def _watched(frame: Frame, plan: Plan) -> str:
    sizes = {planned.stratum: planned.frame_size for planned in plan.strata}
    ahead = watch([], sizes, dict(plan.shares), limit=plan.tolerable_rate, expected=PLANNING_RATES).further
    guess = Expected()
    rate = 100 * sum(guess.rate(stratum, 0) * size for stratum, size in sizes.items()) / frame.size
    soon = f"about {ahead:,} reviews decide" if ahead and ahead < plan.n else "all of them may not decide"
    return (
        f"If about {rate:.0f} in 100 claims are in error, {soon}; the nearer the true rate lies to the limit of "
        f"{100 * plan.tolerable_rate:g} in 100, the more it takes. It says above or within, each wrongly in at most 5 "
        f"of 100 audits; how large the rate is, it does not tell. That rests on {_guess(frame, guess)}"
    )


def _each(plan: Plan) -> str:
    size, n = max((planned.frame_size, planned.n) for planned in plan.strata)
    clean, some = exact_limits(0, n, size), exact_limits(min(2, n), n, size)
    told = f"none in error still leaves up to {100 * clean[1] / size:.0f} in 100 possible"
    if n > 2:
        told += f", 2 in error anything from {100 * some[0] / size:.0f} to {100 * some[1] / size:.0f} in 100"
    return (
        f"{_claims(n)} of one therapist can say: {told}. Enough to talk about, too few to rank people. Together, "
        "weighted, they give the rate of all claims."
    )


def _guess(frame: Frame, expected: Expected) -> str:
    """What a promise rests on, in words."""
    if not set(frame.eligible) <= {FLAGGED, UNFLAGGED}:
        if expected.sample:
            return f"the rates of the last sample, {expected.sample}, drawn towards the limit where it was small."
        return "a guess: every group at the limit."
    flagged, unflagged = (f"{100 * expected.rate(stratum, 0):.2g}" for stratum in (FLAGGED, UNFLAGGED))
    found = f"{flagged} in 100 flagged and {unflagged} in 100 unflagged claims in error."
    if expected.sample:
        return f"the last sample, {expected.sample}, drawn a little towards the usual guess: {found}"
    return f"a guess: {found}"


def _guessed(frame: Frame, stratum: str, limit: float, expected: Expected) -> float:
    """The expected rate of a stratum; for the whole frame that of its strata together."""
    if stratum != sampling.ALL:
        return expected.rate(stratum, limit)
    return sum(expected.rate(name, limit) * len(ids) for name, ids in frame.eligible.items()) / frame.size


def _claims(number: int) -> str:
    return f"{number:,} claim" if number == 1 else f"{number:,} claims"
