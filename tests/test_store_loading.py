"""Checked tables into the store: new, changed, unchanged; all of it or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from audit import model
from audit.errors import InputError, Refusal
from audit.store import adding, database, records, schema, trail
from audit.store.canonical import canonical, cell, digest
from audit.store.loading import Loaded, load
from audit.tables import Tables
from tests.stored import NOW, adjustment, count_rows, line, note, on_sqlite, payment, service, tables_of

pytest_plugins = ["tests.databases"]

BATCH = {
    "claims": [line("C1", 1), line("C1", 2, procedure_code="97110"), line("C2", charge_amount="")],
    "notes": [note("N1"), note("N2", signed_at="")],
    "note_services": [service("N1"), service("N1", procedure_code="97110"), service("N2", minutes="")],
    "payers": [{"payer_id": "medicare", "unit_method": "total", "effective_from": "2020-01-01"}],
    "plans_of_care": [{"plan_id": "PL1", "patient_id": "P1", "start_date": "2026-02-02"}],
    "authorizations": [{"number": "A1", "payer_id": "acme", "patient_id": "P1", "units": "12"}],
    "providers": [{"npi": "1000000001", "name": "L. Ortiz", "discipline": "OT"}],
    "fees": [{"payer_id": "acme", "procedure_code": "97110", "amount": "41.50", "co_factor": "0.85"}],
    "payments": [payment(), payment("1", charge_amount="120.50")],
    "adjustments": [adjustment()],
}


def take(engine: Engine, tables: Tables, refusals: tuple[Refusal, ...] = (), **values: Any) -> Loaded:
    fixed = {"name": "march.csv", "sha256": "ab" * 32, "account_id": None, "at": NOW}
    return load(engine, tables, refusals, **fixed | values)


def all_of(engine: Engine, table: str) -> list[dict[str, Any]]:
    with database.read(engine) as connection:
        return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]


def test_a_first_load_is_all_new(engine: Engine) -> None:
    loaded = take(engine, tables_of(**BATCH))
    counted = {name: fates["new"] for name, fates in loaded.counts.items() if name != "refused"}
    assert counted == {
        **{"claims": 2, "lines": 3, "notes": 2, "services": 3},
        **{"payers": 1, "plans_of_care": 1, "authorizations": 1, "providers": 1, "fees": 1},
        **{"payments": 2, "adjustments": 1},
    }
    held = count_rows(engine)
    names = {"lines": "claim_lines", "services": "note_services"}
    assert {name: held[names.get(name, name)] for name in counted} == counted
    assert loaded.sentence() == "Claims: 2 new, 0 changed, 0 unchanged."
    [row] = all_of(engine, "loads")
    assert (row["name"], row["at"], json.loads(row["counts"])) == ("march.csv", NOW, loaded.counts)


def test_the_row_of_a_claim_sums_up_its_lines(engine: Engine) -> None:
    later = line("C1", 2, service_date="2026-03-14", charge_amount="0.05", rendering_npi="2")
    take(engine, tables_of(claims=[later, line("C1", 1), line("C2", charge_amount="")]))
    first, second = sorted(all_of(engine, "claims"), key=lambda row: str(row["claim_id"]))
    assert first["service_date"].isoformat() == "2026-03-12"
    assert first["charge_amount"] == Decimal("120.55")
    assert first["rendering_npi"] == "1000000001"
    assert second["charge_amount"] is None, "an unknown charge makes the sum unknown"
    assert (first["version"], first["is_current"]) == (1, True)


def test_the_same_content_again_adds_nothing_to_any_table(engine: Engine) -> None:
    take(engine, tables_of(**BATCH))
    before = count_rows(engine)
    shuffled = BATCH | {name: BATCH[name][::-1] for name in ("claims", "notes", "note_services")}
    again = take(engine, tables_of(**shuffled), sha256="cd" * 32, at=NOW + timedelta(days=3))
    assert count_rows(engine) == before
    assert (again.load_id, again.before) == (None, NOW)
    assert again.counts["lines"] == {"new": 0, "changed": 0, "unchanged": 3}
    assert again.sentence() == "This content was already loaded on 2026-11-24; nothing was added."


def test_a_changed_line_makes_a_new_version_of_its_claim_and_of_no_other(engine: Engine) -> None:
    take(engine, tables_of(**BATCH))
    mended = [line("C1", 1), line("C1", 2, procedure_code="97110", units="1"), line("C2", charge_amount="")]
    loaded = take(engine, tables_of(**BATCH | {"claims": mended}))
    assert loaded.counts["claims"] == {"new": 0, "changed": 1, "unchanged": 1}
    assert loaded.counts["lines"] == {"new": 0, "changed": 2, "unchanged": 1}
    versions = sorted((row["claim_id"], row["version"], row["is_current"]) for row in all_of(engine, "claims"))
    assert versions == [("C1", 1, False), ("C1", 2, True), ("C2", 1, True)]
    assert count_rows(engine)["claim_lines"] == 5, "the lines of the first version stay"


def test_a_line_taken_away_is_a_change(engine: Engine) -> None:
    take(engine, tables_of(**BATCH))
    loaded = take(engine, tables_of(**BATCH | {"claims": [line("C1", 1), line("C2", charge_amount="")]}))
    assert loaded.counts["claims"] == {"new": 0, "changed": 1, "unchanged": 1}


def test_going_back_to_earlier_content_is_a_third_version(engine: Engine) -> None:
    for units in ("2", "1", "2"):
        take(engine, tables_of(claims=[line(units=units)]))
    rows = all_of(engine, "claims")
    assert [(row["version"], row["is_current"]) for row in rows] == [(1, False), (2, False), (3, True)]
    assert rows[0]["content_sha256"] == rows[2]["content_sha256"]


def test_an_addendum_makes_a_new_version_of_its_note(engine: Engine) -> None:
    take(engine, tables_of(**BATCH))
    take(engine, tables_of(**BATCH | {"note_services": [service("N1"), service("N2", minutes="")]}))
    versions = sorted((row["note_id"], row["version"], row["is_current"]) for row in all_of(engine, "notes"))
    assert versions == [("N1", 1, False), ("N1", 2, True), ("N2", 1, True)]


def test_notes_that_come_without_services_keep_those_they_have(engine: Engine) -> None:
    """A file of notes alone is not the news that all minutes are gone."""
    take(engine, tables_of(**BATCH))
    signed = [note("N1"), note("N2", signed_at="2026-03-13T08:00")]
    loaded = take(engine, tables_of(notes=signed))
    assert loaded.counts["notes"] == {"new": 0, "changed": 1, "unchanged": 1}
    assert loaded.counts["services"] == {"new": 0, "changed": 1, "unchanged": 2}


def test_a_row_of_context_is_told_apart_by_its_whole_key(engine: Engine) -> None:
    medicare = {"payer_id": "medicare", "effective_from": "2020-01-01", "effective_to": ""}
    take(engine, tables_of(payers=[medicare]))
    ended = medicare | {"effective_to": "2026-12-31"}
    follows = {"payer_id": "medicare", "effective_from": "2027-01-01"}
    without = {"payer_id": "acme"}
    loaded = take(engine, tables_of(payers=[ended, follows, without]))
    assert loaded.counts["payers"] == {"new": 2, "changed": 1, "unchanged": 0}
    assert take(engine, tables_of(payers=[without])).load_id is None, "a key without a date is a key"
    current = [row["effective_to"] for row in all_of(engine, "payers") if row["is_current"]]
    assert len(current) == 3


REFUSAL = Refusal("march.csv", 7, "units", "two", "this is no whole number", "Write digits", "claims", "C9")


def test_refusals_are_kept_with_their_load(engine: Engine) -> None:
    second = replace(REFUSAL, column="service_date", value="yesterday")
    loaded = take(engine, tables_of(**BATCH), (REFUSAL, second))
    assert loaded.counts["refused"] == {"rows": 1}, "one row, refused for two reasons"
    kept = all_of(engine, "refusals")
    assert kept[0] == asdict(REFUSAL) | {"id": kept[0]["id"], "load_id": loaded.load_id}
    assert [row["column"] for row in kept] == ["units", "service_date"]


def test_a_file_of_refusals_alone_is_told_once(engine: Engine) -> None:
    assert take(engine, tables_of(), (REFUSAL,)).load_id is not None
    assert take(engine, tables_of(), (REFUSAL,)).load_id is None
    assert take(engine, tables_of(), (REFUSAL,), sha256="cd" * 32).load_id is not None


def test_nothing_at_all_is_no_load(engine: Engine) -> None:
    nothing = take(engine, tables_of())
    assert (nothing.load_id, nothing.before) == (None, None)
    assert nothing.sentence() == "This content was already loaded; nothing was added."


def test_a_load_is_an_event_without_names(engine: Engine) -> None:
    loaded = take(engine, tables_of(claims=[line(patient_name="Ada Secret")]), name="Ada Secret.csv")
    [event] = all_of(engine, "events")
    assert (event["kind"], event["subject"]) == ("load", f"load {loaded.load_id}")
    assert "Secret" not in json.dumps(event, default=str)
    with database.read(engine) as connection:
        assert trail.verify(connection) is None


def test_two_rows_with_one_key_are_refused(engine: Engine) -> None:
    with pytest.raises(InputError, match=r"march.csv: two rows of notes have the same note_id\."):
        take(engine, tables_of(notes=[note("N1"), note("N1", text="Another.")]))


def test_an_exception_in_the_middle_leaves_nothing(engine: Engine) -> None:
    """The last table to be filled refuses: all that went before is taken back."""
    before = count_rows(engine)
    with database.write(engine) as connection:
        connection.execute(text("ALTER TABLE providers RENAME COLUMN credential TO other"))
    with pytest.raises(Exception, match="credential"):
        take(engine, tables_of(**BATCH))
    with database.write(engine) as connection:
        connection.execute(text("ALTER TABLE providers RENAME COLUMN other TO credential"))
    assert count_rows(engine) == before
    assert take(engine, tables_of(**BATCH)).counts["claims"]["new"] == 2


@on_sqlite
def test_a_process_killed_in_the_middle_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    code = f"""
import os, signal
from audit.store import database, loading, trail
from tests.stored import tables_of
from tests.test_store_loading import BATCH, take
trail.record = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)  # the last step of a load
take(database.connect({str(engine.url)!r}), tables_of(**BATCH))
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": "."})
    assert killed.returncode == -signal.SIGKILL
    assert set(count_rows(engine).values()) == {0}
    assert take(engine, tables_of(**BATCH)).counts["claims"]["new"] == 2


