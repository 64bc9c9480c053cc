"""What an audit found: the rate of claims in error with its interval, and what reviewers upheld, by rule.

A claim is in error when a reviewer upheld a finding of severity error or warning on it, corrected a line, or saw an
error that no rule found. Only claims count whose review has ended: by as many people as their plan asks for, and with
their differences settled. A drawn claim that was replaced before its review is a missing record and counts as an
error. An interval is given at the planned end, not before; a watched plan shows what its monitor knows instead. A
claim that changed since it was signed counts by what was signed, and is told of.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, or_, select

from audit.auditing.audits import FLAGGING, KINDS, Audit, audit_of, audits
from audit.estimates import Estimate, in_words, per_hundred, verdict
from audit.estimates.monitor import Watch
from audit.figures.judging import (
    IN_DOLLARS,
    Dollars,
    discovered,
    discovered_in_words,
    dollars_of,
    estimate_of,
    strata_of,
    watched,
    watched_in_words,
)
from audit.figures.upheld import with_dollars
from audit.reviewing.final_verdicts import BEGUN, final, fully_reviewed, missed_stands, of_signed_run
from audit.reviewing.review import AGREE, CORRECT, DISMISS, UPHELD, decisions, findings, newest_run, signatures
from audit.store import schema
from audit.store.database import read


@dataclass(frozen=True)
class Results:
    """Results of one audit. `strata`: frame_size, drawn, reviewed, in_error by stratum. `claims`: one row per
    drawn claim, in the order drawn: claim_version_id, claim_id, service_date, therapist, payer, stratum, missing,
    reviewed, begun (a person signed, another one is to), in_error, and once a plan in dollars is complete over, under,
    unpriced. `watch`: what the monitor of a
    watched plan knows; `stopped`: it was ended by a person. `dollars`: see `judging.Dollars`."""

    audit: Audit
    strata: pd.DataFrame
    claims: pd.DataFrame
    by_rule: pd.DataFrame
    estimate: Estimate | None
    limit: float
    watch: Watch | None = None
    stopped: bool = False
    dollars: Dollars | None = None

    @property
    def complete(self) -> bool:
        return bool(self.strata["reviewed"].sum() == self.strata["drawn"].sum()) and len(self.claims) > 0

    @property
    def verdict(self) -> str:
        if self.watch:
            return self.watch.verdict
        return verdict(self.estimate, self.limit) if self.estimate else discovered(self.audit, self.strata)

    @property
    def question(self) -> str:
        """What the audit can answer: screening never tells a rate."""
        if self.audit.plan is None:
            return "What did reviewers find on the flagged claims?"
        if self.audit.kind == "dollars":
            return "How many dollars are billed in error?"
        if self.audit.kind == "each":
            return "How does each therapist bill?"
        return f"Is our claim error rate under {100 * self.limit:g} %?"

    @property
    def sentence(self) -> str:
        """The answer for a manager."""
        begun = int(self.claims["begun"].sum())
        waits = (
            f" {begun:,} more {'is' if begun == 1 else 'are'} signed by one person and wait{'s' if begun == 1 else ''} "
            "for the next: counted once the review has ended."
        )
        return self._answer + (waits if begun else "")

    @property
    def _answer(self) -> str:
        drawn, done = int(self.strata["drawn"].sum()), int(self.strata["reviewed"].sum())
        if self.watch and self.audit.seed:
            return watched_in_words(self.watch, self.limit, drawn, stopped=self.stopped)
        if self.audit.plan and self.audit.kind == "discovery" and self.audit.seed:
            return discovered_in_words(self.strata, self.limit, self.audit.plan.confidence)
        if self.estimate:
            return in_words(self.estimate, done, int(self.strata["frame_size"].sum()), self.limit)
        if self.audit.kind == "dollars" and self.dollars:
            return self.dollars.sentence
        return self._without_answer(drawn, done)

    def _without_answer(self, drawn: int, done: int) -> str:
        if self.audit.plan is None:
            wrong = int(self.strata["in_error"].sum())
            return (
                f"{done:,} of {drawn:,} flagged claims are reviewed, {wrong:,} of them in error. These were chosen "
                "because a rule flagged them: they say nothing about the rate of error in all claims."
            )
        if not self.audit.seed:
            return "No claim is drawn yet: the plan is frozen and waits for its seed."
        what = "The dollars are" if self.audit.kind == "dollars" else "The rate is"
        return f"{done:,} of {drawn:,} drawn claims are reviewed. {what} given when all of them are, not before."

    @property
    def in_dollars(self) -> pd.DataFrame:
        """side, claims (reviewed claims that carry an amount), found (their dollars), projected, lower, upper, in
        words; no rows without dollars."""
        sides = {"too much": self.dollars.over, "too little": self.dollars.under} if self.dollars else {}
        found = {"too much": "over", "too little": "under"}
        rows = [
            {
                "side": side,
                "claims": f"{one.nonzero:,}",
                "found": f"${sum(self.claims[found[side]]):,.2f}",
                "projected": f"${one.total:,.0f}",
                "lower": f"${max(one.lower, 0):,.0f}" if one.bounded else "not known",
                "upper": f"${one.upper:,.0f}" if one.bounded else "not known",
            }
            for side, one in sides.items()
        ]
        return pd.DataFrame(rows)

    @property
    def interval(self) -> str:
        """The estimate, its interval and the limit, short: what a drawing of them says. "" without an estimate."""
        if not self.estimate:
            return ""
        rate, lower, upper = per_hundred(self.estimate, self.limit)
        return (
            f"Claims in error: best estimate {rate} in 100, reasonably {lower} to {upper} in 100 "
            f"({100 * self.estimate.confidence:g} % interval). The limit is {100 * self.limit:g} in 100."
        )


def results(engine: Engine, audit_id: int) -> Results:
    """Results of an audit as they stand now."""
    now = in_claims(engine, audit_id)
    if now.audit.kind not in IN_DOLLARS or not len(now.claims) or not now.claims["reviewed"].all():
        return now
    claims = with_dollars(engine, now.claims)
    return replace(now, claims=claims, dollars=dollars_of(now.audit, claims))


def in_claims(engine: Engine, audit_id: int) -> Results:
    """`results` without dollars, which take long to price: for who asks for rates and progress alone."""
    with read(engine) as connection:
        audit = audit_of(connection, audit_id)
        claims = _claims(connection, audit_id)
        by_rule = _by_rule(connection, audit_id)
        stops = schema.audit_stops
        stopped = connection.execute(select(stops.c.audit_id).where(stops.c.audit_id == audit_id)).first() is not None
    strata = strata_of(audit, claims)
    limit = audit.plan.tolerable_rate if audit.plan else 0.05
    seen = watched(audit, claims)
    return Results(audit, strata, claims, by_rule, estimate_of(audit, strata), limit, seen, stopped)


def overview(engine: Engine) -> pd.DataFrame:
    """All audits, newest first: the columns of `audits.audits`, `reviewed` claims (missing records too, as in
    `Results`), `chosen` and `state` in words."""
    taken, claims = schema.audit_claims, schema.claims
    last = select(func.max(signatures.c.id)).group_by(signatures.c.claim_version_id)
    query = (
        select(taken.c.audit_id, func.count())
        .join(claims, claims.c.id == taken.c.claim_version_id)
        .outerjoin(signatures, and_(signatures.c.claim_version_id == claims.c.id, signatures.c.id.in_(last)))
        .where(or_(fully_reviewed(signatures), ~claims.c.is_current))
        .group_by(taken.c.audit_id)
    )
    with read(engine) as connection:
        done: dict[int, int] = dict(connection.execute(query).all())
    found = audits(engine)
    found["reviewed"] = found["id"].map(done).fillna(0).astype("int64")
    found["chosen"] = found["kind"].map(KINDS)
    return found.assign(state=[_state(one) for one in found.to_dict("records")])


def first_to_show(overview: pd.DataFrame) -> int | None:
    """The audit to open with: the newest random sample that is drawn, else the newest of all."""
    drawn = overview[overview["seeded"]]
    best = drawn if len(drawn) else overview
    return int(best["id"].iloc[0]) if len(best) else None


def _state(one: dict[Hashable, Any]) -> str:
    if one["kind"] != "flagged" and not one["seeded"]:
        return "frozen, no seed yet"
    finished = one["reviewed"] == one["claims"]
    return "all reviewed" if finished else f"{one['reviewed']:,} of {one['claims']:,} reviewed"


def against_the_claim() -> ColumnElement[bool]:
    """The decision, joined to its finding if it has one, puts its claim in error."""
    upheld = or_(decisions.c.kind == CORRECT, findings.c.severity.in_(FLAGGING))
    return or_(missed_stands(), and_(decisions.c.kind.in_(UPHELD), upheld, final()))


def _of_audit(audit_id: int) -> Select[Any]:
    """The claim versions of an audit: what is asked of few claims is not worked out for all."""
    taken = schema.audit_claims.c
    return select(taken.claim_version_id).where(taken.audit_id == audit_id)


def _named(name: ColumnElement[Any], number: ColumnElement[Any]) -> ColumnElement[Any]:
    """What the claim calls it, else its number, which no claim lacks: a group without a word cannot be chosen."""
    return func.coalesce(func.nullif(name, ""), number)


def _claims(connection: Connection, audit_id: int) -> pd.DataFrame:
    claims, taken = schema.claims, schema.audit_claims
    last = select(func.max(signatures.c.id)).where(signatures.c.claim_version_id == claims.c.id).scalar_subquery()
    signed = signatures.alias()
    upheld = (
        select(decisions.c.claim_version_id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .where(against_the_claim(), decisions.c.claim_version_id.in_(_of_audit(audit_id)))
    )
    query = (
        select(
            claims.c.id.label("claim_version_id"),
            claims.c.claim_id,
            claims.c.service_date,
            _named(claims.c.rendering_name, claims.c.rendering_npi).label("therapist"),
            _named(claims.c.payer_name, claims.c.payer_id).label("payer"),
            taken.c.stratum,
            fully_reviewed(signed).label("reviewed"),
            func.coalesce(signed.c.meaning, "").in_(BEGUN).label("begun"),
            claims.c.id.in_(upheld).label("in_error"),
            claims.c.is_current,
        )
        .join(taken, taken.c.claim_version_id == claims.c.id)
        .outerjoin(signed, signed.c.id == last)
        .where(taken.c.audit_id == audit_id)
        .order_by(taken.c.position)
    )
    found = connection.execute(query)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    reviewed = rows["reviewed"].astype("bool")
    rows["missing"] = ~reviewed & ~rows.pop("is_current").astype("bool")
    rows["reviewed"] = reviewed | rows["missing"]
    rows["begun"] = rows["begun"].astype("bool") & ~rows["reviewed"]
    rows["in_error"] = (rows["in_error"].astype("bool") & reviewed) | rows["missing"]
    return rows


def _by_rule(connection: Connection, audit_id: int) -> pd.DataFrame:
    """Per rule, over the audit's claims: found, upheld, dismissed, open, in the run that was signed last, before any
    signature in the newest."""
    taken, screened = schema.audit_claims, schema.run_claims.c.claim_version_id
    run = newest_run().where(screened.in_(_of_audit(audit_id))).subquery()
    made = and_(decisions.c.finding_id == findings.c.id, decisions.c.kind.in_((*UPHELD, DISMISS)), final())
    query = (
        select(findings.c.rule, decisions.c.kind, func.count())
        .join(run, run.c.claim_version_id == findings.c.claim_version_id)
        .join(taken, taken.c.claim_version_id == findings.c.claim_version_id)
        .outerjoin(decisions, made)
        .where(taken.c.audit_id == audit_id, findings.c.severity != "untestable")
        .where(of_signed_run(findings, run.c.run_id))
        .group_by(findings.c.rule, decisions.c.kind)
    )
    rows = pd.DataFrame(connection.execute(query).all(), columns=["rule", "verdict", "n"])
    rows["verdict"] = rows["verdict"].fillna("open").replace(CORRECT, AGREE)
    wide = rows.pivot_table(index="rule", columns="verdict", values="n", fill_value=0, aggfunc="sum")
    wide = wide.reindex(columns=[AGREE, DISMISS, "open"], fill_value=0).astype("int64")
    wide.columns = pd.Index(["upheld", "dismissed", "open"])
    return wide.assign(found=wide.sum(axis=1)).sort_values("found", ascending=False, kind="stable").reset_index()
