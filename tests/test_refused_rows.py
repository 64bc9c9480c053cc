"""A note, a plan of care or an authorisation of which a row was refused: nothing looks as if it had never been there,
and no error rests on what else of its kind is on file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, select

from audit.bulk import driving, findings
from audit.engine import audit, chosen_rules
from audit.errors import Refusal
from audit.intake import read
from audit.intake.foreign.mapping import Mapping, Taken
from audit.intake.foreign.shape import Shape
from audit.loading import mappings
from audit.reports import refusals_as_csv
from audit.store import database, reading, schema
from audit.store.loading import Loaded, load
from audit.tables import Tables, check
from audit.unconfirmed import REFUSED
from tests.stored import NOW, line, note, service

pytest_plugins = ["tests.databases"]

CLAIMS = [
    line("C1", payer_id="medicare-b", units="2"),
    line("C2", payer_id="medicare-b", units="4", patient_id="P2"),
    line("C3", payer_id="medicare-b", units="4", patient_id="P3"),
]
NOTES = [
    note("N1", total_timed_minutes="30 min", signed_by=""),
    note("N2", patient_id="P2", total_timed_minutes="30"),
    note("N2-later", patient_id="P2", total_timed_minutes="30"),
    note("N3", patient_id="P3", total_timed_minutes="30"),
]
SERVICES = [
    *(service("N1", minutes="30"), service("N2", minutes="30"), service("N2-later", minutes="half an hour")),
    service("N3", minutes="30"),
]


def written(folder: Path, notes: list[dict[str, str]] = NOTES, services: list[dict[str, str]] = SERVICES) -> Path:
    """As files: C1 with a refused note alone, C2 with one beside a whole note, C3 with a whole one."""
    folder.mkdir(exist_ok=True)
    for name, rows in (("claims", CLAIMS), ("notes", notes), ("note_services", services)):
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder


def judged(tables: Tables, *codes: str, **ways: Any) -> dict[str, list[tuple[str, str]]]:
    """Of the claims that one of the rules speaks of: rules with severities."""
    found = audit(tables, rules=chosen_rules(codes), **ways)
    said = zip(found["claim_id"], found["rule"], found["severity"], strict=True)
    told: dict[str, list[tuple[str, str]]] = {}
    for claim, rule, severity in said:
        told.setdefault(claim, []).append((rule, severity))
    return told


@pytest.mark.parametrize("split", ["whole", "buckets"])
def test_a_day_with_a_refused_note_is_untestable(tmp_path: Path, split: str) -> None:
    tables, refusals = check(read([written(tmp_path)]))
    assert {(one.file, one.row) for one in refusals} == {
        *(("notes.csv", row) for row in (2, 4)),
        *(("note_services.csv", row) for row in (2, 4)),
    }
    unclear = [("DOC-01", "untestable"), ("UNIT-01", "untestable")]
    told = judged(tables, "DOC-01", "DOC-02", "UNIT-01", split=split)
    assert {claim: rows for claim, rows in told.items() if claim != "C3"} == {"C1": unclear, "C2": [
        unclear[0], ("DOC-02", "untestable"), ("DOC-02", "warning"), unclear[1]]}  # fmt: skip
    assert ("UNIT-01", "error") in told["C3"]
    found = audit(tables, rules=chosen_rules(["DOC-01"]), split=split)
    assert set(found["expected"]) == {"Mend the refused row of this note and load it again"}
    rows = tables.notes.set_index("note_id")["refused_row"]
    assert rows[rows != ""].to_dict() == {"N1": "row 2 of notes.csv", "N2-later": "row 4 of note_services.csv"}


def test_names_of_files_stay_out_of_findings(tmp_path: Path) -> None:
    """They may name a patient, and findings go into reports that name nobody."""
    written(tmp_path)
    (tmp_path / "notes.csv").rename(tmp_path / "Roe Jane.csv")
    tables, _ = check(read([tmp_path]))
    assert "Roe Jane" in " ".join(tables.notes["refused_row"])
    assert "Roe Jane" not in audit(tables).to_csv()


@pytest.mark.parametrize("split", ["whole", "buckets"])
def test_an_error_that_rests_on_the_other_notes_of_the_day_is_a_warning(tmp_path: Path, split: str) -> None:
    """N2 alone says that a student gave the visit; what the refused note says of it nobody knows. What the claim alone
    shows stays an error."""
    notes = [NOTES[0], {**NOTES[1], "author_credential": "OTS"}, *NOTES[2:]]
    tables, _ = check(read([written(tmp_path, notes)]))
    found = audit(tables, rules=chosen_rules(["DOC-12", "FMT-01"]), split=split)
    of_claim = found[found["claim_id"] == "C2"]
    (student,) = of_claim[of_claim["rule"] == "DOC-12"].to_dict("records")
    assert student["severity"] == "warning"
    assert student["because"].endswith(REFUSED)
    assert set(of_claim.loc[of_claim["rule"] == "FMT-01", "severity"]) == {"error"}


def test_a_row_of_another_width_is_a_refused_note_too(tmp_path: Path) -> None:
    folder = written(tmp_path)
    rows = (folder / "notes.csv").read_text().splitlines()
    rows[1] = rows[1].replace("30 min", "30").replace("Dressing.", "Dressing, bathing")
    (folder / "notes.csv").write_text("\n".join(rows))
    tables, refusals = check(read([folder]))
    of_row = [one for one in refusals if (one.file, one.row) == ("notes.csv", 2)]
    assert [one.wrong for one in of_row] == ["the row has 9 cells where the header has 8"]
    assert judged(tables, "DOC-01")["C1"] == [("DOC-01", "untestable")]


@pytest.mark.parametrize("row", ["Roe,P1,3/12/2026,7,Dressing, bathing", "Roe,P1,3/12/2026,7"])
def test_in_a_table_of_another_program_too(tmp_path: Path, row: str) -> None:
    folder = written(tmp_path)
    (folder / "notes.csv").unlink()
    (folder / "export.csv").write_text(f"Who,MRN,DOS,Nr,Words\n{row}\nPoe,P9,3/12/2026,8,Bathing\n")
    taken = (
        *(Taken("MRN", "patient_id"), Taken("DOS", "service_date", "date", "%m/%d/%Y")),
        *(Taken("Nr", "note_id"), Taken("Words", "text")),
    )
    export = Mapping("export", "notes", Shape(), ("Who", "MRN", "DOS", "Nr", "Words"), taken)
    tables, refusals = check(read([folder], mappings=[export]))
    assert [one.wrong for one in refusals if (one.file, one.row) == ("export.csv", 2)] == [
        f"the row has {len(row.split(','))} cells where the header has 5"
    ]
    assert tables.notes.set_index("note_id")["refused_row"].to_dict() == {"7": "row 2 of export.csv", "8": ""}
    tried = mappings.trial(folder / "export.csv", export)
    assert (tried.rows, [one.row for one in tried.refusals]) == (1, [2])
    assert judged(tables, "DOC-01")["C1"] == [("DOC-01", "untestable")]


@pytest.mark.parametrize("column", ["patient_id", "service_date"])
def test_nothing_stands_for_a_note_of_which_nobody_can_say_whose_it_is(tmp_path: Path, column: str) -> None:
    tables, _ = check(read([written(tmp_path, [{**NOTES[0], column: ""}, *NOTES[1:]])]))
    assert "N1" not in tables.notes["note_id"].tolist()
    assert judged(tables, "DOC-01")["C1"] == [("DOC-01", "error")]


def test_what_else_can_be_read_of_whose_note_it_is_is_kept_and_nothing_more(tmp_path: Path) -> None:
    told = {"claim_id": "C1", "note_type": "progress", "discipline": "O.T.", "signed_by": "L. Ortiz"}
    tables, _ = check(read([written(tmp_path, [{**NOTES[0], **told}])]))
    (row,) = tables.notes[tables.notes["note_id"] == "N1"].to_dict("records")
    known = {name: value for name, value in row.items() if value is not pd.NA and value not in ("", None, pd.NaT)}
    assert known == {
        **{"note_id": "N1", "patient_id": "P1", "service_date": pd.Timestamp("2026-03-12"), "claim_id": "C1"},
        **{"note_type": "progress", "refused_row": "row 2 of notes.csv"},
    }


def test_a_file_cannot_say_that_a_note_was_refused(tmp_path: Path) -> None:
    tables, _ = check(read([written(tmp_path, [{**NOTES[3], "refused_row": "the stairs"}])]))
    assert tables.notes["refused_row"].tolist() == [""]


def test_the_second_of_two_same_rows_is_no_refused_note(tmp_path: Path) -> None:
    tables, refusals = check(read([written(tmp_path, [NOTES[3], NOTES[3]], SERVICES[3:])]))
    assert len(refusals) == 1
    assert tables.notes[["note_id", "refused_row"]].to_numpy().tolist() == [["N3", ""]]


def test_a_folder_in_buckets_finds_the_same(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name, rows in (("claims", CLAIMS), ("notes", NOTES), ("note_services", SERVICES)):
        pd.DataFrame(rows).to_parquet(source / f"{name}.parquet", index=False)
    rules = chosen_rules(["DOC-01", "DOC-12", "UNIT-01"])
    driving.audit_folder(source, tmp_path / "out", rules, as_csv=refusals_as_csv, lines_a_bucket=1)
    found = pd.concat(findings.read(tmp_path / "out")).sort_values(["claim_id", "rule"], ignore_index=True)
    tables, _ = check(read([source]))
    wanted = audit(tables, rules=rules)[found.columns]
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    assert ("DOC-01", "untestable") in set(zip(found["rule"], found["severity"], strict=True))


def take(engine: Engine, folder: Path, sha256: str) -> Loaded:
    tables, refusals = check(read([folder]))
    return load(engine, tables, refusals, name="march", sha256=sha256 * 32, account_id=None, at=NOW)


def doubts(engine: Engine) -> list[str]:
    """Claims of the store with a day of a refused note."""
    tables = reading.tables_in_store(engine)
    found = audit(tables, rules=chosen_rules(["DOC-01"]))
    return found.loc[found["severity"] == "untestable", "claim_id"].tolist()


def test_the_store_keeps_it_until_the_mended_row_comes(engine: Engine, tmp_path: Path) -> None:
    loaded = take(engine, written(tmp_path / "a"), "ab")
    assert loaded.counts["notes"] == {"new": 2, "changed": 0, "unchanged": 0}
    assert doubts(engine) == ["C1", "C2"]
    mended = [{**one, "total_timed_minutes": "30"} for one in NOTES]
    loaded = take(engine, written(tmp_path / "b", mended, [{**one, "minutes": "30"} for one in SERVICES]), "cd")
    assert loaded.counts["notes"] == {"new": 0, "changed": 2, "unchanged": 2}
    assert doubts(engine) == []
    rows = select(schema.notes.c.note_id, schema.notes.c.refused_row).where(schema.notes.c.is_current)
    with database.read(engine) as connection:
        assert {tuple(row) for row in connection.execute(rows)} == {(one["note_id"], "") for one in NOTES}


def test_a_refused_note_replaces_none_that_is_held(engine: Engine, tmp_path: Path) -> None:
    whole = [{**one, "total_timed_minutes": "30"} for one in NOTES]
    take(engine, written(tmp_path / "a", whole, [{**one, "minutes": "30"} for one in SERVICES]), "ab")
    loaded = take(engine, written(tmp_path / "b"), "cd")
    assert loaded.counts["notes"] == {"new": 0, "changed": 0, "unchanged": 2}
    assert doubts(engine) == []


PLANS = [
    {"plan_id": "A", "patient_id": "P3", "start_date": "2026-01-01", "end_date": "2026-03-01",
     "certified_on": "2026-01-05", "frequency": "2 a week", "duration": "8 weeks"},
    {"plan_id": "B", "patient_id": "P3", "start_date": "3/2/2026", "end_date": "2026-05-01",
     "certified_on": "2026-03-03", "frequency": "2 a week", "duration": "8 weeks"},
]  # fmt: skip
ALLOWED = [
    {"number": "A1", "payer_id": "acme", "patient_id": "P3", "units": "2", "from_date": "2026-03-01"},
    {"number": "A2", "payer_id": "acme", "patient_id": "P3", "units": "ten", "from_date": "2026-03-12"},
]


def planned(folder: Path, name: str, rows: list[dict[str, str]], **cells: str) -> tuple[Tables, list[Refusal]]:
    """C3 alone, under these rows."""
    folder.mkdir(exist_ok=True)
    pd.DataFrame([{**CLAIMS[2], **cells}]).to_csv(folder / "claims.csv", index=False)
    pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return check(read([folder]))


@pytest.mark.parametrize("split", ["whole", "buckets"])
def test_a_day_beside_a_refused_plan_is_not_outside_of_every_plan(tmp_path: Path, split: str) -> None:
    tables, _ = planned(tmp_path, "plans_of_care", PLANS[:1])
    assert judged(tables, "DOC-05", split=split)["C3"] == [("DOC-05", "error")]
    tables, refusals = planned(tmp_path, "plans_of_care", PLANS)
    assert [(one.file, one.row, one.column) for one in refusals] == [("plans_of_care.csv", 3, "start_date")]
    assert tables.plans_of_care["refused_row"].tolist() == ["", "row 3 of plans_of_care.csv"]
    told = judged(tables, "DOC-05", "DOC-06", "DOC-08", split=split)["C3"]
    assert "error" not in {severity for _, severity in told}
    assert ("DOC-05", "untestable") in told


def test_a_plan_of_which_a_comma_made_a_cell_too_many_is_refused_alone_and_told_once(tmp_path: Path) -> None:
    planned(tmp_path, "plans_of_care", PLANS[:1])
    path = tmp_path / "plans_of_care.csv"
    path.write_text(path.read_text() + "B,P3,2026-03-02,2026-05-01,2026-03-03,2 a week, mornings,8 weeks\n")
    tables, refusals = check(read([tmp_path]))
    assert [one.wrong for one in refusals] == ["the row has 8 cells where the header has 7"]
    assert tables.plans_of_care["refused_row"].tolist() == ["", "row 3 of plans_of_care.csv"]
    assert judged(tables, "DOC-05")["C3"] == [("DOC-05", "untestable")]


@pytest.mark.parametrize("split", ["whole", "buckets"])
@pytest.mark.parametrize("day", ["2026-03-12", "2026-02-12"])
def test_units_above_one_authorisation_beside_a_refused_one_are_no_error(tmp_path: Path, day: str, split: str) -> None:
    cells = {"payer_id": "acme", "units": "4", "service_date": day}
    tables, _ = planned(tmp_path, "authorizations", ALLOWED[:1], **cells)
    assert judged(tables, "DOC-14", split=split)["C3"] == [("DOC-14", "error")]
    tables, _ = planned(tmp_path, "authorizations", ALLOWED, **cells)
    wanted = "warning" if day == "2026-03-12" else "untestable"
    assert judged(tables, "DOC-14", split=split)["C3"] == [("DOC-14", wanted)]


def test_the_store_keeps_a_refused_plan_until_the_mended_row_comes(engine: Engine, tmp_path: Path) -> None:
    def taken(rows: list[dict[str, str]], sha256: str) -> list[tuple[str, str]]:
        tables, refusals = planned(tmp_path, "plans_of_care", rows)
        load(engine, tables, refusals, name="march", sha256=sha256 * 32, account_id=None, at=NOW)
        return judged(reading.tables_in_store(engine), "DOC-05").get("C3", [])

    assert taken(PLANS, "ab") == [("DOC-05", "untestable")]
    assert taken([{**PLANS[1], "start_date": "2026-03-02"}], "cd") == []
