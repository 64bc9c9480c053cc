"""Buckets on disk and on a cluster: the findings of the whole, row for row, and refusals with their places."""

from __future__ import annotations

import io
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from audit.bulk import cluster, driving, findings, partition, tasks
from audit.cli import commands, main, remaining
from audit.engine import audit, chosen_rules
from audit.errors import CountersignError, InputError
from audit.facts.reference import load_facts
from audit.intake import read
from audit.reports import refusals_as_csv
from audit.rules import ordered, rule_book
from audit.tables import check
from tests import handed_in
from tests.test_splits import NPIS, PEOPLE, clinic

RULES = ("UNIT-01", "UNIT-11", "UNIT-12", "UNIT-13", "UNIT-14")


@pytest.fixture(autouse=True)
def several_pieces_of_clinicians(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "BUCKETS_A_PIECE", 2)


def visits() -> list[dict]:
    """24 visits of 8 patients by three clinicians, several at one time, some of them of an unconfirmed document."""
    return [
        {"patient": n % 8, "npi": NPIS[n % 3], "person": PEOPLE[n % 4], "day": f"2026-03-1{n % 2}", "begins": 540,
         "minutes": 15 + n % 5, "code": "97530", "units": 1 + n % 2, "billed": n % 5 > 0, "noted": n % 7 > 0,
         "unconfirmed": "start_time" if n % 6 == 5 else ""}
        for n in range(24)
    ]  # fmt: skip


def folder_of(folder: Path, claims: list[dict], notes: list[dict], services: list[dict]) -> Path:
    folder.mkdir()
    for name, rows in (("claims", claims), ("notes", notes), ("note_services", services)):
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def as_files(folder: Path) -> Path:
    """The clinic of `visits` as Parquet, the practitioners as CSV."""
    tables = clinic(visits())
    text = {name: getattr(tables, name).astype("object").map(_cell) for name in ("claims", "notes", "note_services")}
    made = folder_of(folder, *(rows.to_dict("records") for rows in text.values()))
    tables.providers.to_csv(made / "providers.csv", index=False)
    return made


def _cell(value: object) -> str:
    if value is None or pd.isna(value):
        return ""
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)


def whole(folder: Path, rules: list) -> tuple[pd.DataFrame, list]:
    tables, refusals = check(read([folder]))
    return audit(tables, rules=rules), refusals


@pytest.mark.parametrize("lines", [100, 8])
def test_buckets_on_disk_find_what_the_whole_finds(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(partition, "ROWS", 5)
    source, rules = as_files(tmp_path / "in"), chosen_rules(RULES)
    told: list[tuple[int, int]] = []
    summary = driving.audit_folder(
        source,
        tmp_path / "out",
        rules,
        as_csv=refusals_as_csv,
        lines_a_bucket=lines,
        progress=lambda *n: told.append(n),
    )
    expected, _ = whole(source, rules)
    found = ordered(list(findings.read(tmp_path / "out")))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert {"error", "warning", "untestable"} <= set(expected["severity"])
    assert (expected["rule"] == "UNIT-12").any()
    assert expected["because"].str.contains("nobody has confirmed").any()
    assert summary.severities == {
        severity: (len(rows), rows["claim_id"].nunique()) for severity, rows in expected.groupby("severity")
    }
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in", "out"], "work folders stay behind"


def test_refusals_name_file_and_row_and_a_number_of_two_patients_is_refused_as_in_the_whole(tmp_path):
    claims = [handed_in.claim(n) for n in range(1, 9)]
    claims += [claims[2] | {"patient_id": "P-OTHER"}]
    claims[5]["units"] = "two"
    notes = [handed_in.note(n) for n in range(1, 9)]
    notes += [notes[3] | {"patient_id": "P-THIRD"}]
    services = [{"note_id": one["note_id"], "procedure_code": "97530", "minutes": "15"} for one in notes[:8]]
    source = folder_of(tmp_path / "in", claims, notes, [*services, {"note_id": "N-NONE", "procedure_code": "97530"}])
    rules = chosen_rules(["UNIT-01"])
    expected, refusals = whole(source, rules)
    summary = driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=2)
    assert summary.refused == len(refusals) > 5
    written = (tmp_path / "out" / "refused.csv").read_text().splitlines()
    assert sorted(written) == sorted(refusals_as_csv(refusals).splitlines())
    pd.testing.assert_frame_equal(ordered(list(findings.read(tmp_path / "out"))), expected, check_dtype=False)


