"""Late entries: a therapist adds to the note, as a new version of it, and the rules run again over that patient-day.

A late entry adds; it changes nothing that was written. Its words come below the note's, dated and marked, and a field
can be given only where the note has none. The version before it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, select

from audit import model
from audit.auditing import running
from audit.errors import StateError
from audit.feedback.answers import ADDENDUM, add
from audit.feedback.items import one_item
from audit.feedback.outcomes import outcomes
from audit.feedback.rights import demand_therapist
from audit.passages import PARTS_OF_EVALUATION
from audit.store import loading, schema
from audit.store.canonical import sha256
from audit.store.database import read, write
from audit.store.rows import Row
from audit.tables import Tables, typed

FIELDS = ("total_timed_minutes", "total_treatment_minutes", "start_time", "end_time", *PARTS_OF_EVALUATION)
"""What a late entry may say in a field of its own, where the note says nothing."""
notes, services, lines = schema.notes, schema.note_services, schema.claim_lines


@dataclass(frozen=True)
class Open:
    """A note that a late entry may be added to: its id, version row, text, and the FIELDS it leaves empty with the
    words each may hold (() for free)."""

    note_id: str
    text: str
    empty: dict[str, tuple[str, ...]]
    minutes_missing: tuple[str, ...]
    """Codes of its services that have no minutes."""


@dataclass(frozen=True, slots=True)
class Added:
    """`outcome` as `outcomes` has it; `run_id` of the rules run again."""

    answer_id: int
    run_id: int
    outcome: str


def open_notes(engine: Engine, decision_id: int, *, account_id: int) -> list[Open]:
    """The therapist's own notes of the days of the claim, for a late entry. Raises AccessError for anybody else."""
    with read(engine) as connection:
        about = one_item(connection, decision_id)
        demand_therapist(connection, about.get("npi", ""), account_id)
        return [_open(connection, dict(row)) for row in _notes(connection, about)]


def _notes(connection: Connection, about: Row) -> list[Any]:
    days = select(lines.c.service_date).where(lines.c.claim_version_id == about["claim_version_id"])
    query = select(notes).where(
        notes.c.is_current,
        notes.c.patient_id == about["patient_id"],
        notes.c.rendering_npi == about["npi"],
        notes.c.service_date.in_(days),
    )
    return list(connection.execute(query.order_by(notes.c.note_id)).mappings())


def _open(connection: Connection, note: Row) -> Open:
    words = {column.name: column.words for column in model.NOTES.columns}
    fields = FIELDS if "evaluation" in (note["note_type"] or "") else FIELDS[: -len(PARTS_OF_EVALUATION)]
    empty = {name: words[name] for name in fields if note[name] in (None, "")}
    missing = [row["procedure_code"] for row in _services(connection, note["id"]) if _no_minutes(row)]
    return Open(note["note_id"], note["text"] or "", empty, tuple(dict.fromkeys(missing)))


def _services(connection: Connection, note_version_id: int) -> list[Row]:
    query = select(services).where(services.c.note_version_id == note_version_id).order_by(services.c.position)
    return [dict(row) for row in connection.execute(query).mappings()]


def _no_minutes(service: Row) -> bool:
    return all(service[f"{who}minutes"] is None for who in ("", "therapist_", "assistant_", "together_"))


def add_late_entry(
    engine: Engine,
    decision_id: int,
    *,
    note_id: str,
    text: str,
    account_id: int,
    at: datetime,
    fields: Mapping[str, str] | None = None,
    minutes: Mapping[str, int] | None = None,
) -> Added:
    """Add a late entry to a note and run the rules again over its patient-day.

    `fields`: values for FIELDS that the note leaves empty; `minutes`: by code, for services without any. Raises
    AccessError for anybody but the therapist, StateError without words, for what the note says already and for a
    value that cannot be.
    """
    if not text.strip():
        raise StateError("a late entry needs words", do="Say what the note leaves out")
    given = {name: value.strip() for name, value in (fields or {}).items() if value.strip()}
    with write(engine) as connection:
        about = one_item(connection, decision_id)
        demand_therapist(connection, about.get("npi", ""), account_id)
        note = next((dict(row) for row in _notes(connection, about) if row["note_id"] == note_id), None)
        if note is None:
            raise StateError("this is no note of yours for that day", do="Choose one of the claim's notes")
        listed, timed = _services(connection, note["id"]), dict(minutes or {})
        _refuse_said(note, listed, given, timed)
        entry = _stamped(connection, text.strip(), account_id, at) + _in_words(given, timed)
        row = {**{name: note[name] for name in model.NOTES.names}, **given}
        row["text"] = "\n\n".join(part for part in (note["text"], entry) if part)
        for service in listed:
            if service["procedure_code"] in timed and _no_minutes(service):
                service["minutes"] = timed[service["procedure_code"]]
        loaded = loading.take(connection, _tables(row, listed), [], name="Late entry to a note",
                              sha256=sha256(text, note_id, at.isoformat()), account_id=account_id, at=at)  # fmt: skip
        version = select(notes.c.id).where(notes.c.note_id == note_id, notes.c.load_id == loaded.load_id)
        answer = {"kind": ADDENDUM, "text": text.strip(), "note_id": note_id}
        answer["note_version_id"] = connection.execute(version).scalar_one()
        answer_id = add(connection, decision_id, answer, account_id, at)
    return Added(answer_id, *run_again(engine, answer_id, account_id=account_id, at=at))


