"""Documents on their way to notes: tied to visits when they are loaded, or by hand; confirmed or corrected by a person.

Each step is kept with who and when. Until a document is confirmed its note says which values nobody confirmed; then
the note is loaded anew without that, and the next run may rest an error on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from rapidfuzz import fuzz
from sqlalchemy import Connection, Engine

from audit.access.permission import account_may, demand_now
from audit.errors import StateError
from audit.extraction import Value, note_of, services_of
from audit.intake import Batch
from audit.intake.documents import Document, Held
from audit.loading import linking
from audit.loading.linking import Tied, Visit
from audit.model import NOTE_SERVICES, NOTES, OPENERS
from audit.store import documents as store
from audit.store import loading
from audit.store.canonical import sha256
from audit.store.database import read, write
from audit.store.documents import Kept
from audit.tables import Tables, check

FIXED = ("note_id", "claim_id", "patient_id", "patient_name", "patient_birth_date", "service_date", "text",
         "unconfirmed")  # fmt: skip
"""Columns of a note that confirming does not touch, beside those that only reading writes."""
FIELDS = [column for column in NOTES.columns if column.name in NOTES.offered and column.name not in FIXED]
SERVICE_COLUMNS = ("procedure_code", "minutes", "therapist_minutes", "assistant_minutes", "together_minutes")
CANDIDATES = 12
LONGEST_REASON = 500


def settle(engine: Engine, batch: Batch) -> list[Tied]:
    """Tie the documents of a batch, and those that wait in the store, to its claims and the store's; add the notes of
    those that have a visit to the batch. What was tied or set aside before is left alone."""
    note_ids = [one.note_id for one in batch.documents]
    with read(engine) as connection:
        before = {one.note_id: one for one in store.kept(connection, note_ids=note_ids)} if note_ids else {}
        waiting = [
            one
            for one in store.kept(connection)
            if one.state == "waiting" and not one.held and one.note_id not in before
        ]
        fresh = [one for one in batch.documents if one.note_id not in before or before[one.note_id].state == "waiting"]
        batch.documents = [*fresh, *(document_of(one) for one in waiting)]
        told = [{name: one.told(name) for name in linking.CLAIM_COLUMNS} for one in batch.documents]
        rows = store.visits(
            connection,
            claim_ids=_some(told, "claim_id"),
            patient_ids=_some(told, "patient_id"),
            born=[date.fromisoformat(day) for day in _some(told, "patient_birth_date")],
        )
        held = pd.DataFrame(rows, columns=linking.CLAIM_COLUMNS, dtype="str")
        own = batch.tables.get("claims", held[:0])
        patients = sorted({*held["patient_id"], *own["patient_id"]})
        mine = set(note_ids)
        noted = {(p, day) for p, day, note_id in store.noted(connection, patients) if note_id not in mine}
    return linking.settle(batch, held, noted)


def _some(told: list[dict[str, str]], name: str) -> list[str]:
    return sorted({one[name] for one in told} - {""})


def card(tied: Sequence[Tied], file: str) -> str:
    """What one file with documents turned out to be, in words."""
    own = [one for one in tied if one.document.file == file]
    if not own:
        return "note, was handed in before"
    if len(own) > 1:
        waiting = sum(one.visit is None for one in own)
        return f"{len(own)} visits, {len(own) - waiting} to confirm, {waiting} waiting"
    one = own[0]
    if one.visit is None:
        return f"{one.document.kind} document, waits for a person: {one.waits.why}"
    kind = one.document.told("note_type") or "visit"
    number = sum(value.field != "service" for value in one.document.values)
    return f"{kind} note, {number} {'value' if number == 1 else 'values'} to confirm"


def keep(
    connection: Connection, tied: Sequence[Tied], taken: set[str], *, account_id: int | None, at: datetime
) -> None:
    """Keep the documents of a load, inside its transaction: those that wait, and those whose note is among the ids
    `taken`."""
    listed = [one for one in tied if one.visit is None or one.document.note_id in taken]
    if not listed:
        return
    ids = store.keep(connection, [_row(one) for one in listed], account_id=account_id, at=at)
    for one in listed:
        if one.visit:
            content = _visit_content(one.visit)
            store.step(connection, ids[one.document.note_id], "tied", content, account_id=account_id, at=at)


def _row(one: Tied) -> dict[str, Any]:
    values = [[v.field, v.value, v.start, v.end, v.pattern, v.service] for v in one.document.values]
    named = {name: getattr(one.document, name) for name in ("note_id", "file", "kind", "text")}
    return {**named, "values": values, "held": one.document.held.why}


def _visit_content(visit: Visit) -> dict[str, str]:
    return {"patient_id": visit.patient_id, "service_date": visit.service_date, "claim_id": visit.claim_id}


def document_of(kept: Kept) -> Document:
    """A kept document as it was read."""
    sha, _, part = kept.note_id.removeprefix("doc-").rpartition("-")
    values = tuple(Value(*one) for one in kept.values)
    return Document(kept.file, int(part), kept.kind, sha, kept.text, values, Held(kept.held))


def to_do(engine: Engine) -> list[Kept]:
    """Documents that wait for a person: to be confirmed first, then those without a visit, each oldest first."""
    with read(engine) as connection:
        return sorted(store.kept(connection), key=lambda one: (one.state != "tied", one.id))


def why(engine: Engine, kept: Kept) -> str:
    """Why a document without a visit waits, by what is on file now."""
    if kept.held:
        return kept.held
    batch = Batch(documents=[document_of(kept)])
    found = [one for one in settle(engine, batch) if one.document.note_id == kept.note_id]
    return found[0].waits.why or "it fits a claim: load the claims again" if found else ""


def candidates(engine: Engine, kept: Kept, asked: str = "") -> list[dict[str, str]]:
    """Visits that a document may be of, VISIT as text, the likeliest first: of its claim, patient, birth date and day,
    or of what a person asks for (a claim, a patient number, a date)."""
    one = document_of(kept)
    if asked.strip():
        days = [day for day in [_day(asked)] if day]
        wanted: dict[str, Any] = {"claim_ids": [asked.strip()], "patient_ids": [asked.strip()], "days": days}
    else:
        wanted = {"claim_ids": [one.told("claim_id")], "patient_ids": [one.told("patient_id")]}
        wanted |= {"born": [d for d in [_day(one.told("patient_birth_date"))] if d]}
        wanted |= {"days": [d for d in [_day(one.told("service_date"))] if d]}
    with read(engine) as connection:
        found = store.visits(connection, most=1000, **wanted)
    return sorted(found, key=lambda row: -_likeness(one, row))[:CANDIDATES]


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def _likeness(one: Document, row: Mapping[str, str]) -> float:
    same = sum(
        100 for name in linking.CLAIM_COLUMNS if name != "patient_name" and row[name] and row[name] == one.told(name)
    )
    names = [linking.plain_name(text) for text in (row["patient_name"], one.told("patient_name"))]
    return same + (fuzz.token_sort_ratio(*names) if all(names) else 0)


def tie_by_hand(engine: Engine, document_id: int, visit: Visit, *, account_id: int, at: datetime) -> None:
    """A person says which visit a document is of; its note is loaded, its values unconfirmed."""
    demand_now(engine, account_id, OPENERS)
    kept = _of(engine, document_id, "waiting", "tied")
    tables, content = _checked(kept, *linking.rows_of(document_of(kept), visit))
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        loading.take(connection, tables, [], name=kept.file, sha256=content, account_id=account_id, at=at)
        store.step(connection, document_id, "tied", _visit_content(visit), account_id=account_id, at=at)


def set_aside(engine: Engine, document_id: int, reason: str, *, account_id: int, at: datetime) -> None:
    """A person says that a document is no note to be judged, and why."""
    if not reason.strip():
        raise StateError("a reason is needed", do="Say why the document is set aside")
    _of(engine, document_id, "waiting")
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        content = {"reason": reason.strip()[:LONGEST_REASON]}
        store.step(connection, document_id, "set aside", content, account_id=account_id, at=at)


def read_values(kept: Kept) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What is to be confirmed: columns of the note as read, and its services; what was confirmed where it is."""
    if kept.state == "confirmed":
        return kept.content["note"], kept.content["services"]
    values = [Value(*one) for one in kept.values]
    return note_of(values), services_of(values)


