"""A load undone as a whole: its rows are current no more, what it replaced is current again. Nothing is removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    union,
    update,
)

from audit.errors import StateError
from audit.store import guards, kept, schema, trail
from audit.store.database import alone
from audit.store.rows import among

OF_ALL = ("payers", "providers", "fees")
"""Tables whose rows bear on any claim."""
OF_PATIENTS = ("claims", "notes", "plans_of_care", "authorizations")


def withdraw(
    connection: Connection, load_id: int, *, reason: str, account_id: int | None, at: datetime
) -> dict[str, int]:
    """Undo a load inside the caller's transaction; return the number of its records by table.

    Raises StateError when there is no such load, it is undone already, or something rests on it (`in_the_way`).
    """
    alone(connection, "load")
    if wrong := in_the_way(connection, load_id):
        raise StateError(wrong[0], do=wrong[1])
    bore = kept.touched_by_load(connection, load_id)  # asked before: what is undone bears on nothing
    row = {"load_id": load_id, "reason": reason.strip(), "account_id": account_id, "at": at}
    connection.execute(insert(schema.withdrawals).values(row))
    counts = {name: _put_back(connection, load_id, schema.metadata.tables[name]) for name in guards.VERSIONED}
    kept.refresh(connection, [*bore, *kept.touched_by_load(connection, load_id)], at)
    told = {name: number for name, number in counts.items() if number}
    details, subject = {"records": told}, f"load {load_id}"
    trail.record(connection, kind="load undone", subject=subject, account_id=account_id, at=at, details=details)
    return told


def _put_back(connection: Connection, load_id: int, table: Table) -> int:
    mine = update(table).where(table.c.load_id == load_id, table.c.is_current)
    gone = connection.execute(mine.values(is_current=False))
    back = schema.retirements
    rows = select(back.c.row_id).where(back.c.load_id == load_id, back.c.table_name == table.name)
    ids = list(connection.execute(rows).scalars())
    connection.execute(update(table).where(among(connection, table.c.id, ids)).values(is_current=True))
    return gone.rowcount


def in_the_way(connection: Connection, load_id: int) -> tuple[str, str] | None:
    """Why a load cannot be undone, and what to do; None when it can."""
    loads, undone = schema.loads, schema.withdrawals
    if connection.execute(select(loads.c.id).where(loads.c.id == load_id)).first() is None:
        return f"there is no load {load_id}", "Choose another"
    if connection.execute(select(undone.c.load_id).where(undone.c.load_id == load_id)).first():
        return "this load is undone already", ""
    later = sum(_replaced(connection, load_id, schema.metadata.tables[name]) for name in guards.VERSIONED)
    if later:
        return f"a later load replaced {later:,} of its records", "Undo the later load first"
    if not _retirements_kept(connection, load_id):
        return "it was loaded before Countersign kept what a load replaces", "Load the right files again instead"
    if _rested(connection, load_id):
        return (
            "reviews, signatures, samples or releases rest on what it brought",
            "Load the corrected records as new versions instead",
        )
    return None


def _replaced(connection: Connection, load_id: int, table: Table) -> int:
    query = select(func.count()).select_from(table).where(table.c.load_id == load_id, ~table.c.is_current)
    return int(connection.execute(query).scalar_one())


def _retirements_kept(connection: Connection, load_id: int) -> bool:
    """Whether every version of the load that follows another one has it in `retirements`."""
    for name in ("claims", "notes"):
        table, back = schema.metadata.tables[name], schema.retirements
        mine = select(back.c.row_id).where(back.c.load_id == load_id, back.c.table_name == name)
        held, key = table.alias(), "claim_id" if name == "claims" else "note_id"
        older = select(held.c.id).where(held.c[key] == table.c[key], held.c.id < table.c.id, ~_undone(held.c.load_id))
        unknown = select(table.c.id).where(table.c.load_id == load_id, older.exists())
        replaced = older.where(held.c.id.in_(mine)).exists()
        if connection.execute(unknown.where(~replaced).limit(1)).first():
            return False
    return True


def _undone(load_id: ColumnElement[int]) -> ColumnElement[bool]:
    return load_id.in_(select(schema.withdrawals.c.load_id))


def _rested(connection: Connection, load_id: int) -> bool:
    """Whether people's work is on a claim that a run judged with what the load brought."""
    screened, runs, audits = schema.run_claims, schema.runs, schema.audits
    since = select(runs.c.id).where(runs.c.load_id >= load_id)
    seen = select(screened.c.claim_version_id).where(screened.c.run_id.in_(since))
    touched = select(schema.claims.c.id).where(
        schema.claims.c.id.in_(seen) | (schema.claims.c.load_id == load_id), _bears(connection, load_id)
    )
    of_runs = select(screened.c.claim_version_id).where(screened.c.run_id.in_(select(audits.c.run_id)))
    tables = [schema.metadata.tables[name] for name in guards.PEOPLES_WORK]
    rested: list[Select[int]] = [select(table.c.claim_version_id) for table in tables]
    rested.append(of_runs.where(screened.c.run_id.in_(since)))
    return any(connection.execute(touched.where(schema.claims.c.id.in_(one)).limit(1)).first() for one in rested)


def _bears(connection: Connection, load_id: int) -> ColumnElement[bool]:
    """The claims on which the load bears: of its patients, and of its therapists' days, by number and by the name under
    the note; all where it has payers."""
    for name in OF_ALL:
        table = schema.metadata.tables[name]
        if connection.execute(select(table.c.id).where(table.c.load_id == load_id).limit(1)).first():
            return true()
    named = [schema.metadata.tables[name] for name in OF_PATIENTS]
    patients = union(*[select(table.c.patient_id).where(table.c.load_id == load_id) for table in named])
    lines, claims, notes = schema.claim_lines, schema.claims, schema.notes
    days = union(
        select(lines.c.rendering_npi, lines.c.service_date).join(claims).where(claims.c.load_id == load_id),
        select(notes.c.rendering_npi, notes.c.service_date).where(notes.c.load_id == load_id),
    )
    every = lines.alias()
    of_days = select(every.c.claim_version_id).where(tuple_(every.c.rendering_npi, every.c.service_date).in_(days))
    mine, others, billed = notes.alias(), notes.alias(), lines.alias()
    same_person = and_(mine.c.author_name == others.c.author_name, mine.c.service_date == others.c.service_date)
    of_people = (
        select(billed.c.claim_version_id)
        .join(others, and_(others.c.patient_id == billed.c.patient_id, others.c.service_date == billed.c.service_date))
        .join(mine, same_person)
        .where(mine.c.load_id == load_id, mine.c.author_name != "")
    )
    return or_(claims.c.patient_id.in_(patients), claims.c.id.in_(of_days), claims.c.id.in_(of_people))
