"""Claims that no run has judged as they stand now, and runs that saw what was undone since."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from audit.store import schema
from audit.store.standing import newest_run


def unscreened(connection: Connection) -> list[int]:
    """Ids of the current claim versions without a finished run, or of whose patient a note came after it, or whose
    newest run saw a load that was undone since; ascending."""
    claims, notes, runs, newest = schema.claims, schema.notes, schema.runs, newest_run().subquery()
    came = select(notes.c.id).where(
        notes.c.is_current, notes.c.patient_id == claims.c.patient_id, notes.c.load_id > runs.c.load_id
    )
    removed = select(schema.removals.c.row_id).where(schema.removals.c.table_name == claims.name)
    query = (
        select(claims.c.id)
        .outerjoin(newest, newest.c.claim_version_id == claims.c.id)
        .outerjoin(runs, runs.c.id == newest.c.run_id)
        .where(
            claims.c.is_current, claims.c.id.not_in(removed), or_(runs.c.id.is_(None), came.exists(), undone_since())
        )
    )
    return list(connection.execute(query.order_by(claims.c.id)).scalars())


def undone_since() -> ColumnElement[bool]:
    """Of a run: a load that it saw was undone after it began."""
    undone, runs = schema.withdrawals.c, schema.runs.c
    since = and_(undone.load_id <= runs.load_id, undone.at >= runs.started_at)
    return select(undone.load_id).where(since).correlate(schema.runs).exists()
