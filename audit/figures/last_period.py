"""What the last finished sample of this clinic showed, to plan the next one by."""

from __future__ import annotations

from sqlalchemy import Engine

from audit.auditing.plans import Expected
from audit.figures.results import in_claims, overview
from audit.sampling import PLANNING_RATES

PRIOR_CLAIMS = 10
"""Weight, in claims, of the guess that a stratum's rate is drawn towards."""
LOWEST = 0.01
BY = {"therapist": ("therapist", "each"), "payer": ("payer",)}
"""Kinds of plan whose strata tell of those of another; all else is planned by flag."""
BY_FLAG = ("flag", "simple")


def expected(engine: Engine, kind: str, limit: float = 0.05) -> Expected | None:
    """Rates by stratum of the newest sample of such strata whose every drawn claim is reviewed; None without any."""
    kinds = BY.get(kind, BY_FLAG)
    drawn = overview(engine)
    for audit_id in drawn.loc[drawn["kind"].isin(kinds) & drawn["seeded"], "id"]:
        found = in_claims(engine, int(audit_id))
        if found.estimate:
            rows = found.strata[found.strata["reviewed"] > 0].to_dict("records")
            rates = {str(row["stratum"]): _rate(row["in_error"], row["reviewed"], str(row["stratum"]), limit)
                     for row in rows}  # fmt: skip
            return Expected(rates, found.audit.name)
    return None


def _rate(in_error: int, reviewed: int, stratum: str, limit: float) -> float:
    guess = PLANNING_RATES.get(stratum, limit)
    return max(LOWEST, (in_error + PRIOR_CLAIMS * guess) / (reviewed + PRIOR_CLAIMS))
