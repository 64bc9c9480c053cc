"""What a reviewer has typed and not yet decided, kept so that a reload loses nothing. One per account and claim.

Drafts may change and are no evidence. Text about patients is kept here and nowhere else: not in the browser, not in
an address, not in the trail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, insert, select

from audit.errors import StateError
from audit.reviewing.review_rights import REVIEWERS, account_may
from audit.store import schema
from audit.store.database import read, write

LONGEST = 20_000
"""Letters in all fields of one draft."""
table = schema.drafts


def keep(engine: Engine, claim_version_id: int, *, account_id: int, fields: Mapping[str, str], at: datetime) -> None:
    """Keep these fields in place of what was kept before; empty ones are left out."""
    typed = json.dumps({name: text for name, text in fields.items() if text}, ensure_ascii=False, sort_keys=True)
    if len(typed) > LONGEST:
        raise StateError(f"a draft has at most {LONGEST:,} letters", do="Shorten it")
    with write(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        connection.execute(delete(table).where(_mine(claim_version_id, account_id)))
        if typed != "{}":
            row = {"claim_version_id": claim_version_id, "account_id": account_id, "fields": typed, "at": at}
            connection.execute(insert(table).values(row))


def of(engine: Engine, claim_version_id: int, account_id: int) -> dict[str, str]:
    """This person's draft on this claim, by field; empty when there is none."""
    with read(engine) as connection:
        found = connection.execute(select(table.c.fields).where(_mine(claim_version_id, account_id))).scalar()
    kept: dict[str, str] = json.loads(found or "{}")
    return kept


def drop(engine: Engine, claim_version_id: int, *, account_id: int) -> None:
    with write(engine) as connection:
        connection.execute(delete(table).where(_mine(claim_version_id, account_id)))


def _mine(claim_version_id: int, account_id: int) -> ColumnElement[bool]:
    return (table.c.claim_version_id == claim_version_id) & (table.c.account_id == account_id)
