"""A load is undone as a whole while nothing rests on it; refused rows are mended and loaded again."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from audit.auditing import audits, screening
from audit.errors import AccessError, MappingNeeded, StateError
from audit.intake.foreign.proposing import propose
from audit.intake.tabular import REASONS
from audit.loading import arrivals, mappings, undoing
from audit.reviewing import evidence, worklist
from audit.store import database, guards, schema, trail, verifying
from tests.handed_in import NPI, as_csv, claim, month, note, service
from tests.reviewing import claims, people, review_claim
from tests.stored import add, count_rows, on_sqlite

__all__ = ["claims", "people"]

pytest_plugins = ["tests.databases"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def by(engine) -> int:
    return add(engine, "accounts", username="ada", name="Ada Quill", role="manager")


def load(engine, by, *files, at=NOW) -> int:
    return arrivals.take_in(engine, files, account_id=by, at=at).loaded.load_id


def current(engine) -> dict[str, tuple[int, int]]:
    """Claim id -> version and units of its current version."""
    claims, lines = schema.claims, schema.claim_lines
    query = select(claims.c.claim_id, claims.c.version, lines.c.units).join(lines).where(claims.c.is_current)
    with database.read(engine) as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def undo(engine, load_id, by, **more):
    return undoing.undo(engine, load_id, **{"reason": "Wrong month", "account_id": by, "at": LATER} | more)


def test_an_open_claim_is_read_anew_when_a_load_is_undone(engine, by):
    load(engine, by, *month(claims=1))
    second = load(engine, by, *month(claims=2))

    def rests_on():
        with database.read(engine) as connection:
            return evidence.inputs(connection)

    before = rests_on()
    assert rests_on() == before
    undo(engine, second, by)
    assert rests_on() != before


def screened(engine, *claim_ids: str) -> int:
    """A finished run that saw every load and flagged the current versions of these claims."""
    claims, loads = schema.claims, schema.loads
    with database.read(engine) as connection:
        newest = max(connection.execute(select(loads.c.id)).scalars())
        query = select(claims.c.id).where(claims.c.is_current, claims.c.claim_id.in_(claim_ids))
        versions = list(connection.execute(query).scalars())
    run = add(engine, "runs", state="finished", load_id=newest, started_at=NOW, finished_at=NOW)
    for one in versions:
        add(engine, "run_claims", run_id=run, claim_version_id=one)
        add(engine, "findings", run_id=run, claim_version_id=one, severity="error")
    return run


def test_what_a_load_replaced_is_current_again_and_the_trail_says_so(engine, by):
    load(engine, by, *month(claims=2, over=0))
    second = load(engine, by, ("claims.csv", as_csv([claim(1, units=7), claim(9)])))
    assert current(engine) == {"C01": (2, 7), "C02": (1, 2), "C09": (1, 2)}
    rows = count_rows(engine)
    assert undo(engine, second, by) == {"claims": 2}
    assert current(engine) == {"C01": (1, 2), "C02": (1, 2)}
    assert {name: n - rows[name] for name, n in count_rows(engine).items() if n != rows[name]} == {
        "withdrawals": 1, "events": 1,
    }  # fmt: skip
    with database.read(engine) as connection:
        assert trail.verify(connection) is None
        newest = connection.execute(select(schema.events).order_by(schema.events.c.id.desc())).mappings().first()
    assert (newest["kind"], newest["subject"]) == ("load undone", f"load {second}")
    assert [one["undone"] is not None for one in arrivals.earlier(engine).to_dict("records")] == [True, False]


def test_the_same_file_can_be_loaded_again_after_it_was_undone(engine, by):
    load(engine, by, *month(claims=1, over=0))
    files = ("claims.csv", as_csv([claim(1, units=7)]))
    undo(engine, load(engine, by, files), by)
    again = load(engine, by, files, at=LATER)
    assert current(engine) == {"C01": (3, 7)}
    undo(engine, again, by)
    assert current(engine) == {"C01": (1, 2)}


def test_a_load_is_undone_once_with_a_reason_and_by_who_may(engine, by):
    one = load(engine, by, *month(claims=1))
    with pytest.raises(StateError, match="with a reason"):
        undo(engine, one, by, reason="  ")
    with pytest.raises(AccessError):
        undo(engine, one, add(engine, "accounts", username="d", role="doctor_of_ot"))
    undo(engine, one, None)
    with pytest.raises(StateError, match="undone already"):
        undo(engine, one, by)
    with pytest.raises(StateError, match="there is no load 77"):
        undo(engine, 77, by)


def test_the_later_load_is_undone_first(engine, by):
    first = load(engine, by, *month(claims=1))
    second = load(engine, by, ("claims.csv", as_csv([claim(1, units=7)])))
    assert undoing.why_not(engine, first) == "A later load replaced 1 of its records. Undo the later load first."
    undo(engine, second, by)
    assert undoing.why_not(engine, first) == ""


def test_nothing_is_undone_that_people_s_work_rests_on(engine, by):
    """The claim came first, its note with a second load: the audit rests on both."""
    first = load(engine, by, ("claims.csv", as_csv([claim(1, units=4), claim(2)])))
    second = load(engine, by, ("notes.csv", as_csv([note(1)])), ("note_services.csv", as_csv([service(1)])))
    other = load(engine, by, ("claims.csv", as_csv([claim(20, rendering_npi="1000000004")])))
    run = screened(engine, "C01", "C02")
    assert [undoing.why_not(engine, one) for one in (first, second, other)] == ["", "", ""]
    audits.open_audit(engine, run, name="March", plan=None, account_id=by, at=NOW)
    for one in (first, second):
        assert "rest on what it brought" in undoing.why_not(engine, one)
        with pytest.raises(StateError, match="rest on what it brought"):
            undo(engine, one, by)
    undo(engine, other, by)


def test_work_rests_on_the_day_of_a_person_whatever_number_the_notes_give(engine, by):
    """Two patients seen at once by one person: the finding on the first rests on the note of the second."""
    load(engine, by, ("claims.csv", as_csv([claim(1)])), ("notes.csv", as_csv([note(1)])))
    late = note(2) | {"service_date": "2026-03-01", "claim_id": "", "rendering_npi": "1000000004"}
    seen = load(engine, by, ("notes.csv", as_csv([late])))
    other = load(engine, by, ("notes.csv", as_csv([late | {"note_id": "N3", "author_name": "M. Pell"}])))
    audits.open_audit(engine, screened(engine, "C01"), name="", plan=None, account_id=by, at=NOW)
    assert undoing.why_not(engine, other) == ""
    assert "rest on what it brought" in undoing.why_not(engine, seen)


def test_a_run_that_saw_what_was_undone_is_no_ground_for_an_audit(engine, by):
    load(engine, by, *month(claims=2))
    second = load(engine, by, ("claims.csv", as_csv([claim(9, units=9)])))
    run = screened(engine, "C01", "C02", "C09")
    undo(engine, second, by)
    assert screening.unplanned(engine).empty
    with pytest.raises(StateError, match="was undone"):
        audits.open_audit(engine, run, name="", plan=None, account_id=by, at=LATER)
    with pytest.raises(DBAPIError) as raised:
        add(engine, "audits", run_id=run, account_id=by)
    assert guards.refusal(raised.value) == "a load that the run saw was undone: run the rules again"


@on_sqlite
@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE claims SET is_current = true WHERE version = 1", "a replaced row of claims stays replaced"),
        ("DELETE FROM withdrawals", "withdrawals is append-only: a row cannot be removed"),
        ("UPDATE retirements SET row_id = 1", "retirements is append-only: a row cannot be changed"),
        ("UPDATE mappings SET name = 'x'", "mappings is append-only: a row cannot be changed"),
    ],
)
def test_the_database_holds_to_it(engine, by, sql, says):
    load(engine, by, *month(claims=1, over=0))
    undo(engine, load(engine, by, ("claims.csv", as_csv([claim(1, units=7)]))), by)
    load(engine, by, ("claims.csv", as_csv([claim(1, units=8)])), at=LATER)
    add(engine, "mappings", account_id=by)
    with pytest.raises(DBAPIError) as raised, database.write(engine) as connection:
        connection.execute(text(sql))
    assert guards.refusal(raised.value) == says


@on_sqlite
def test_the_database_itself_refuses_to_undo_what_was_drawn(engine, by):
    one = load(engine, by, *month(claims=2, over=2))
    run = screened(engine, "C01", "C02")
    audits.open_audit(engine, run, name="", plan=None, account_id=by, at=NOW)
    with pytest.raises(DBAPIError) as raised:
        add(engine, "withdrawals", load_id=one, account_id=by)
    assert guards.refusal(raised.value) == "people's work rests on this load"


# Refused rows


def test_refused_rows_come_as_they_stood_and_load_as_they_are(engine, by):
    rows = [
        claim(1),
        claim(2, units="two", payer_name="=HYPERLINK(1)", charge_amount="-5.00"),
        claim(2, line_number="2"),
    ]
    arrival = arrivals.take_in(engine, [("March.csv", as_csv(rows))], account_id=by, at=NOW)
    ((name, table),) = arrival.refused_tables
    assert arrivals.refused_tables_of(engine, arrival.loaded.load_id) == [(name, table)]
    told = list(csv.DictReader(io.StringIO(table)))
    assert name == "March refused.csv"
    assert [row["line_number"] for row in told] == ["1", "2"]
    assert told[0][REASONS[0]] == "units: this is no whole number"
    assert (told[0]["payer_name"], told[0]["charge_amount"]) == ("'=HYPERLINK(1)", "'-5.00")
    again = arrivals.take_in(engine, [(name, table.encode())], account_id=by, at=LATER)
    assert [r.value for r in again.refusals][:1] == ["two"]
    assert again.refused_tables == ((name, table),)
    mended = table.replace(",two,", ",2,")
    done = arrivals.take_in(engine, [(name, mended.encode())], account_id=by, at=LATER)
    assert (done.refusals, done.loaded.counts["lines"]["new"]) == ((), 2)
    with database.read(engine) as connection:
        line = connection.execute(select(schema.claim_lines).where(schema.claim_lines.c.claim_id == "C02")).first()
    assert (line.payer_name, str(line.charge_amount)) == ("=HYPERLINK(1)", "-5.00")


def test_refused_rows_of_another_program_s_table_keep_its_columns(engine, by, tmp_path):
    export = (
        "Claim No,MRN,Payer Code,NPI,DOS,CPT,Mods,Units\n"
        f"A1,7,AET,{NPI},3/13/2026,97110,GO,1\nA2,8,AET,{NPI},3/32/2026,97110,GO,1\n"
    ).encode()
    with pytest.raises(MappingNeeded):
        arrivals.take_in(engine, [("charges.csv", export)], account_id=by, at=NOW)
    (tmp_path / "charges.csv").write_bytes(export)
    with pytest.raises(StateError, match="has a name"):
        mappings.save(engine, propose(tmp_path / "charges.csv").mapping, account_id=by, at=NOW)
    made = replace(propose(tmp_path / "charges.csv").mapping, name=" Clinic  charges ")
    with pytest.raises(AccessError):
        mappings.save(engine, made, account_id=add(engine, "accounts", username="x", role="auditor"), at=NOW)
    assert mappings.save(engine, made, account_id=by, at=NOW).name == "Clinic charges"
    arrival = arrivals.take_in(engine, [("charges.csv", export)], account_id=by, at=NOW)
    assert arrival.cards[0].told == ("read by the mapping Clinic charges",)
    ((name, table),) = arrival.refused_tables
    assert table.splitlines()[0] == "refused because,what to do,Claim No,MRN,Payer Code,NPI,DOS,CPT,Mods,Units"
    assert "DOS: this is no date" in table
    mended = arrivals.take_in(engine, [(name, table.replace("3/32", "3/30").encode())], account_id=by, at=NOW)
    assert mended.loaded.counts["claims"]["new"] == 1
    mappings.save(engine, replace(made, fixed={"payer_name": "Aetna"}), account_id=by, at=LATER)
    assert [one.fixed for one in mappings.saved(engine)] == [{"payer_name": "Aetna"}]


def test_all_that_people_do_about_a_claim_keeps_its_load():
    assert set(guards.PEOPLES_WORK) >= {"audit_claims", "decisions", "signatures", "release_claims", "overpayments"}


def test_a_claim_that_a_load_made_stale_stands_in_the_worklist_as_before_once_it_is_undone(engine, people, claims):
    """The note came, bore on the claim and is gone again: nothing that was signed is different."""
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["rita"])
    before = worklist.counts(engine)
    late = load(engine, people["max"], ("notes.csv", as_csv([note(13) | {"note_id": "late", "patient_id": "P1"}])))
    assert worklist.counts(engine)["stale"] == 1
    undo(engine, late, people["max"])
    assert worklist.counts(engine) == before
    with database.read(engine) as connection:
        assert verifying.verify(connection).breaks == ()
