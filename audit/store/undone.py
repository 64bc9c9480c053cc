"""Runs that saw what was undone since."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select

from audit.store import schema


def undone_since() -> ColumnElement[bool]:
    """Of a run: a load that it saw was undone after it began."""
    undone, runs = schema.withdrawals.c, schema.runs.c
    since = and_(undone.load_id <= runs.load_id, undone.at >= runs.started_at)
    return select(undone.load_id).where(since).correlate(schema.runs).exists()