def run_again(engine: Engine, answer_id: int, *, account_id: int, at: datetime) -> tuple[int, str]:
    """Run the rules over the current claims of the patient-day of a late entry; the run and what it said of the
    finding. Raises AccessError for anybody but the therapist."""
    with read(engine) as connection:
        answers = schema.feedback_answers
        query = select(answers, notes.c.load_id, notes.c.patient_id, notes.c.service_date)
        query = query.join(notes, notes.c.id == answers.c.note_version_id).where(answers.c.id == answer_id)
        answer = dict(connection.execute(query).mappings().one())
        demand_therapist(connection, one_item(connection, answer["decision_id"])["npi"], account_id)
        claims = schema.claims
        same_day = (lines.c.patient_id == answer["patient_id"]) & (lines.c.service_date == answer["service_date"])
        current = select(claims.c.id).join(lines, lines.c.claim_version_id == claims.c.id)
        ids = sorted(set(connection.execute(current.where(claims.c.is_current, same_day)).scalars()))
    run_id = running.screen_day(engine, ids, account_id=account_id, at=at)
    with read(engine) as connection:
        return run_id, outcomes(connection, [answer])[answer_id]


def _refuse_said(note: Row, listed: list[Row], given: Mapping[str, str], minutes: Mapping[str, int]) -> None:
    """Raises StateError for what the note says already."""
    without = {row["procedure_code"] for row in listed if _no_minutes(row)}
    said = [name for name in given if name not in FIELDS or note[name] not in (None, "")]
    said += sorted(set(minutes) - without)
    if said:
        raise StateError(f"the note says this already: {', '.join(said)}", do="A late entry adds; it changes nothing")


def _stamped(connection: Connection, text: str, account_id: int, at: datetime) -> str:
    accounts = schema.accounts
    name = connection.execute(select(accounts.c.name).where(accounts.c.id == account_id)).scalar_one()
    return f"Late entry, added {at:%Y-%m-%d %H:%M} UTC by {name}: {text}"


def _in_words(given: Mapping[str, str], minutes: Mapping[str, int]) -> str:
    told = [f"{name.replace('_', ' ')} {value}" for name, value in given.items()]
    told += [f"{code} {number} minutes" for code, number in minutes.items()]
    return f" [{'; '.join(told)}]" if told else ""


def _tables(note: Row, listed: list[Row]) -> Tables:
    """The note as checked tables. Raises StateError for a value that its field cannot hold."""
    frames = {name: pd.DataFrame(dtype="str") for name in model.TABLES}
    frames["notes"] = pd.DataFrame([{name: _text(note[name]) for name in model.NOTES.names}])
    cells = [{name: _text(row[name]) for name in model.NOTE_SERVICES.names} for row in listed]
    frames["note_services"] = pd.DataFrame(cells, columns=model.NOTE_SERVICES.names)
    _demand_values(note)
    return Tables(**{name: typed(frame, model.TABLES[name]) for name, frame in frames.items()})


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _demand_values(note: Row) -> None:
    for column in model.NOTES.columns:
        value = _text(note[column.name])
        if not value or column.name not in FIELDS:
            continue
        wrong = (column.words and value not in column.words) or (column.kind == "count" and not value.isdigit())
        if column.kind == "time":
            hours, _, rest = value.partition(":")
            wrong = not (hours.isdigit() and rest[:2].isdigit() and int(hours) < 24 and int(rest[:2]) < 60)
        if wrong:
            raise StateError(f"{column.name.replace('_', ' ')} cannot be {value}", do="Give another value")
