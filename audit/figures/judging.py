"""What the drawn claims of an audit say, from their reviews alone: counts by stratum, the interval, the monitor.

Nothing here reads the store, so that a stranger comes to the same numbers from a dossier.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.auditing.audits import Audit
from audit.estimates import STOPPING_RULE, Estimate, Verdict, simple_rate, stratified_rate
from audit.estimates.monitor import Watch, watch
from audit.estimates.projections import Projection, Sides, by_size, mean_per_unit
from audit.sampling import PLANNING_RATES, UNFLAGGED, WHOLE_FRAME, chances

IN_DOLLARS = ("compliance", "dollars")
"""Kinds of plan whose results are projected in dollars."""
NO_INTERVAL = ("watched", "dollars", "discovery")
"""A watched plan has its monitor, in a draw by dollars claims do not count alike, discovery only clears or not."""


@dataclass(frozen=True, slots=True)
class Dollars:
    """What a sample says of the dollars in error in all claims: over and under gross, never netted. `recovery`: over
    with limits that each hold alone. `unpriced`: reviewed claims with an error that has no price."""

    over: Projection
    under: Projection
    recovery: Projection
    unpriced: int

    @property
    def sentences(self) -> tuple[str, str, str]:
        """The answer for a manager: over, under, and what has no price."""
        alone = f"${max(self.recovery.lower, 0):,.0f}"
        recovered = (
            f" At least {alone} by the lower limit of a one-sided {100 * self.recovery.confidence:g} % interval, at "
            "which Medicare's contractors recover."
        )
        over = f"Overbilled: {self.over.sentence}{recovered if self.over.standard_error else ''}"
        return over, f"Underbilled: {self.under.sentence} The two are never netted.", self.left_out

    @property
    def sentence(self) -> str:
        return " ".join(self.sentences)

    @property
    def left_out(self) -> str:
        if not self.unpriced:
            return "Every upheld error has its price."
        one = self.unpriced == 1
        return (
            f"{self.unpriced:,} reviewed claim{'' if one else 's'} hold{'s' if one else ''} an error without a price "
            "(no fee on file, an error that changes no units, or a missing record): what it is worth is not in these "
            "dollars, so they are too low by that."
        )


def strata_of(audit: Audit, claims: pd.DataFrame) -> pd.DataFrame:
    """frame_size, drawn, reviewed and in_error by stratum of the frame. `claims`: claim_id, stratum, reviewed,
    in_error of each drawn claim, in the order drawn. A plain sample is counted by flag, too: it is judged so where
    both were drawn."""
    sizes = dict(audit.frame.sizes)
    group = claims["stratum"]
    if audit.kind == "flagged":
        sizes.pop(UNFLAGGED, None)
    elif audit.kind == "simple":
        group = claims["claim_id"].map({row.claim_id: row.stratum for row in audit.frame.rows}).rename("stratum")
    elif audit.plan and audit.kind in WHOLE_FRAME:
        sizes = {planned.stratum: planned.frame_size for planned in audit.plan.strata}
    counted = claims.groupby(group).agg(
        drawn=("claim_id", "size"), reviewed=("reviewed", "sum"), in_error=("in_error", "sum")
    )
    strata = pd.DataFrame({"frame_size": sizes}).join(counted).fillna(0).astype("int64")
    return strata.rename_axis("stratum").reset_index()


def estimate_of(audit: Audit, strata: pd.DataFrame) -> Estimate | None:
    """The interval of the plan, once every drawn claim is reviewed; None before, for screening and for the plans of
    NO_INTERVAL."""
    drawn, reviewed = int(strata["drawn"].sum()), int(strata["reviewed"].sum())
    if audit.plan is None or audit.kind in NO_INTERVAL or not drawn or reviewed < drawn:
        return None
    if audit.kind in WHOLE_FRAME and not (audit.kind == "simple" and (strata["reviewed"] > 0).all()):
        wrong, size = int(strata["in_error"].sum()), int(strata["frame_size"].sum())
        return simple_rate(wrong, reviewed, size, audit.plan.confidence)
    counted = strata[["frame_size", "reviewed", "in_error"]].to_numpy().tolist()
    return stratified_rate([(size, done, wrong) for size, done, wrong in counted], audit.plan.confidence)


def dollars_of(audit: Audit, claims: pd.DataFrame) -> Dollars | None:
    """The dollars in error of the whole frame, once every drawn claim is reviewed, for a plan of IN_DOLLARS. `claims`:
    claim_id, reviewed, over, under, unpriced of each drawn claim."""
    if audit.plan is None or audit.kind not in IN_DOLLARS or not len(claims) or not claims["reviewed"].all():
        return None
    size, level = audit.frame.size, audit.plan.confidence
    if len(claims) < min(2, size):
        return None
    chance = chances(audit.frame, len(claims)) if audit.kind == "dollars" else {}

    def projected(side: str, sides: Sides = 2) -> Projection:
        amounts = [float(one) for one in claims[side]]
        if chance:
            return by_size(amounts, [chance[one] for one in claims["claim_id"]], size, level, sides)
        return mean_per_unit(amounts, size, level, sides)

    return Dollars(projected("over"), projected("under"), projected("over", 1), int(claims["unpriced"].sum()))


def discovered(audit: Audit, strata: pd.DataFrame) -> Verdict:
    """Whether a discovery sample clears the limit: "within" when all of it is reviewed without an error. It never
    says "above": one error only means that it cannot clear."""
    clean = audit.kind == "discovery" and not strata["in_error"].sum() and strata["drawn"].sum() > 0
    return "within" if clean and strata["reviewed"].sum() == strata["drawn"].sum() else "unknown"


def discovered_in_words(strata: pd.DataFrame, limit: float, confidence: float) -> str:
    """The answer of a discovery sample for a manager."""
    drawn, done, wrong = (int(strata[name].sum()) for name in ("drawn", "reviewed", "in_error"))
    at = f"{100 * limit:g} in 100"
    if wrong:
        return (
            f"{wrong:,} of {done:,} reviewed claims {'is' if wrong == 1 else 'are'} in error: this sample cannot clear "
            f"a rate of {at}. It may end here. How large the rate is, it does not tell: plan a sample that does."
        )
    if done < drawn:
        return f"{done:,} of {drawn:,} drawn claims are reviewed, none in error so far. All of them have to be."
    return (
        f"None of {drawn:,} claims is in error: the rate is within {at}, with {100 * confidence:g} % confidence (the "
        f"upper limit of a one-sided interval). How large it is, this sample does not tell. {STOPPING_RULE}"
    )


def watched(audit: Audit, claims: pd.DataFrame) -> Watch | None:
    """What the monitor of a watched plan knows from the claims reviewed one after the other, in the order drawn."""
    if audit.plan is None or audit.plan.kind != "watched":
        return None
    leading = claims[claims["reviewed"].cummin()]
    reviews = [(str(stratum), bool(wrong)) for stratum, wrong in leading[["stratum", "in_error"]].to_numpy()]
    sizes = {planned.stratum: planned.frame_size for planned in audit.plan.strata}
    return watch(
        reviews,
        sizes,
        dict(audit.plan.shares),
        limit=audit.plan.tolerable_rate,
        risk=round(1 - audit.plan.confidence, 12),
        expected=PLANNING_RATES,
    )


def watched_in_words(now: Watch, limit: float, planned: int, *, stopped: bool = False) -> str:
    """The answer of a monitor for a manager."""
    at, done = f"{100 * limit:g} in 100", f"{now.reviewed:,} of up to {planned:,} claims reviewed in the order drawn"
    if now.verdict != "unknown":
        side = "above your limit" if now.verdict == "above" else "within your limit"
        known = f"{done}: the rate of claims in error is {side} of {at}. This was known after {now.decided_after:,}."
        return f"{known} {STOPPING_RULE}"
    if stopped:
        return f"{done}, then stopped: whether the rate is within {at} is not known."
    more = f"about {now.further:,} more" if now.further else "only reviewing nearly all of the frame"
    return f"{done}: whether the rate is within {at} is not yet known; {more} would tell, if it stays as it is so far."
