"""Retention: patients' values of old claims go for ever, everything else and the trail stay; nobody else may do it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from audit.auditing import incremental
from audit.cli import main
from audit.errors import InputError, StateError
from audit.facts.reference import load_facts
from audit.figures import results
from audit.judging import code_version
from audit.loading import arrivals, documents
from audit.reviewing import sign_off
from audit.store import database, retention, schema, verifying
from audit.store.choosing import Choice, chosen
from audit.store.database import read
from tests import planted
from tests.databases import filled
from tests.reviewing import drawn_of, people_of, review_claim, take, versions, who
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
LATER = datetime(2034, 1, 15, 12, 0, tzinfo=UTC)
BEFORE = date(2026, 12, 31)
OLD = 6
MARKS = (planted.NAME, planted.MEMBER, planted.WORDS, planted.FILE, "1931-07-19")


def reviewed_and_old(engine: Engine) -> int:
    """Six claims of 2026, signed by two persons or returned, and one of 2033 of the first patient; the audit's id."""
    people = people_of(engine)
    audit_id = drawn_of(engine, [*planted.files(OLD), planted.document()], OLD, "12345678901234567890")
    for claim in versions(engine).values():
        review_claim(engine, claim, people["rita"])
    for name, claim in versions(engine).items():
        take(engine, claim, people["sam"])
        if name < "C04":
            sign_off.return_claim(engine, claim, text=f"{planted.NAME} had 30 minutes", **who(people["sam"]))
        else:
            sign_off.approve(engine, claim, **who(people["sam"]))
    young = planted.files(1, over=0, first=date(2033, 5, 1))
    young = [(name.removeprefix(f"{planted.FILE} "), whole.splitlines(True)) for name, whole in young]
    young = [(name, b"".join(one for one in rows if b"40," not in one[:4])) for name, rows in young]
    young = [(name, content.replace(b"C01", b"Y01").replace(b"N01", b"Y01")) for name, content in young]
    arrivals.take_in(engine, young, account_id=people["rita"], at=LATER)
    return audit_id


old_audit = filled("old_audit", reviewed_and_old, on="people")


def held(engine: Engine) -> str:
    """Everything in the database, as text, but for the claim of 2033."""
    with read(engine) as connection:
        rows = [
            str(dict(row))
            for table in schema.metadata.sorted_tables
            for row in connection.execute(select(table)).mappings()
        ]
    return "\n".join(row for row in rows if "Y01" not in row and "2033" not in row)


def figures(engine: Engine, audit_id: int) -> dict[str, Any]:
    now = results.results(engine, audit_id)
    return {"sentence": now.sentence, "estimate": now.estimate, "strata": now.strata.to_dict("records")}


def breaks(engine: Engine) -> tuple[str, ...]:
    with read(engine) as connection:
        return verifying.verify(connection).breaks


def remove(engine: Engine, **given: Any) -> dict[str, int]:
    return retention.remove(engine, BEFORE, **{"claims": OLD, "reason": "kept long enough", "at": LATER} | given)


def test_values_of_persons_go_and_all_else_stays(engine: Engine, old_audit: int) -> None:
    before = figures(engine, old_audit)
    assert all(mark in held(engine) for mark in (planted.NAME, planted.MEMBER, planted.WORDS))
    found = retention.due(engine, BEFORE, LATER.date())
    assert (found.claims, found.held) == (OLD, {})
    assert breaks(engine) == ()

    counts = remove(engine)
    assert (counts["claims"], counts["notes"]) == (OLD, OLD + 1), "what is left of a refused note goes too"
    left = held(engine)
    assert [mark for mark in MARKS if mark in left] == []
    assert breaks(engine) == ()
    assert figures(engine, old_audit) == before
    with read(engine) as connection:
        verified = verifying.verify(connection)
        patients = set(connection.execute(select(schema.claims.c.patient_id)).scalars())
        kinds = list(connection.execute(select(schema.events.c.kind).order_by(schema.events.c.id)).scalars())
        codes = set(connection.execute(select(schema.claim_lines.c.procedure_code)).scalars())
    assert verified.recomputed == 2 * OLD
    assert len(patients) == OLD + 1, "who was one patient is one still, and is not the patient of the later claim"
    assert kinds[-1] == retention.KIND
    assert codes == {"97530"}
    assert retention.due(engine, BEFORE, LATER.date()).claims == 0


@on_sqlite
def test_what_was_removed_is_judged_by_no_later_run(engine: Engine, old_audit: int) -> None:
    remove(engine)
    with read(engine) as connection:
        assert list(connection.execute(chosen(connection, Choice())).scalars()) == [versions(engine)["Y01"]]
    for facts, rules in (("others", "others"), (load_facts().sha256, code_version())):
        asked = incremental.asked(engine, facts, rules)
        assert {*asked.every, *asked.beside.claims} <= {versions(engine)["Y01"]}, asked.everything
    assert documents.to_do(engine) == []


