"""Which of the decisions people made are in force, as conditions in SQL; `store.verdicts` says the same of rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from audit.store import schema
from audit.store.review_conditions import RULED, VERDICTS

decisions, signatures = schema.decisions, schema.signatures
BEGUN = ("reviewed", "second")
"""Signed by a person, and by another one still to be reviewed, adjudicated or approved."""


def standing(table: Any = decisions) -> ColumnElement[bool]:
    """The decision is none that was undone, and no undoing itself."""
    later = decisions.alias()
    return and_(table.c.kind != "undo", ~exists().where(later.c.undoes_id == table.c.id))


def newest_review(table: Any = decisions) -> ColumnElement[Any]:
    """The newest first signature on the decision's claim version."""
    signed = signatures.alias()
    same = (signed.c.claim_version_id == table.c.claim_version_id) & (signed.c.meaning == "reviewed")
    return select(signed.c.id).where(same).order_by(signed.c.id.desc()).limit(1).scalar_subquery()


def of_signed_run(found: Any, otherwise: ColumnElement[Any]) -> ColumnElement[bool]:
    """The finding is of the run whose findings were signed last on its claim version, before any signature of the run
    `otherwise`: what an earlier run found says nothing of the claim any more, and a later one nothing yet."""
    signed = signatures.alias()
    same = (signed.c.claim_version_id == found.c.claim_version_id) & signed.c.run_id.is_not(None)
    last = select(signed.c.run_id).where(same).order_by(signed.c.id.desc()).limit(1).scalar_subquery()
    told: ColumnElement[bool] = found.c.run_id == func.coalesce(last, otherwise)
    return told


def final(table: Any = decisions) -> ColumnElement[bool]:
    """The decision is the verdict that stands on its finding: that of an accepted dispute, else the adjudicated one,
    else that of the first review; on a finding `of_signed_run`."""
    later, found, newest = decisions.alias(), schema.findings.alias(), newest_review(table)
    counts = exists().where(found.c.id == table.c.finding_id, of_signed_run(found, found.c.run_id))
    adjudicated = exists().where(
        later.c.finding_id == table.c.finding_id,
        later.c.stage == "adjudication",
        later.c.review_id == newest,
        standing(later),
    )
    of_stage = ((table.c.stage == "first") & ~adjudicated) | (
        (table.c.stage == "adjudication") & (table.c.review_id == newest)
    )
    ruled = decisions.alias()
    reversed_ = exists().where(ruled.c.finding_id == table.c.finding_id, ruled.c.stage == RULED)
    return and_(standing(table), counts, (table.c.stage == RULED) | (of_stage & ~reversed_))


def missed_stands(table: Any = decisions) -> ColumnElement[bool]:
    """The decision reports an error that no rule found, in the first review or in a second one of the newest first
    signature, and neither an adjudicator of that nor an accepted dispute dismissed it."""
    later, newest = decisions.alias(), newest_review(table)
    dismissed = exists().where(
        later.c.about_id == table.c.id,
        (later.c.stage == RULED) | ((later.c.stage == "adjudication") & (later.c.review_id == newest)),
        later.c.kind == "dismiss",
        standing(later),
    )
    of_review = (table.c.stage == "first") | (table.c.review_id == newest)
    return and_(table.c.kind == "missed", standing(table), of_review, ~dismissed)


def fully_reviewed(signed: Any) -> ColumnElement[bool]:
    """The newest signature on a row of `claims`, `signed`, ends its review: as many people as its plan asks for have
    signed, and where they differ the difference is settled. An approved or returned claim is reviewed; so is one that
    was replaced before the next person came to it, whom it cannot have any more."""
    planned = schema.planned_claims
    people = (
        select(planned.c.people)
        .where(planned.c.claim_version_id == signed.c.claim_version_id)
        .order_by(planned.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    told: ColumnElement[bool] = or_(
        signed.c.meaning.in_(("approved", "returned")),
        and_(signed.c.meaning == "reviewed", func.coalesce(people, 1) < 2),
        and_(signed.c.meaning == "second", ~_differ(signed)),
        and_(signed.c.meaning.in_(BEGUN), ~schema.claims.c.is_current),
    )
    return func.coalesce(told, False)  # no signature is no review


def _differ(signed: Any) -> ColumnElement[bool]:
    """The two reviews that the second signature `signed` ends differ, and nobody has adjudicated yet."""
    first, second, settled = decisions.alias(), decisions.alias(), decisions.alias()
    of_review = and_(
        settled.c.stage == "adjudication",
        settled.c.review_id == signed.c.review_id,
        settled.c.kind.in_(VERDICTS),
        standing(settled),
    )
    verdicts = exists().where(
        first.c.claim_version_id == signed.c.claim_version_id,
        first.c.stage == "first",
        first.c.finding_id == second.c.finding_id,
        *_of_second(second, signed),
        *[one.c.kind.in_(VERDICTS) for one in (first, second)],
        or_(first.c.kind != second.c.kind, first.c.corrected != second.c.corrected),
        standing(first),
        ~exists().where(settled.c.finding_id == first.c.finding_id, of_review),
    )
    seen, agreed = decisions.alias(), decisions.alias()
    missed = exists().where(
        seen.c.claim_version_id == signed.c.claim_version_id,
        seen.c.kind == "missed",
        or_(seen.c.stage == "first", seen.c.review_id == signed.c.review_id),
        standing(seen),
        ~exists().where(agreed.c.about_id == seen.c.id, agreed.c.kind == "agree", *_of_second(agreed, signed)),
        ~exists().where(settled.c.about_id == seen.c.id, of_review),
    )
    return or_(verdicts, missed)


def _of_second(table: Any, signed: Any) -> tuple[ColumnElement[bool], ...]:
    return table.c.stage == "second", table.c.review_id == signed.c.review_id, standing(table)
