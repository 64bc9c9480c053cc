"""Notes of days on which nothing is billed: visits whose claims are not loaded, or that nobody billed."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Engine, select

from audit.store import schema
from audit.store.database import read
from audit.store.remembered import loaded, once
from audit.store.rows import among

COLUMNS = ("note_id", "patient_id", "service_date", "note_type", "author_name")


def unbilled(engine: Engine) -> pd.DataFrame:
    """The current notes of whose patient and date no current claim has a line, the earliest first: COLUMNS.

    A note of another discipline on a billed day is none of these; `countersign check` tells those too."""
    notes, lines, claims = schema.notes, schema.claim_lines, schema.claims
    billed = (
        select(lines.c.line_number)
        .join(claims, claims.c.id == lines.c.claim_version_id)
        .where(claims.c.is_current, lines.c.patient_id == notes.c.patient_id)
        .where(lines.c.service_date == notes.c.service_date)
    )
    alone = select(notes.c.id).where(notes.c.is_current, ~billed.exists())
    query = select(*[notes.c[name] for name in COLUMNS]).order_by(notes.c.service_date, notes.c.note_id)
    with read(engine) as connection:
        ids = once(connection, "unbilled notes", loaded, lambda: list(connection.execute(alone).scalars()))
        found = connection.execute(query.where(among(connection, notes.c.id, ids))).all()
    return pd.DataFrame(found, columns=list(COLUMNS)).fillna("")
