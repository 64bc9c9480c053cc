"""Which of the decisions people made are in force, as conditions in SQL; `store.verdicts` says the same of rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select

from audit.store import schema
from audit.store.review_conditions import RULED

decisions, signatures = schema.decisions, schema.signatures


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
