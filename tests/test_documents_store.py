"""Documents that are loaded: kept, tied, confirmed or set aside, each step by whom and when."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from audit.engine import audit, chosen_rules
from audit.errors import AccessError, StateError
from audit.loading import arrivals, documents, undoing
from audit.loading.linking import Visit
from audit.store import database, reading, schema
from audit.store import documents as store
from tests.stored import NOW, add, line, on_sqlite

pytest_plugins = ["tests.databases"]
NOTE = """OT Daily Note
Patient: Jane Roe   DOB: 04/02/1951   MRN: P1
Date of service: 03/12/2026
97530 therapeutic activities: 23 minutes
Total timed minutes: 23
Electronically signed by Maria Lopez, OTR/L on 03/12/2026
"""


def person(engine: Engine, role: str = "reviewer") -> int:
    return add(engine, "accounts", username=role, role=role, active=True)


def claims_csv(**cells: str) -> bytes:
    row = line(payer_id="medicare-b", units="3", **cells)
    return (",".join(row) + "\n" + ",".join(row.values()) + "\n").encode()


def hand_in(engine: Engine, account_id: int, **files: bytes) -> arrivals.Arrival:
    named = [(f"{name}.csv" if name == "claims" else f"{name}.txt", content) for name, content in files.items()]
    return arrivals.take_in(engine, named, account_id=account_id, at=NOW)


def severities(engine: Engine) -> list[str]:
    found = audit(reading.tables_in_store(engine), rules=chosen_rules(["UNIT-01"]))
    return found.loc[found["severity"] != "untestable", "severity"].tolist()


def steps(engine: Engine) -> list[tuple[str, int | None]]:
    table = schema.document_steps
    with database.read(engine) as connection:
        return [tuple(row) for row in connection.execute(select(table.c.kind, table.c.account_id).order_by(table.c.id))]


def confirm_as_read(engine: Engine, account_id: int, **note: str) -> None:
    (one,) = documents.to_do(engine)
    told, services = documents.read_values(one)
    documents.confirm(engine, one.id, told | note, services, account_id=account_id, at=NOW)


def test_a_document_is_a_warning_until_somebody_confirms_it_and_then_an_error(engine: Engine) -> None:
    me = person(engine)
    arrival = hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    assert {card.what for card in arrival.cards} == {"1 claim line", "daily note, 11 values to confirm"}
    assert severities(engine) == ["warning"]
    confirm_as_read(engine, me)
    assert severities(engine) == ["error"]
    assert documents.to_do(engine) == []
    assert steps(engine) == [("tied", me), ("confirmed", me)]
    with database.read(engine) as connection:
        rows = connection.execute(select(schema.notes.c.version, schema.notes.c.unconfirmed).order_by("version")).all()
        kinds = connection.execute(select(schema.events.c.kind)).scalars().all()
    assert [(version, bool(doubt)) for version, doubt in rows] == [(1, True), (2, False)]
    assert {"document tied", "document confirmed"} <= set(kinds)


@on_sqlite
def test_a_corrected_value_counts_and_what_was_read_stays(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    (one,) = documents.to_do(engine)
    told, _ = documents.read_values(one)
    right = [{"procedure_code": "97530", "minutes": "45"}]
    documents.confirm(engine, one.id, told | {"total_timed_minutes": "45"}, right, account_id=me, at=NOW)
    assert severities(engine) == []
    assert reading.tables_in_store(engine).notes["total_timed_minutes"].tolist() == [45]
    with database.read(engine) as connection:
        (kept,) = store.kept(connection, note_ids=[one.note_id])
    assert ["minutes", "23"] in [value[:2] for value in kept.values]
    assert kept.content["note"]["total_timed_minutes"] == "45"


@on_sqlite
def test_a_value_that_cannot_be_is_told_and_nothing_is_confirmed(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    with pytest.raises(StateError, match="total_timed_minutes: this is no whole number"):
        confirm_as_read(engine, me, total_timed_minutes="about 20")
    assert severities(engine) == ["warning"]
    assert steps(engine) == [("tied", me)]


@on_sqlite
def test_the_same_document_again_changes_nothing(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    confirm_as_read(engine, me)
    arrival = hand_in(engine, me, visit=NOTE.encode())
    assert arrival.cards[0].what == "note, was handed in before"
    assert severities(engine) == ["error"]


@on_sqlite
def test_a_document_without_a_claim_waits_and_is_tied_when_the_claim_comes(engine: Engine) -> None:
    me = person(engine)
    arrival = hand_in(engine, me, visit=NOTE.encode())
    assert "waits for a person" in arrival.cards[0].what
    assert [one.state for one in documents.to_do(engine)] == ["waiting"]
    hand_in(engine, me, claims=claims_csv())
    assert [one.state for one in documents.to_do(engine)] == ["tied"]
    assert severities(engine) == ["warning"]


@on_sqlite
def test_by_hand_a_document_is_tied_to_a_visit_that_is_offered(engine: Engine) -> None:
    me = person(engine)
    strange = NOTE.replace("MRN: P1", "MRN: X77").replace("03/12/2026", "03/13/2026")
    hand_in(
        engine, me, claims=claims_csv(patient_name="Jane Roe", patient_birth_date="1951-04-02"), visit=strange.encode()
    )
    (one,) = documents.to_do(engine)
    assert documents.why(engine, one) == "no claim of this patient has its date of service"
    (offered,) = documents.candidates(engine, one)
    assert documents.candidates(engine, one, "C1") == [offered]
    assert documents.candidates(engine, one, "C2") == []
    visit = Visit(offered["patient_id"], offered["service_date"], offered["claim_id"])
    documents.tie_by_hand(engine, one.id, visit, account_id=me, at=NOW)
    confirm_as_read(engine, me)
    assert severities(engine) == ["error"]


@on_sqlite
def test_a_document_is_set_aside_with_a_reason_and_stays_so(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, visit=NOTE.encode())
    (one,) = documents.to_do(engine)
    with pytest.raises(StateError, match="reason"):
        documents.set_aside(engine, one.id, " ", account_id=me, at=NOW)
    documents.set_aside(engine, one.id, "of another clinic", account_id=me, at=NOW)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    assert documents.to_do(engine) == []
    assert severities(engine) == []


@on_sqlite
def test_who_does_not_load_does_not_confirm(engine: Engine) -> None:
    me, other = person(engine), person(engine, "auditor")
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    with pytest.raises(AccessError):
        confirm_as_read(engine, other)
    (one,) = documents.to_do(engine)
    visit = Visit("P1", "2026-03-12")
    with pytest.raises(AccessError):
        documents.tie_by_hand(engine, one.id, visit, account_id=other, at=NOW)
    hand_in(engine, me, waits=NOTE.replace("P1", "P9").encode())
    waiting = next(one for one in documents.to_do(engine) if one.state == "waiting")
    with pytest.raises(AccessError):
        documents.set_aside(engine, waiting.id, "x", account_id=other, at=NOW)
    assert steps(engine) == [("tied", me)]


def test_the_database_keeps_documents_and_steps(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    for statement in (
        "UPDATE documents SET text = 'x'",
        "DELETE FROM document_steps",
        "UPDATE document_steps SET account_id = NULL",
    ):
        with pytest.raises(Exception, match="append-only"), database.write(engine) as connection:
            connection.execute(text(statement))


@on_sqlite
def test_two_visits_in_one_file_are_two_notes(engine: Engine, tmp_path: Path) -> None:
    me = person(engine)
    second = NOTE.replace("03/12/2026", "03/19/2026").replace("23", "30")
    head, _, body = NOTE.partition("Date of service")
    both = f"{head}\nDate of service{body}\n\nDate of service{second.partition('Date of service')[2]}"
    rows = [line(payer_id="medicare-b"), line("C2", payer_id="medicare-b", service_date="2026-03-19")]
    csv = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    arrival = hand_in(engine, me, claims=csv.encode(), visits=both.encode())
    assert "2 visits, 2 to confirm, 0 waiting" in {card.what for card in arrival.cards}
    notes = reading.tables_in_store(engine).notes
    assert sorted(zip(notes["service_date"].astype(str), notes["total_timed_minutes"], strict=True)) == [
        ("2026-03-12", 23),
        ("2026-03-19", 30),
    ]
    assert set(notes["patient_id"]) == {"P1"}


@on_sqlite
def test_a_confirmation_is_corrected_by_another_one(engine: Engine) -> None:
    me = person(engine)
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    (one,) = documents.to_do(engine)
    confirm_as_read(engine, me, total_timed_minutes="32")
    again = documents.one_of(engine, one.id)
    assert again is not None
    told, services = documents.read_values(again)
    assert told["total_timed_minutes"] == "32"
    documents.confirm(engine, one.id, told | {"total_timed_minutes": "23"}, services, account_id=me, at=NOW)
    assert [kind for kind, _ in steps(engine)] == ["tied", "confirmed", "confirmed"]
    assert reading.tables_in_store(engine).notes["total_timed_minutes"].tolist() == [23]


@on_sqlite
def test_a_document_whose_load_is_undone_waits_and_can_be_loaded_again(engine: Engine) -> None:
    me = person(engine, "administrator")
    arrival = hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    assert arrival.loaded.load_id
    undoing.undo(engine, arrival.loaded.load_id, reason="the wrong month", account_id=me, at=NOW)
    assert [one.state for one in documents.to_do(engine)] == ["waiting"]
    hand_in(engine, me, claims=claims_csv(), visit=NOTE.encode())
    assert severities(engine) == ["warning"]
    confirm_as_read(engine, me)
    assert severities(engine) == ["error"]
