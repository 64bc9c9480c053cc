"""What the drawn claims of an audit say, from their reviews alone: counts by stratum, the interval, the monitor.

Nothing here reads the store, so that a stranger comes to the same numbers from a dossier.
"""

from __future__ import annotations

import pandas as pd

from audit.audits import Audit
from audit.estimates import Estimate, simple_rate, stratified_rate
from audit.monitor import Watch, watch
from audit.sampling import PLANNING_RATES, UNFLAGGED, WHOLE_FRAME


def strata_of(audit: Audit, claims: pd.DataFrame) -> pd.DataFrame:
    """frame_size, drawn, reviewed and in_error by stratum of the frame. `claims`: claim_id, stratum, reviewed,
    in_error of each drawn claim, in the order drawn. A plain sample is counted by flag, too: it is judged so where
    both were drawn."""
    sizes = {stratum: len(ids) for stratum, ids in audit.frame.eligible.items()}
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
    """The interval of the plan, once every drawn claim is reviewed; None before, for screening, for a watched plan
    and for a draw by dollars, in which claims do not count alike."""
    drawn, reviewed = int(strata["drawn"].sum()), int(strata["reviewed"].sum())
    if audit.plan is None or audit.kind in ("watched", "dollars") or not drawn or reviewed < drawn:
        return None
    if audit.kind in WHOLE_FRAME and not (audit.kind == "simple" and (strata["reviewed"] > 0).all()):
        wrong, size = int(strata["in_error"].sum()), int(strata["frame_size"].sum())
        return simple_rate(wrong, reviewed, size, audit.plan.confidence)
    counted = strata[["frame_size", "reviewed", "in_error"]].to_numpy().tolist()
    return stratified_rate([(size, done, wrong) for size, done, wrong in counted], audit.plan.confidence)


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
        return f"{done}: the rate of claims in error is {side} of {at}. This was known after {now.decided_after:,}."
    if stopped:
        return f"{done}, then stopped: whether the rate is within {at} is not known."
    more = f"about {now.further:,} more" if now.further else "only reviewing nearly all of the frame"
    return f"{done}: whether the rate is within {at} is not yet known; {more} would tell, if it stays as it is so far."
