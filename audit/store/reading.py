"""The current claims of the store as checked tables, with everything that bears on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, select, true

from audit import model
from audit.store import schema
from audit.store.choosing import Beside, Choice, bearing, chosen, refuse_replaced
from audit.store.database import read
from audit.store.fetched import fetched
from audit.store.payers import with_saved
from audit.store.records import CONTEXT
from audit.store.rows import among
from audit.store.schema import claims
from audit.tables import Tables


def chosen_claims(
    engine: Engine,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    payer_ids: Collection[str] | None = None,
) -> list[int]:
    """Ids of the current claim versions that fit, in ascending order: the claims that a run screens."""
    with read(engine) as connection:
        query = chosen(connection, Choice(None, from_date, to_date, payer_ids))
        return list(connection.execute(query.order_by(claims.c.id)).scalars())


def tables_in_store(
    engine: Engine,
    *,
    claim_version_ids: Collection[int] | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    payer_ids: Collection[str] | None = None,
    beside: Beside | None = None,
) -> Tables:
    """Checked tables of the chosen claims and of all that bears on them; `claims` has `claim_version_id` besides.

    What payers answered is left out: no rule judges it, `payments` reads it. So is a note of which `Tables` says that
    it tells of a visit twice.
    The other claims of the same patients and of the same therapists' days are in it (with `beside`, that in place of
    these days): findings on those are for the caller to leave out. Raises StateError when a chosen version is no longer
    the current one.
    """
    choice = Choice(claim_version_ids, from_date, to_date, payer_ids)
    with read(engine) as connection:
        refuse_replaced(connection, claim_version_ids)
        bear = bearing(connection, choice, beside)

        def of(column: ColumnElement[Any], ids: int) -> ColumnElement[bool]:
            return among(connection, column, bear[ids]) if bear else true()

        found = {
            "claims": _claims(connection, of(schema.claim_lines.c.claim_version_id, 0)),
            "notes": _frame(connection, model.NOTES, schema.notes, of(schema.notes.c.id, 1)),
            "note_services": _services(connection, of(schema.note_services.c.note_version_id, 1)),
        }
        patients = pd.concat([found["claims"]["patient_id"], found["notes"]["patient_id"]]).unique().tolist()
        for name in CONTEXT:
            table = schema.metadata.tables[name]
            whose = among(connection, table.c.patient_id, patients) if "patient_id" in table.c else true()
            found[name] = _frame(connection, model.TABLES[name], table, whose)
        found["payers"] = with_saved(connection, found["payers"])
    return replace(_nothing(), **found).without_doubles()


@cache
def _nothing() -> Tables:
    return Tables.empty()


def lines_of(engine: Engine, claim_version_ids: Collection[int]) -> pd.DataFrame:
    """Checked lines of these claim versions, current or replaced, with `claim_version_id`."""
    lines = schema.claim_lines
    with read(engine) as connection:
        chosen = among(connection, lines.c.claim_version_id, list(claim_version_ids))
        query = _lines().where(chosen).order_by(lines.c.claim_version_id, lines.c.line_number)
        return fetched(connection, query, model.CLAIMS)


def _claims(connection: Connection, bear: ColumnElement[bool]) -> pd.DataFrame:
    lines = schema.claim_lines
    query = _lines().join(claims).where(claims.c.is_current, bear)
    return fetched(connection, query.order_by(claims.c.id, lines.c.line_number), model.CLAIMS)


def _lines() -> Select[Any]:
    lines = schema.claim_lines.c
    return select(*[lines[name] for name in (*model.CLAIMS.names, "claim_version_id")])


def _services(connection: Connection, bear: ColumnElement[bool]) -> pd.DataFrame:
    services, notes = schema.note_services, schema.notes
    query = select(*[services.c[name] for name in model.NOTE_SERVICES.names]).join(notes)
    query = query.where(notes.c.is_current, bear).order_by(services.c.note_version_id, services.c.position)
    return fetched(connection, query, model.NOTE_SERVICES)


def _frame(connection: Connection, table: model.Table, held: Table, bear: ColumnElement[bool]) -> pd.DataFrame:
    query = select(*[held.c[name] for name in table.names]).where(held.c.is_current, bear)
    return fetched(connection, query.order_by(held.c.id), table)
