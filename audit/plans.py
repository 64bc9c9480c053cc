"""What a choice of claims for review would cost and be able to say, told before it is frozen."""

from __future__ import annotations

from dataclasses import dataclass

from audit.estimates import Estimate, foreseen
from audit.sampling import FLAGGED, PLANNING_RATES, UNFLAGGED, Frame, Plan, flag_plan, simple_plan

MINUTES_A_CLAIM = 4
"""Minutes that reviewing one claim is taken to need. An assumption: nobody has measured it here yet."""
USUAL_SIZE = 60
"""Claims to offer at first; enough to say something about a limit of 5 in 100."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice that is not frozen yet. `plan` and `foreseen` are None when every flagged claim is taken."""

    frame: Frame
    plan: Plan | None
    foreseen: Estimate | None

    @property
    def claims(self) -> int:
        """Number of claims that people would review."""
        return self.plan.n if self.plan else len(self.frame.eligible.get(FLAGGED, ()))

    @property
    def effort(self) -> str:
        """How much reviewing it is, with the assumption it rests on."""
        minutes = self.claims * MINUTES_A_CLAIM
        time = f"{minutes} minutes" if minutes < 60 else f"{minutes / 60:.1f} hours"
        return f"{_claims(self.claims)} to review: about {time}, assuming {MINUTES_A_CLAIM} minutes a claim."

    @property
    def promise(self) -> str:
        """What the answer will be worth: the width of its interval, if the guessed rates turn out right."""
        if not self.foreseen:
            return (
                "These are chosen because a rule flagged them. They show what the rules find, and say nothing about "
                "the rate of error in all claims."
            )
        rate, lower, upper = (100 * x for x in (self.foreseen.rate, self.foreseen.lower, self.foreseen.upper))
        flagged, unflagged = (f"{100 * PLANNING_RATES[stratum]:g}" for stratum in (FLAGGED, UNFLAGGED))
        return (
            f"Expected answer: something like {rate:.0f} in 100, reasonably {lower:.0f} to {upper:.0f} in 100 "
            f"({(upper - lower) / 2:.1f} either way). That rests on a guess: {flagged} in 100 flagged and {unflagged} "
            "in 100 unflagged claims in error."
        )


def offer(frame: Frame, kind: str, n: int) -> Offer:
    """The choice `kind` (of `audits.KINDS`) with `n` claims; `n` does not matter when all flagged are taken.

    Raises CountersignError for an `n` that does not fit the frame.
    """
    if kind == "flagged":
        return Offer(frame, None, None)
    plan = simple_plan(frame, n) if kind == "simple" else flag_plan(frame, n)
    strata = [(planned.frame_size, planned.n, _guessed(frame, planned.stratum)) for planned in plan.strata]
    return Offer(frame, plan, foreseen(strata, plan.confidence))


def usual_size(frame: Frame) -> int:
    return min(USUAL_SIZE, frame.size)


def _guessed(frame: Frame, stratum: str) -> float:
    """The guessed rate of a stratum; for the whole frame that of its strata together."""
    if stratum in PLANNING_RATES:
        return PLANNING_RATES[stratum]
    return sum(PLANNING_RATES[name] * len(ids) for name, ids in frame.eligible.items()) / frame.size


def _claims(number: int) -> str:
    return f"{number:,} claim" if number == 1 else f"{number:,} claims"