@on_sqlite
def test_nothing_is_left_in_the_file(engine: Engine, old_audit: int) -> None:
    remove(engine)
    path = Path(str(engine.url.database))
    content = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))
    assert planted.WORDS.encode() + b" dressing" in content, "of the later claim"
    for mark in (f"{planted.MEMBER}003", f"{planted.NAME} had 30 minutes"):
        assert mark.encode() not in content


FREELY = (
    "UPDATE decisions SET text = '' WHERE id = 1",
    "UPDATE claims SET patient_name = NULL",
    "UPDATE notes SET text = NULL",
    "UPDATE claim_lines SET patient_id = 'removed-1'",
    "UPDATE signatures SET reason = ''",
    "DELETE FROM notes",
)
AFTERWARDS = (
    "UPDATE claims SET payer_id = 'other'",
    "UPDATE claims SET patient_id = 'P1'",
    "UPDATE notes SET text = 'other words'",
    "UPDATE decisions SET kind = 'dismiss'",
    "UPDATE claim_lines SET units = 1",
    "DELETE FROM removals",
    "UPDATE removals SET now_sha256 = was_sha256",
    "DELETE FROM retentions",
)


def test_nobody_else_may_remove_and_what_is_left_cannot_be_changed(engine: Engine, old_audit: int) -> None:
    for statement in FREELY:
        with pytest.raises(DBAPIError, match="countersign: "), database.write(engine) as connection:
            connection.execute(text(statement))
    remove(engine)
    for statement in AFTERWARDS:
        with pytest.raises(DBAPIError, match="countersign: "), database.write(engine) as connection:
            connection.execute(text(statement))


def test_removals_put_in_by_hand_are_found(engine: Engine, old_audit: int) -> None:
    """What somebody with the database's password could do: blank a decision and say that it was time."""
    with database.write(engine) as connection:
        made = "INSERT INTO retentions (before_on, claim_count, reason, at)"
        connection.execute(text(f"{made} VALUES ('2026-12-31', 1, 'x', '2034-01-01')"))
        connection.execute(text(
            "INSERT INTO removals (retention_id, table_name, row_id, was_sha256, now_sha256)"
            " SELECT 1, 'signatures', id, 'x', 'x' FROM signatures WHERE id = 7"))  # fmt: skip
        connection.execute(text("UPDATE signatures SET reason = '' WHERE id = 7"))
    wrong = " ".join(breaks(engine))
    assert "Retention 1: its removals are not those that its event tells of" in wrong
    assert "Retention 1 was put in by hand" in wrong
    assert "Signature 7" in wrong


def test_what_was_tampered_with_is_kept(engine: Engine, old_audit: int) -> None:
    """Removing it would hide what was done."""
    triggers = "ON decisions" if engine.dialect.name == "postgresql" else ""
    with database.write(engine) as connection:
        connection.execute(text(f"DROP TRIGGER guard_decisions_update {triggers}"))
        connection.execute(text("UPDATE decisions SET corrected = 'x'"))
    with pytest.raises(StateError, match="does not hold"):
        remove(engine)


@on_sqlite
def test_when_nothing_is_removed(engine: Engine, old_audit: int) -> None:
    with pytest.raises(InputError, match="kept for 7 years"):
        retention.due(engine, date(2027, 1, 16), LATER.date())
    with pytest.raises(InputError, match="kept for 7 years"):
        remove(engine, at=NOW)
    for given in ({"claims": OLD - 1}, {"reason": " "}):
        with pytest.raises(StateError):
            remove(engine, **given)


@on_sqlite
def test_claims_are_held_back_for_a_reason(engine: Engine, old_audit: int, people: dict[str, int]) -> None:
    """Under review, and of a person who was a minor."""
    minors = [(name, content.replace(b"1931-07-19", b"2020-01-01")) for name, content in planted.files(2)]
    for was, now in ((b"C0", b"D0"), (b"N0", b"M0"), (b"MEMBER0", b"MEMBER1")):
        minors = [(name, content.replace(was, now)) for name, content in minors]
    arrivals.take_in(engine, minors, account_id=people["rita"], at=NOW)
    with database.write(engine) as connection:
        connection.execute(text("UPDATE worklist SET state = 'second' WHERE claim_id = 'C04'"))
    found = retention.due(engine, BEFORE, LATER.date())
    assert found.claims == OLD - 1
    assert found.held == {"is still under review": 1, "is of somebody who was a minor": 2}
    remove(engine, claims=OLD - 1)
    left = held(engine)
    assert f"{planted.MEMBER}004" in left
    assert f"{planted.MEMBER}102" in left
    assert f"{planted.MEMBER}003" not in left


@on_sqlite
def test_the_command_counts_first(
    engine: Engine, old_audit: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    assert main(["retention", "--before", "2001-01-01"]) == 0
    assert "0 claims" in capsys.readouterr().out
    assert main(["retention", "--before", "2026-12-31"]) == 2
    assert "kept for 7 years" in capsys.readouterr().err
    assert planted.NAME in held(engine)
