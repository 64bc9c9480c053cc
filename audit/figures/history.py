"""The clinic's finished samples one after the other: is the rate of claims in error moving, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from sqlalchemy import Engine, func, select

from audit.estimates import Estimate
from audit.figures.results import Results, against_the_claim, in_claims, overview
from audit.reviewing.review import decisions, findings
from audit.store import schema
from audit.store.database import read
from audit.store.rows import among

MOST = 12
"""Samples looked back at."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished random sample: `first` and `last` date of service in words of ISO dates."""

    audit_id: int
    name: str
    first: str
    last: str
    reviewed: int
    estimate: Estimate


def samples(engine: Engine) -> list[Sample]:
    """Finished random samples with an interval, by their dates of service, the newest MOST."""
    every = overview(engine)
    found = []
    for audit_id in every.loc[every["seeded"], "id"].tolist()[:MOST]:
        now = in_claims(engine, int(audit_id))
        if now.estimate and len(now.claims):
            days = sorted(f"{one:%Y-%m-%d}" for one in now.claims["service_date"])
            done = int(now.strata["reviewed"].sum())
            found.append(Sample(now.audit.id, now.audit.name, days[0], days[-1], done, now.estimate))
    return sorted(found, key=lambda one: (one.first, one.audit_id))


def difference(before: Estimate, after: Estimate) -> tuple[float, float, float]:
    """After less before with the limits of two independent samples, by MOVER (Zou and Donner 2008)."""
    change = after.rate - before.rate
    below = hypot(after.rate - after.lower, before.upper - before.rate)
    above = hypot(after.upper - after.rate, before.rate - before.lower)
    return change, change - below, change + above


def moved(found: list[Sample]) -> str:
    """The answer to "is it better than last time?"."""
    if len(found) < 2:
        return "One finished sample tells of no change. The next one will."
    before, after = found[-2:]
    change, low, high = (100 * one for one in difference(before.estimate, after.estimate))
    by = f"{change:+.1f} in 100 ({low:+.1f} to {high:+.1f})"
    what = f"From {before.name} to {after.name} the best estimate moved by {by}"
    if low <= 0 <= high:
        return f"{what}: that can be chance."
    return f"{what}: more than chance, it is {'higher' if change > 0 else 'lower'} now."


@dataclass(frozen=True, slots=True)
class Left:
    """Claims in error in the frame: how many there are by the estimate, `found` by any review and since `mended`
    (a newer version came), and what is left to find."""

    total: float
    lower: float
    upper: float
    found: int
    mended: int

    @property
    def sentence(self) -> str:
        left = max(self.total - self.found, 0)
        low, high = (max(one - self.found, 0) for one in (self.lower, self.upper))
        return (
            f"Found: {self.found:,} claims in error of this frame, {self.mended:,} of them loaded again since. "
            f"Remaining: about {left:,.0f} that nobody has found, reasonably {low:,.0f} to {high:,.0f}."
        )


def left(engine: Engine, now: Results) -> Left | None:
    """What reviews of any audit found in the claims of this frame, against the estimate; None without one."""
    if not now.estimate:
        return None
    claims = schema.claims
    in_frame = [claim for ids in now.audit.frame.eligible.values() for claim in ids]
    wrong = (
        select(claims.c.claim_id, func.max(claims.c.version))
        .join(decisions, decisions.c.claim_version_id == claims.c.id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .where(against_the_claim())
        .group_by(claims.c.claim_id)
    )
    current = select(claims.c.claim_id, claims.c.version).where(claims.c.is_current)
    with read(engine) as connection:
        found: dict[str, int] = dict(
            connection.execute(wrong.where(among(connection, claims.c.claim_id, in_frame))).all()
        )
        newest: dict[str, int] = dict(
            connection.execute(current.where(among(connection, claims.c.claim_id, [*found]))).all()
        )
    mended = sum(newest.get(claim, version) > version for claim, version in found.items())
    size, one = now.audit.frame.size, now.estimate
    return Left(size * one.rate, size * one.lower, size * one.upper, len(found), mended)