def test_rows_of_several_files_keep_their_places_though_a_bucket_holds_them_in_one(tmp_path, monkeypatch):
    """Two files with the same columns, differently headed, and a third that holds units as numbers."""
    monkeypatch.setattr(partition, "ROWS", 2)
    claims = [handed_in.claim(n) for n in range(1, 13)]
    for n in (1, 6, 10):
        claims[n]["service_date"] = "2026-02-30"
    notes = [handed_in.note(n) for n in range(1, 13)]
    services = [{"note_id": one["note_id"], "procedure_code": "97530", "minutes": "15"} for one in notes]
    source = folder_of(tmp_path / "in", claims[:4], notes, services)
    second = pd.DataFrame(claims[4:8]).rename(columns={"claim_id": " Claim_ID"})
    second.to_parquet(source / "claims-2.parquet", index=False)
    pd.DataFrame(claims[8:]).astype({"units": "int64"}).to_parquet(source / "claims-3.parquet", index=False)
    expected, refusals = whole(source, chosen_rules(["UNIT-01"]))
    assert {(one.file, one.row) for one in refusals} >= {
        ("claims.parquet", 3), ("claims-2.parquet", 4), ("claims-3.parquet", 4)}  # fmt: skip
    rules = chosen_rules(["UNIT-01"])
    driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=3)
    written = (tmp_path / "out" / "refused.csv").read_text().splitlines()
    assert sorted(written) == sorted(refusals_as_csv(refusals).splitlines())
    pd.testing.assert_frame_equal(ordered(list(findings.read(tmp_path / "out"))), expected, check_dtype=False)
    partition.divide({"claims": sorted(source.glob("claims*"))}, tmp_path / "one", 1)
    assert sorted(one.name for one in (tmp_path / "one" / "0000" / "claims").iterdir()) == [
        "claims-2.parquet", "claims-3.parquet"]  # fmt: skip


def test_nothing_is_written_where_something_is_and_an_interrupted_run_leaves_nothing(tmp_path):
    source, rules = as_files(tmp_path / "in"), chosen_rules(["UNIT-01"])

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=8, progress=stop)
    assert [one.name for one in tmp_path.iterdir()] == ["in"]
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="there is something already"):
        driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv)


def test_claims_that_are_no_parquet_are_refused_by_name(tmp_path):
    source = as_files(tmp_path / "in")
    (source / "claims.parquet").unlink()
    (source / "claims.csv").write_bytes(handed_in.as_csv([handed_in.claim(1)]))
    with pytest.raises(InputError, match="claims can be divided into buckets as Parquet only"):
        driving.audit_folder(source, tmp_path / "out", chosen_rules(["UNIT-01"]), as_csv=refusals_as_csv)


def test_claims_that_cannot_be_read_or_are_none_are_refused_by_name(tmp_path):
    source = as_files(tmp_path / "in")
    whole_file = (source / "claims.parquet").read_bytes()
    (source / "claims.parquet").write_bytes(whole_file[:-20])
    with pytest.raises(InputError, match=r"claims\.parquet: the Parquet file cannot be read\. Write it again"):
        driving.audit_folder(source, tmp_path / "out", chosen_rules(["UNIT-01"]), as_csv=refusals_as_csv)
    pd.read_parquet(io.BytesIO(whole_file)).head(0).to_parquet(source / "claims.parquet")
    with pytest.raises(InputError, match=r"there is no claim line to check\. Give claims\.parquet"):
        driving.audit_folder(source, tmp_path / "out", chosen_rules(["UNIT-01"]), as_csv=refusals_as_csv)


def test_columns_of_repeated_words_and_of_numbers_are_read_as_text_is(tmp_path):
    """Parquet may hold words once each (a dictionary) and numbers as such; patients are told apart all the same."""
    source, rules = as_files(tmp_path / "in"), chosen_rules(RULES)
    expected, _ = whole(source, rules)
    claims = pd.read_parquet(source / "claims.parquet")
    claims["units"] = claims["units"].astype("int64")
    claims.astype({"patient_id": "category", "payer_id": "category"}).to_parquet(source / "claims.parquet")
    driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=8)
    pd.testing.assert_frame_equal(ordered(list(findings.read(tmp_path / "out"))), expected, check_dtype=False)


def test_a_rule_about_clinicians_that_raises_leaves_every_claim_untestable_in_every_bucket(tmp_path, monkeypatch):
    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("minutes")

    monkeypatch.setitem(rule_book(), "UNIT-12", replace(rule_book()["UNIT-12"], check=broken))
    source, rules = as_files(tmp_path / "in"), chosen_rules(["UNIT-01", "UNIT-12"])
    expected, _ = whole(source, rules)
    driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=8)
    found = ordered(list(findings.read(tmp_path / "out")))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    failed = found[found["rule"] == "ENGINE"]
    assert set(failed["severity"]) == {"untestable"}
    assert failed["claim_id"].nunique() == check(read([source]))[0].claims["claim_id"].nunique()


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path):
    work = tasks.Work(tmp_path / "elsewhere", load_facts().sha256, ("UNIT-01",))
    with pytest.raises(CountersignError, match="this worker does not see the folder"):
        tasks.judge_bucket(work, 0)


