"""A watched folder: what arrives is loaded, judged and reported; what cannot be read is set aside with its reason."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from audit import watching
from audit.auditing import running, screening
from audit.cli import main
from audit.errors import InputError, StateError
from audit.intake.foreign.proposing import propose
from audit.loading import arrivals, mappings
from audit.reviewing import claim_record, corrected
from audit.store.database import VARIABLE
from tests.handed_in import NPI, as_csv, claim, month
from tests.stored import add, count_rows

pytest_plugins = ["tests.databases"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
STRANGE = "Zebedee Quux"


@pytest.fixture
def address(sqlite_file, tmp_path) -> str:
    """SQLite alone: nothing here depends on the kind of database."""
    return f"sqlite:///{shutil.copy(sqlite_file, tmp_path / 'countersign.db')}"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "inbox"
    made.mkdir()
    return made


@pytest.fixture
def unjudged(monkeypatch) -> None:
    """Runs no rules, which take seconds, where a test looks at the files alone."""
    monkeypatch.setattr(watching.running, "screen_new", lambda *_, **__: None)


def put(folder, *files: tuple[str, bytes]) -> None:
    for name, content in files:
        (folder / name).write_bytes(content)


def watch(engine, folder) -> str:
    lines: list[str] = []
    watching.watch(engine, folder, every=0, once=True, say=lines.append, now=lambda: NOW)
    return "\n".join(lines)


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}


def test_files_that_arrive_together_are_judged_together_and_reported(engine, folder):
    files = month(claims=3, over=1)
    put(folder, (files[0][0], files[0][1].replace(b"Medicare Part B", STRANGE.encode())), *files[1:])
    said = watch(engine, folder)
    assert names(folder) == set()
    assert names(folder / "done") == {
        "claims.csv", "notes.csv", "note_services.csv", "load-1.report.txt", "load-1.findings.csv",
    }  # fmt: skip
    report = (folder / "done" / "load-1.report.txt").read_text()
    assert "claims.csv: 3 claim lines" in report
    assert "3 claims screened: 1 flagged" in report
    with (folder / "done" / "load-1.findings.csv").open(encoding="utf-8") as file:
        assert any((row["claim_id"], row["rule"]) == ("C01", "UNIT-01") for row in csv.DictReader(file))
    assert "3 claims screened" in said
    assert STRANGE not in said
    assert "P01" not in said
    if os.name != "nt":
        assert (folder / "done" / "load-1.report.txt").stat().st_mode & 0o077 == 0


def test_a_bad_file_is_set_aside_with_its_reason_and_the_others_are_taken(engine, folder, unjudged):
    put(folder, *month(claims=2), ("zero.csv", b""), ("diary.csv", b"a,b\n1,2\n"), ("notes.pdf", b"%PDF-1.7 cut"))
    said = watch(engine, folder)
    assert {"claims.csv", "load-1.report.txt"} <= names(folder / "done")
    assert names(folder / "set-aside") >= {"zero.csv", "zero.csv.reason.txt", "diary.csv", "diary.csv.reason.txt"}
    assert (folder / "set-aside" / "zero.csv.reason.txt").read_text().startswith("zero.csv: the file is empty.")
    assert "It needs a mapping: open the page Load" in (folder / "set-aside" / "diary.csv.reason.txt").read_text()
    assert "Set aside zero.csv" in said


def test_rows_that_are_refused_lie_beside_the_report_and_load_again(engine, folder, unjudged):
    put(folder, ("claims.csv", as_csv([claim(1), claim(2, units="two")])))
    watch(engine, folder)
    refused = folder / "done" / "load-1.claims refused.csv"
    assert "1 row refused" in (folder / "done" / "load-1.report.txt").read_text()
    put(folder, ("mended.csv", refused.read_bytes().replace(b",two,", b",2,")))
    watch(engine, folder)
    assert screening.population(engine).claims == 2


def test_a_mapping_that_fits_is_used(engine, folder, unjudged, tmp_path):
    by = add(engine, "accounts", username="ada", role="manager")
    export = f"Claim No,MRN,Payer Code,NPI,DOS,CPT,Mods,Units\nA1,7,AET,{NPI},3/13/2026,97110,GO,1\n".encode()
    (tmp_path / "x.csv").write_bytes(export)
    mappings.save(engine, replace(propose(tmp_path / "x.csv").mapping, name="Charges"), account_id=by, at=NOW)
    put(folder, ("march.csv", export))
    watch(engine, folder)
    assert "read by the mapping Charges" in (folder / "done" / "load-1.report.txt").read_text()


def test_a_watch_that_was_ended_goes_on_where_it_stopped(engine, folder, monkeypatch):
    put(folder, *month(claims=2))
    with monkeypatch.context() as broken:
        broken.setattr(watching.running, "screen_new", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watch(engine, folder)
    assert "claims.csv" in names(folder)
    watch(engine, folder)
    assert names(folder) == set()
    assert "2 claims screened" in (folder / "done" / "again-20261124T093000.report.txt").read_text()
    rows = count_rows(engine)
    put(folder, *month(claims=2))
    watch(engine, folder)
    assert count_rows(engine) == rows
    assert "claims (2).csv" in names(folder / "done")


def test_a_corrected_claim_is_told_with_what_became_of_its_findings(engine, folder):
    put(folder, *month(claims=2, over=2))
    watch(engine, folder)
    put(folder, ("claims.csv", as_csv([claim(1, units=2), claim(2, units=5)])))
    watch(engine, folder)
    report = (folder / "done" / "load-2.report.txt").read_text()
    assert "Claim C01: Version 2 against version 1: " in report
    since = corrected.since_before(engine, range(1, 9))
    assert [(one.claim_id, [f["rule"] for f in one.findings["resolved"]]) for one in since if one.claim_id == "C01"]
    by_claim = {one.claim_id: one.findings for one in since}
    assert "UNIT-01" in [one["rule"] for one in by_claim["C01"]["resolved"]]
    assert "UNIT-01" in [one["rule"] for one in by_claim["C02"]["still there"]]
    reader = add(engine, "accounts", username="m", role="manager")
    record = claim_record.record_of(engine, "C02", account_id=reader, at=NOW)
    assert record.corrected[0].startswith("Version 2 against version 1: ")


def test_two_watches_on_one_folder(engine, folder, unjudged):
    with (folder / watching.LOCK).open("a+b") as file:
        pytest.importorskip("fcntl").flock(file, 2)  # LOCK_EX; Windows locks by another call
        with pytest.raises(StateError, match="another watch has this folder"):
            watch(engine, folder)
    watch(engine, folder)
    with pytest.raises(InputError, match="no such folder"):
        watch(engine, folder / "nowhere")


def test_a_file_that_still_grows_and_links_are_left_alone(engine, folder, unjudged, monkeypatch):
    put(folder, *month(claims=1), ("huge.csv.part", b"x"))
    (folder / "link.csv").symlink_to(folder / "claims.csv")

    def grows(_seconds: float) -> None:
        with (folder / "claims.csv").open("ab") as file:
            file.write(b"\n")

    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=grows))
    said = watch(engine, folder)
    assert {"claims.csv", "link.csv", "huge.csv.part"} <= names(folder)
    assert "Set aside note_services.csv" not in said


def test_the_command_watches_once(address, folder, unjudged, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, address)
    put(folder, *month(claims=1))
    assert main(["watch", str(folder), "--once", "--every", "0"]) == 0
    assert "Claims: 1 new, 0 changed, 0 unchanged." in capsys.readouterr().out
    assert main(["watch", str(folder / "nowhere"), "--once"]) == 2


# Corrected claims


def found(
    rule: str, severity: str = "error", line: int = 1, code: str = "97530", because: str = ""
) -> dict[str, object]:
    return {"rule": rule, "severity": severity, "line_number": line, "procedure_code": code, "because": because}


def test_fates_of_findings():
    before = [found("A"), found("A", line=2), found("B"), found("C"), found("D"), found("E", "untestable")]
    after = [found("A", line=3), found("B", "untestable"), found("E"), found("F")]
    after.append(found("ENGINE", "untestable", because="Rule D could not run (KeyError)"))
    told = {fate: [one["rule"] for one in ones] for fate, ones in corrected.compare(before, after).items()}
    assert told == {
        "resolved": ["A", "C"], "still there": ["A"], "not testable now": ["B", "D"], "new": ["E", "F"],
    }  # fmt: skip


def test_what_is_new_is_screened_and_nothing_else(engine):
    by = add(engine, "accounts", username="ada", role="manager")
    arrivals.take_in(engine, month(claims=2), account_id=by, at=NOW)
    assert screening.unjudged(engine).claims == 2
    assert running.screen_new(engine, account_id=by, at=NOW) == 1
    assert (screening.unjudged(engine).claims, running.screen_new(engine, account_id=by, at=NOW)) == (0, None)
    late = as_csv([{"note_id": "N9", "patient_id": "P02", "service_date": "2026-03-02"}])
    arrivals.take_in(engine, [("notes.csv", late)], account_id=by, at=NOW)
    assert screening.unjudged(engine) == screening.Unjudged(1, "")


def test_runs_over_part_of_the_claims_leave_all_to_be_judged_together(engine):
    by = add(engine, "accounts", username="ada", role="manager")
    arrivals.take_in(engine, month(claims=2), account_id=by, at=NOW)
    there = screening.population(engine)
    running.screen(engine, account_id=by, at=NOW, from_date=there.last)
    asked = screening.unjudged(engine)
    assert (asked.claims, asked.again) == (2, "no run has judged all claims as they stand now")
