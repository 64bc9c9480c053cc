"""Which of the decisions people made are in force, as conditions in SQL; `store.verdicts` says the same of rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

from audit.store import schema
from audit.store.review_conditions import RULED

decisions, signatures = schema.decisions, schema.signatures


def standing(table: Any = decisions) -> ColumnElement[bool]:
    """The decision is none that was undone, and no undoing itself."""
    later = decisions.alias()
    return and_(table.c.kind != "undo", ~exists().where(later.c.undoes_id == table.c.id))


def final(table: Any = decisions) -> ColumnElement[bool]:
    """The decision is the verdict that stands on its finding: that of an accepted dispute, else the adjudicated one,
    else that of the first review."""
    later, signed = decisions.alias(), signatures.alias()
    newest = (
        select(signed.c.id)
        .where(signed.c.claim_version_id == table.c.claim_version_id, signed.c.meaning == "reviewed")
        .order_by(signed.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
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
    return and_(standing(table), (table.c.stage == RULED) | (of_stage & ~reversed_))


def missed_stands(table: Any = decisions) -> ColumnElement[bool]:
    """The decision reports an error that no rule found, and neither an adjudicator nor an accepted dispute dismissed
    it."""
    later = decisions.alias()
    dismissed = exists().where(
        later.c.about_id == table.c.id,
        later.c.stage.in_(("adjudication", RULED)),
        later.c.kind == "dismiss",
        standing(later),
    )
    return and_(table.c.kind == "missed", standing(table), ~dismissed)