def test_two_loads_of_the_same_content_at_once_add_it_once(engine: Engine) -> None:
    done: list[int | None] = []
    threads = [threading.Thread(target=lambda: done.append(take(engine, tables_of(**BATCH)).load_id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(load_id is None for load_id in done) == [False, True, True, True]
    assert count_rows(engine)["claims"] == 2


def test_values_that_only_one_database_would_refuse_go_into_both(engine: Engine) -> None:
    long = "x" * 500
    take(engine, tables_of(claims=[line(procedure_code=long)], notes=[note(signed_at=long, start_time="09:00:00")]))
    take(engine, tables_of(), (replace(REFUSAL, file=long, column=long),), name=long)


def test_what_the_contract_adds_later_changes_no_digest() -> None:
    """A column that is unknown in a claim leaves its digest as it was before the column existed."""
    before = {"claim_id": "C1", "units": 2}
    assert digest(before | {"added": "", "also": None}) == digest(before)
    assert digest(before | {"added": "x"}) != digest(before)
    assert digest(before | {"units": 0}) != digest({"claim_id": "C1"}), "nought is known"


def test_content_has_one_spelling() -> None:
    row = {"units": 2, "charge_amount": Decimal("62.5"), "at": NOW, "service_date": NOW.date(), "text": "Ü"}
    spelt = '{"at":"2026-11-24T09:30:00.000000+00:00","charge_amount":"62.50","service_date":"2026-11-24",'
    assert canonical(row) == spelt + '"text":"Ü","units":2}'
    with pytest.raises(TypeError, match="object has no canonical form"):
        canonical({"text": object()})


def test_a_row_written_cell_by_cell_is_the_row_written_whole() -> None:
    cells = {
        "b": Decimal("2.5"),
        "a": 'x "y"\n\\ ü\x7f\u2028',
        "c": date(2026, 3, 1),
        "d": 7,
        "e": None,
        "f": "",
        "g": 0,
    }
    assert "{" + ",".join(filter(None, [cell(name, cells[name]) for name in sorted(cells)])) + "}" == canonical(cells)


def test_many_records_have_the_digests_of_single_ones(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines in any order, over the bounds of what is worked on at a time."""
    monkeypatch.setattr(records, "AT_ONCE", 3)
    monkeypatch.setattr(adding, "AT_ONCE", 2)
    lines = [line(f"C{claim}", number, units=str(number)) for number in (2, 1, 3) for claim in range(5)]
    notes, services = [note(f"N{n}", text=f"Visit\t{n}\n\\N") for n in range(5)], [service(f"N{n}") for n in (4, 2, 4)]
    take(engine, tables_of(claims=lines, notes=notes, note_services=services))
    held = {row["claim_id"]: row["content_sha256"] for row in all_of(engine, "claims")}
    rows, shown = all_of(engine, "claim_lines"), [one.name for one in model.CLAIMS.columns]
    own = [{name: row[name] for name in shown} for row in rows if row["claim_id"] == "C4"]
    assert len(own) == 3
    assert held["C4"] == digest({}, own)
    assert {row["text"] for row in all_of(engine, "notes")} == {one["text"] for one in notes}
    assert sorted((row["note_id"], row["position"]) for row in all_of(engine, "note_services")) == [
        ("N2", 1),
        ("N4", 1),
        ("N4", 2),
    ]
    assert take(engine, tables_of(claims=lines[::-1], notes=notes, note_services=services)).load_id is None


def test_a_load_tells_how_far_it_is_and_cancelled_leaves_nothing(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    before = count_rows(engine)

    def cancel(done: int, whole: int) -> None:
        told.append((done, whole))
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(engine, tables_of(**BATCH), progress=cancel)
    assert count_rows(engine) == before
    with database.read(engine) as connection:
        assert trail.verify(connection) is None
    told.clear()
    loaded = take(engine, tables_of(**BATCH), progress=lambda *one: told.append(one))
    whole = sum(fates["new"] for name, fates in loaded.counts.items() if name != "refused")
    assert told[-1] == (whole, whole)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
