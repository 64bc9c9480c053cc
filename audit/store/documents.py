"""Documents in the store: each once, what became of it as steps, and where it stands now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, func, insert, not_, or_, select

from audit.store import trail
from audit.store.canonical import canonical
from audit.store.rows import Row, among
from audit.store.schema import claim_lines, claims, document_steps, documents, notes, removals

State = Literal["waiting", "tied", "confirmed", "set aside"]
VISIT = ("claim_id", "patient_id", "patient_name", "patient_birth_date", "service_date")


@dataclass(frozen=True, slots=True)
class Kept:
    """One document. `content`: of its newest step (the visit, the confirmed values, the reason). `stands`: its note is
    in the store, as confirmed where it is."""

    id: int
    note_id: str
    file: str
    kind: str
    text: str
    values: list[list[Any]]
    held: str
    at: datetime
    state: State
    content: Row
    stands: bool


def keep(connection: Connection, rows: Sequence[Row], *, account_id: int | None, at: datetime) -> dict[str, int]:
    """Add those of the documents that are not kept yet; ids of all of them by note_id. `rows`: note_id, file, kind,
    text, values (lists), held."""
    held = _ids(connection, [row["note_id"] for row in rows])
    new = [
        {**row, "values": json.dumps(row["values"], ensure_ascii=False), "account_id": account_id, "at": at}
        for row in rows
        if row["note_id"] not in held
    ]
    if new:
        connection.execute(insert(documents), new)
    return _ids(connection, [row["note_id"] for row in rows])


def _ids(connection: Connection, note_ids: list[str]) -> dict[str, int]:
    query = select(documents.c.note_id, documents.c.id).where(among(connection, documents.c.note_id, note_ids))
    return {row.note_id: row.id for row in connection.execute(query)}


def step(
    connection: Connection, document_id: int, kind: str, content: Row, *, account_id: int | None, at: datetime
) -> None:
    """Add a step to a document and to the trail. The trail holds no value of it."""
    row = {"document_id": document_id, "kind": kind, "content": canonical(content), "account_id": account_id, "at": at}
    connection.execute(insert(document_steps).values(row))
    trail.record(connection, kind=f"document {kind}", subject=f"document {document_id}", account_id=account_id, at=at)


def kept(
    connection: Connection, *, note_ids: Sequence[str] | None = None, document_id: int | None = None
) -> list[Kept]:
    """The documents, oldest first: those with these note ids, the one with this id, or all that wait for a person."""
    newest = select(func.max(document_steps.c.id)).group_by(document_steps.c.document_id)
    last = select(document_steps).where(document_steps.c.id.in_(newest)).subquery()
    doubt = func.coalesce(notes.c.unconfirmed, "").label("unconfirmed")
    current = select(notes.c.note_id, doubt).where(notes.c.is_current).subquery()
    query = (
        select(documents, last.c.kind.label("step"), last.c.content, current.c.note_id.label("there"),
               current.c.unconfirmed)
        .outerjoin(last, last.c.document_id == documents.c.id)
        .outerjoin(current, current.c.note_id == documents.c.note_id)
        .order_by(documents.c.id)
    )  # fmt: skip
    done_for = (last.c.kind == "confirmed") & current.c.note_id.is_not(None) & (current.c.unconfirmed == "")
    removed = select(removals.c.row_id).where(removals.c.table_name == documents.name)
    waits = or_(last.c.kind.is_(None), not_(or_(last.c.kind == "set aside", done_for)))
    open_ones = and_(waits, documents.c.id.not_in(removed))
    wanted = open_ones if note_ids is None else among(connection, documents.c.note_id, list(note_ids))
    wanted = wanted if document_id is None else documents.c.id == document_id
    return [_kept(row) for row in connection.execute(query.where(wanted)).mappings()]


def _kept(row: Any) -> Kept:
    state: State = row["step"] or "waiting"
    unconfirmed = bool(row["unconfirmed"])
    if state == "confirmed" and unconfirmed:  # the load of what was confirmed was undone: once more
        state = "tied"
    if state in ("tied", "confirmed") and not row["there"]:  # the load of its note was undone
        state = "waiting"
    plain = {name: row[name] for name in ("id", "note_id", "file", "kind", "text", "held", "at")}
    content = json.loads(row["content"]) if row["content"] else {}
    return Kept(**plain, values=json.loads(row["values"]), state=state, content=content, stands=bool(row["there"]))


def visits(
    connection: Connection,
    *,
    claim_ids: Sequence[str] = (),
    patient_ids: Sequence[str] = (),
    born: Sequence[Any] = (),
    days: Sequence[Any] = (),
    most: int | None = None,
) -> list[Row]:
    """Visits of current claims, VISIT as text: of these claims, patients, birth dates or days, one row each."""
    lines = claim_lines
    named = (lines.c.claim_id, lines.c.patient_id, lines.c.patient_birth_date, lines.c.service_date)
    asked = [
        among(connection, column, list(values))
        for column, values in zip(named[:2], (claim_ids, patient_ids), strict=True)
        if values
    ]
    asked += [column.in_(list(values)) for column, values in zip(named[2:], (born, days), strict=True) if values]
    if not asked:
        return []
    matching = asked[0]
    for one in asked[1:]:
        matching = matching | one
    query = select(*[lines.c[name] for name in VISIT]).distinct().join(claims).where(claims.c.is_current, matching)
    query = query.order_by(lines.c.service_date.desc(), lines.c.claim_id)
    rows = connection.execute(query.limit(most) if most else query).mappings()
    return [{name: "" if row[name] is None else str(row[name]) for name in VISIT} for row in rows]


def noted(connection: Connection, patient_ids: Sequence[str]) -> set[tuple[str, str, str]]:
    """Patient, date and note id of the current notes of these patients."""
    query = select(notes.c.patient_id, notes.c.service_date, notes.c.note_id)
    query = query.where(notes.c.is_current, among(connection, notes.c.patient_id, list(patient_ids)))
    return {(patient, str(day), note_id) for patient, day, note_id in connection.execute(query)}