def confirm(
    engine: Engine,
    document_id: int,
    note: Mapping[str, str],
    services: Sequence[Mapping[str, str]],
    *,
    account_id: int,
    at: datetime,
) -> None:
    """A person confirms the values of a document, corrected where they differ from what was read; its note is loaded
    anew, confirmed. `note`: FIELDS by name; `services`: SERVICE_COLUMNS. Raises StateError with what to mend."""
    demand_now(engine, account_id, OPENERS)
    kept = _of(engine, document_id, "tied", "confirmed")
    listed = [{name: row.get(name, "").strip() for name in SERVICE_COLUMNS} for row in services]
    listed = [row for row in listed if any(row.values())]
    if not listed and services_of([Value(*one) for one in kept.values]):
        raise StateError("the note named services and none is left", do="Keep at least one, with or without minutes")
    visit = {name: kept.content.get(name, "") for name in ("patient_id", "service_date", "claim_id")}
    told = {column.name: note.get(column.name, "").strip() for column in FIELDS}
    held = note_of([Value(*one) for one in kept.values])
    whose = {name: held.get(name, "") for name in ("patient_name", "patient_birth_date")}
    row = {**whose, **told, **visit, "note_id": kept.note_id, "text": kept.text, "unconfirmed": ""}
    tables, content = _checked(kept, row, listed)
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        loading.take(connection, tables, [], name=kept.file, sha256=content, account_id=account_id, at=at)
        step = {**visit, "note": told, "services": listed}
        store.step(connection, document_id, "confirmed", step, account_id=account_id, at=at)


def _of(engine: Engine, document_id: int, *states: str) -> Kept:
    found = one_of(engine, document_id)
    if found is None or found.state not in states:
        raise StateError("somebody has dealt with this document meanwhile", do="Open the page again")
    return found


def one_of(engine: Engine, document_id: int) -> Kept | None:
    """A document by its id, wherever it stands."""
    with read(engine) as connection:
        return next(iter(store.kept(connection, document_id=document_id)), None)


def _checked(kept: Kept, note: Mapping[str, str], services: Sequence[Mapping[str, str]]) -> tuple[Tables, str]:
    """The note as checked tables, and the digest of what it says."""
    batch = Batch()
    place = {"source_file": kept.file, "source_row": "1"}
    for name, rows, table in (("notes", [note], NOTES), ("note_services", services, NOTE_SERVICES)):
        frame = pd.DataFrame([dict(row) for row in rows], dtype="str").reindex(columns=table.names, fill_value="")
        if len(rows):
            batch.add(name, frame.fillna("").assign(note_id=kept.note_id, **place).astype("str"))
    tables, refusals = check(batch)
    if refusals:
        one = refusals[0]
        raise StateError(f"{one.column}: {one.wrong}", do=one.do)
    return tables, sha256(*(f"{name} {value}" for name, value in sorted(note.items())), *map(str, services))