def test_refusals_of_a_folder_are_told_and_written_where_asked(tmp_path, capsys):
    claims = [handed_in.claim(n) for n in range(1, 5)]
    claims[1]["units"] = "two"
    source = folder_of(tmp_path / "in", claims, [handed_in.note(n) for n in range(1, 5)], [
        {"note_id": "N-NONE", "procedure_code": "97530"}])  # fmt: skip
    asked = ["check", str(source), "--split", "buckets", "--rules", "UNIT-01", "--out"]
    main([*asked, str(tmp_path / "out"), "--refused", str(tmp_path / "refused.csv")])
    assert f"2 refusals are in {tmp_path / 'out' / 'refused.csv'}." in capsys.readouterr().err
    assert (tmp_path / "refused.csv").read_text() == (tmp_path / "out" / "refused.csv").read_text()
    assert "two" in (tmp_path / "refused.csv").read_text()


def test_a_cluster_finds_what_the_whole_finds_though_a_worker_is_killed(tmp_path, monkeypatch):
    source, rules = as_files(tmp_path / "in"), chosen_rules(RULES)
    expected, _ = whole(source, rules)
    killed = []
    with cluster.local_cluster(2) as ours:
        monkeypatch.setenv(cluster.ADDRESS, ours.scheduler_address)

        def kill(done: int, steps: int) -> None:
            if done == 1:
                killed.append(next(iter(ours.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        with cluster.cluster() as runner:
            driving.audit_folder(
                source, tmp_path / "out", rules, runner, as_csv=refusals_as_csv, lines_a_bucket=4, progress=kill
            )
    assert len(killed) == 1
    pd.testing.assert_frame_equal(ordered(list(findings.read(tmp_path / "out"))), expected, check_dtype=False)


def test_a_scheduler_that_does_not_answer_and_a_missing_package_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    monkeypatch.setenv(cluster.ADDRESS, "tcp://127.0.0.1:9")
    with pytest.raises(CountersignError, match=r"COUNTERSIGN_CLUSTER=tcp://127.0.0.1:9: no scheduler answers"):
        cluster.cluster().__enter__()
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CountersignError, match="pip install"):
        cluster.cluster().__enter__()
    monkeypatch.setenv(cluster.FOLDER, str(tmp_path / "none"))
    with pytest.raises(CountersignError, match="there is no such folder"):
        cluster.shared_folder()


def test_the_command_writes_parquet_and_says_what_it_came_to(tmp_path, capsys):
    source = as_files(tmp_path / "in")
    expected, _ = whole(source, chosen_rules(RULES))
    asked = ["check", str(source), "--out", str(tmp_path / "out"), "--rules", ",".join(RULES)]
    assert main([*asked, "--split", "buckets", "--lines", "10"]) == 1
    assert "claims with" in capsys.readouterr().err
    pd.testing.assert_frame_equal(ordered(list(findings.read(tmp_path / "out"))), expected, check_dtype=False)
    assert main(asked) == 2
    assert "--split buckets" in capsys.readouterr().err


def test_time_left_is_told_to_a_terminal_only_and_wiped_at_the_end(monkeypatch, capsys):
    with remaining.remaining() as tell:
        assert tell is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = iter([0.0, 1.0, 10.0, 12.0, 15.0])
    monkeypatch.setattr(remaining, "time", SimpleNamespace(monotonic=lambda: next(clock)))  # not that of other threads
    with remaining.remaining() as tell:
        tell("rows", 1, 4)
        tell("rows", 2, 4)
        tell("signatures", 0, 8000)
        tell("signatures", 2000, 8000)
    first, second = "2 of 4 rows done, about 10 s left", "2,000 of 8,000 signatures done, about 9 s left"
    assert capsys.readouterr().err == f"\r{first}\r{second}\r{' ' * len(second)}\r"
    assert [remaining.duration(one) for one in (5, 600, 9000)] == ["5 s", "10 min", "2 h 30 min"]


def test_control_c_ends_a_command_with_a_word(monkeypatch, capsys):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.checking, "read", stop)
    assert main(["check", "nothing.csv"]) == 130
    assert capsys.readouterr().err == "Stopped; nothing of it is kept.\n"
