"""Rows for tests of the store: put in directly, or as checked tables to load."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Boolean, Date, Engine, Integer, func, insert, select
from sqlalchemy.exc import DBAPIError

from audit import model
from audit.store import contents, database, guards, schema, trail
from audit.store.types import Moment
from audit.tables import Tables, typed

on_sqlite = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
"""Marks for a test of `engine` that makes sense on one kind of database only."""
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def add(engine: Engine, table: str, **values: Any) -> int:
    """Put one row into a table of the schema; the columns a test does not care for are filled. Returns its id."""
    columns = schema.metadata.tables[table].c
    filled = {c.name: _anything(c) for c in columns if not c.nullable and c.name != "id" and c.server_default is None}
    with database.write(engine) as connection:
        result = connection.execute(insert(schema.metadata.tables[table]).values(filled | values))
        return int(result.inserted_primary_key[0]) if "id" in columns else 0


NOTHING_FROZEN = {"frame_csv": "", "frame_sha256": "", "plan": "", "plan_sha256": ""}
"""Of an audit that a test puts in by `add`, with `as_loaded` after it."""


def as_loaded(engine: Engine) -> None:
    """What was put in by hand becomes what loading and freezing leave, which `verify` asks for: claims with the digest
    of their lines, audits with an event."""
    with database.write(engine) as connection:
        guards.remove(connection)
        for one, _, digest in list(contents.recomputed(connection, "claims")):
            connection.execute(schema.claims.update().where(schema.claims.c.id == one).values(content_sha256=digest))
        guards.install(connection)
        for one in connection.execute(select(schema.audits.c.id)).scalars().all():
            trail.record(connection, kind="audit frozen", subject=f"audit {one}", account_id=1, at=NOW, details={})


def _anything(column: Any) -> Any:
    kinds = {Moment: NOW, Boolean: True, Integer: 1, Date: NOW.date()}
    return next((value for kind, value in kinds.items() if isinstance(column.type, kind)), "x")


def count_rows(engine: Engine) -> dict[str, int]:
    """Rows of each table of the schema."""
    counts = {name: select(func.count()).select_from(table) for name, table in schema.metadata.tables.items()}
    with database.read(engine) as connection:
        row = connection.execute(select(*(one.scalar_subquery().label(name) for name, one in counts.items()))).one()
    return dict(row._mapping)


def tables_of(**rows: list[dict[str, str]]) -> Tables:
    """Checked tables of the rows given, as text, by table name; columns left out are unknown."""
    frames = {name: pd.DataFrame(rows.get(name, []), dtype="str") for name in model.TABLES}
    return Tables(**{name: typed(frame, model.TABLES[name]) for name, frame in frames.items()})


def line(claim_id: str = "C1", line_number: int = 1, **cells: str) -> dict[str, str]:
    """A claim line as text; what a test does not care for is filled."""
    return {
        "claim_id": claim_id,
        "line_number": str(line_number),
        "patient_id": "P1",
        "payer_id": "medicare",
        "rendering_npi": "1000000001",
        "billing_npi": "1000000009",
        "service_date": "2026-03-12",
        "procedure_code": "97530",
        "modifier_1": "GO",
        "units": "2",
        "charge_amount": "120.50",
    } | cells


def note(note_id: str = "N1", **cells: str) -> dict[str, str]:
    """A visit note as text."""
    filled = {"patient_id": "P1", "service_date": "2026-03-12", "rendering_npi": "1000000001", "text": "Dressing."}
    return {
        "note_id": note_id,
        **filled,
        "total_timed_minutes": "23",
        "signed_at": "2026-03-12T17:04:00.5+00:00",
    } | cells


def service(note_id: str = "N1", **cells: str) -> dict[str, str]:
    """A service within a note as text."""
    return {"note_id": note_id, "procedure_code": "97530", "minutes": "23", "start_time": "09:00:00"} | cells


def payment(position: str = "0", **cells: str) -> dict[str, str]:
    """A payment of the claim C1 (position 0) or of one of its lines, as text."""
    return {
        "payment_id": "EFT1/C1/1",
        "position": position,
        "claim_id": "C1",
        "payer_control_number": "ICN1",
        "status": "1",
        "payer_id": "medicare",
        "payment_date": "2026-04-01",
        "charge_amount": "241.00",
        "paid_amount": "80.00",
    } | cells


def adjustment(position: str = "0", number: str = "1", **cells: str) -> dict[str, str]:
    """An adjustment of `payment(position)` as text."""
    return {
        "payment_id": "EFT1/C1/1",
        "position": position,
        "number": number,
        "claim_id": "C1",
        "group_code": "CO",
        "reason_code": "45",
        "amount": "161.00",
    } | cells


def sentence(attempt: Any, *arguments: Any, **values: Any) -> str | None:
    """What a guard of the database says to the attempt."""
    with pytest.raises(DBAPIError) as raised:
        attempt(*arguments, **values)
    return guards.refusal(raised.value)
