"""Reading tables and refusing rows: each bad row says where, what and what to do; the rest loads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from audit.errors import InputError
from audit.intake import read
from audit.model import MODIFIERS
from audit.tables import check

HEADER = "claim_id,line_number,patient_id,payer_id,rendering_npi,service_date,procedure_code,units,charge_amount"
GOOD = "C1,1,P1,medicare-b,1234567893,2026-03-12,97530,2,80.00"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def claims(folder: Path, *lines: str):
    return check(read([write(folder, "claims.csv", HEADER, *lines)]))


def test_a_good_row_comes_typed(tmp_path):
    tables, refusals = claims(tmp_path, GOOD)
    assert refusals == []
    row = tables.claims.iloc[0]
    assert (row["units"], str(row["charge_amount"]), row["service_date"]) == (2, "80.00", pd.Timestamp("2026-03-12"))
    assert row["modifier_1"] == ""


@pytest.mark.parametrize("written", ["in_person", "In-Person", "IN PERSON", "inperson"])
def test_words_are_known_however_their_parts_are_joined(tmp_path, written):
    header = "note_id,patient_id,service_date,modality,note_type,assistance"
    note = write(tmp_path, "notes.csv", header, f"N1,P1,2026-03-12,{written},Re evaluation,Min_Mod")
    tables, refusals = check(read([note]))
    assert refusals == []
    found = tables.notes[["modality", "note_type", "assistance"]].iloc[0].tolist()
    assert found == ["in_person", "re-evaluation", "min-mod"]


def test_diagnoses_may_come_as_a_list_of_json(tmp_path):
    columns = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    path = write(tmp_path, "claims.jsonl", json.dumps({**columns, "diagnosis_codes": ["M25.531", "I10"]}))
    tables, refusals = check(read([path]))
    assert (refusals, tables.claims["diagnosis_codes"].tolist()) == ([], ["M25.531 I10"])


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("09:05", "09:05"),
        ("09:05:30", "09:05:30"),
        ("2026-03-12T09:05", "09:05"),
        ("2026-03-12 09:05:00", "09:05:00"),
        ("2026-03-12T09:05:00.000Z", "09:05:00"),
        ("2026-03-12T09:05:00-05:00", "09:05:00"),
        ("T09:05", "09:05"),
        ("24:00", "24:00"),
        ("9:05", None),
        ("25:00", None),
        ("2026-03-12T24:30", None),
        ("2026-03-12", None),
    ],
)
def test_times_of_day_may_be_iso_8601(tmp_path, written, read_as):
    note = write(tmp_path, "notes.csv", "note_id,patient_id,service_date,start_time", f"N1,P1,2026-03-12,{written}")
    tables, refusals = check(read([note]))
    assert [r.column for r in refusals] == ([] if read_as else ["start_time"])
    assert tables.notes["start_time"].tolist() == [read_as or ""]


@pytest.mark.parametrize(
    ("line", "column", "wrong"),
    [
        ("C1,1,P1,medicare-b,1234567893,12.03.2026,97530,2,80.00", "service_date", "no date"),
        ("C1,1,P1,medicare-b,1234567893,2026-02-30,97530,2,80.00", "service_date", "no date"),
        ("C1,1,P1,medicare-b,1234567893,2026-03-12,97530,two,80.00", "units", "no whole number"),
        ("C1,1,P1,medicare-b,1234567893,2026-03-12,97530,1.5,80.00", "units", "no whole number"),
        ("C1,1,P1,medicare-b,1234567893,2026-03-12,97530,-1,80.00", "units", "no whole number"),
        ("C1,1,P1,medicare-b,1234567893,2026-03-12,97530,,80.00", "units", "empty"),
        ("C1,1,,medicare-b,1234567893,2026-03-12,97530,2,80.00", "patient_id", "empty"),
        ('C1,1,P1,medicare-b,1234567893,2026-03-12,97530,2,"$80,00"', "charge_amount", "no amount"),
        ("C1,1,P1,medicare-b,1234567893,2026-03-12,97530,2", "", "8 cells where the header has 9"),
    ],
)
def test_a_bad_row_is_refused_and_the_rest_loads(tmp_path, line, column, wrong):
    tables, refusals = claims(tmp_path, GOOD.replace("C1", "C2"), line)
    assert list(tables.claims["claim_id"]) == ["C2"]
    assert [(r.file, r.row, r.column) for r in refusals] == [("claims.csv", 3, column)]
    assert wrong in refusals[0].wrong
    assert refusals[0].do


@pytest.mark.parametrize("cell", ["GO,59,KX,CO,GP", "GO 59 KX CO GP", "go-59-kx-co-gp", "GO59KXCOGP"])
def test_more_modifiers_in_one_cell_than_a_line_can_hold_refuse_the_row(tmp_path, cell):
    path = tmp_path / "claims.csv"
    path.write_text(f'{HEADER},modifier_1\n{GOOD},"{cell}"\n{GOOD.replace("C1", "C2")},"GO 59 KX CO"\n')
    tables, refusals = check(read([path]))
    assert tables.claims["claim_id"].tolist() == ["C2"]
    (only,) = refusals
    assert (only.file, only.row, only.column, only.value) == ("claims.csv", 2, "modifier_1", cell.upper())
    assert only.wrong.startswith("the cell holds more than 4 modifiers;")
    assert only.do.startswith("Write one in each of modifier_1 to modifier_4;")


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (["GO CO", ""], ["GO", "CO", "", ""]),
        (["go, 59", "KX"], ["GO", "59", "KX", ""]),
        (["GO-59", "KX/CO"], ["GO", "59", "KX", "CO"]),
        (["GO 59 KX", "CO 95"], ["GO 59 KX", "CO 95", "", ""]),
        (["GO", "none"], ["GO", "NONE", "", ""]),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_several_modifiers_of_one_cell_are_read_where_the_line_has_room(tmp_path, cells, read_as, form):
    names = [*HEADER.split(","), "modifier_1", "modifier_2"]
    rows = pd.DataFrame([[*GOOD.split(","), *cells], [*GOOD.replace("C1", "C2").split(","), "GO", "59"]], columns=names)
    path = tmp_path / f"claims.{form}"
    rows.to_csv(path, index=False) if form == "csv" else rows.to_parquet(path)
    tables, refusals = check(read([path]))
    assert not refusals
    assert tables.claims[MODIFIERS].astype("str").to_numpy().tolist() == [read_as, ["GO", "59", "", ""]]


def test_a_nul_deep_in_a_file_is_refused(tmp_path):
    many = [GOOD.replace("C1", f"C{n}") for n in range(2, 120)]
    tables, refusals = claims(tmp_path, *many, GOOD.replace("P1", "P\x001"))
    assert len(tables.claims) == len(many)
    assert [(r.row, r.column) for r in refusals] == [(120, "patient_id")]


def test_half_a_claim_is_not_loaded(tmp_path):
    bad = GOOD.replace("C1,1", "C1,2").replace(",2,80", ",x,80")
    tables, refusals = claims(tmp_path, GOOD, bad, GOOD.replace("C1", "C2"))
    assert list(tables.claims["claim_id"]) == ["C2"]
    assert [(r.row, r.column) for r in refusals] == [(3, "units"), (2, "claim_id")]


def test_a_refused_claim_names_the_others_of_its_patients_day(tmp_path):
    bad, again = GOOD.replace(",2,80", ",x,80"), GOOD.replace("C1,1", "C1,2")
    others = [GOOD.replace("C1", name) for name in ("C3", "C2")]
    of_others = [GOOD.replace("C1", "C4").replace("P1", "P2"), GOOD.replace("C1", "C5").replace("-12", "-13")]
    _, refusals = claims(tmp_path, bad, again, *others, *of_others)
    says = "claims C2, C3 of the same patient and day are judged without it"
    assert [one.wrong.partition("; ")[2] for one in refusals] == [says, ""]
    _, refusals = claims(tmp_path, bad, *others[:1], *of_others)
    assert refusals[0].wrong.endswith("; claim C3 of the same patient and day is judged without it")
    assert ";" not in claims(tmp_path, bad, *of_others)[1][0].wrong


def test_a_line_that_stands_twice_is_refused(tmp_path):
    tables, refusals = claims(tmp_path, GOOD, GOOD)
    assert len(tables.claims) == 1
    assert "stands twice" in refusals[0].wrong
    tables, refusals = claims(tmp_path, GOOD, GOOD.replace("97530", "97535"))
    assert tables.claims.empty


def test_patient_names_are_not_repeated_in_refusals(tmp_path):
    header = f"{HEADER},patient_name,patient_birth_date"
    path = write(tmp_path, "claims.csv", header, f"{GOOD},Ann Example,1950-13-01")
    _, refusals = check(read([path]))
    assert [(r.column, r.value) for r in refusals] == [("patient_birth_date", "")]


def test_a_note_stands_or_falls_with_its_services(tmp_path):
    notes = write(tmp_path, "notes.csv", "note_id,patient_id,service_date", "N1,P1,2026-03-12", "N2,P1,2026-03-13")
    rows = ["N1,97530,23", "N2,97530,many", "N3,97530,15"]
    services = write(tmp_path, "note_services.csv", "note_id,procedure_code,minutes", *rows)
    tables, refusals = check(read([notes, services]))
    whole = tables.notes["refused_row"] == ""
    assert list(tables.notes.loc[whole, "note_id"]) == ["N1"]
    assert list(tables.note_services["note_id"]) == ["N1"]
    assert {(r.file, r.row) for r in refusals} == {("note_services.csv", 3), ("note_services.csv", 4), ("notes.csv", 3)}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("claims.csv", b"", "empty"),
        ("claims.csv", b"   \n", "empty"),
        ("claims.csv", HEADER.replace("units", "amount").encode() + b"\n", "column 'units' is missing"),
        ("claims.csv", HEADER.encode() + b",units\n", "stands twice"),
        (
            "claims.csv",
            HEADER.encode() + b"\n" + bytes(range(128, 256)) * 9 + b"\n",
            "encoding of the text is not known",
        ),
        ("claims.csv", HEADER.encode() + b'\n"C1,1\n', "broken"),
        ("claims.csv", b"\x00\x01\x02", "binary"),
        ("claims.xlsx", b"PK\x03\x04 no workbook", "workbook cannot be read"),
        ("other.csv", b"hello,world\n", "none of the tables"),
        ("claims.jsonl", b"{no json}\n", "no JSON"),
        ("claims.parquet", b"PAR1 cut off", "Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read([path])


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read([tmp_path / "claims.csv"])


def test_one_content_in_every_form(tmp_path):
    """CSV with a BOM, a workbook with typed cells, Parquet and JSON lines give the same checked table."""
    plain, _ = claims(tmp_path, GOOD)
    names = HEADER.split(",")
    values = dict(zip(names, GOOD.split(","), strict=True))
    forms = {"bom": tmp_path / "bom" / "claims.csv", "book": tmp_path / "book" / "any.xlsx"}
    forms |= {"parquet": tmp_path / "p" / "claims.parquet", "json": tmp_path / "j" / "claims.jsonl"}
    for path in forms.values():
        path.parent.mkdir()
    forms["bom"].write_text(f"\ufeff{HEADER}\r\n{GOOD}\r\n", encoding="utf-8", newline="")
    typed = {**values, "line_number": 1, "units": 2, "charge_amount": 80}
    typed["service_date"] = pd.Timestamp("2026-03-12")
    book = Workbook()
    book.active.title = "Claims"
    book.active.append(names)
    book.active.append(list(typed.values()))
    book.save(forms["book"])
    pd.DataFrame([typed]).to_parquet(forms["parquet"])
    forms["json"].write_text(json.dumps({**typed, "service_date": "2026-03-12"}) + "\n", encoding="utf-8")
    for form, path in forms.items():
        tables, refusals = check(read([path]))
        assert refusals == [], form
        left = tables.claims.assign(charge_amount=tables.claims["charge_amount"].astype(float))
        pd.testing.assert_frame_equal(left, plain.claims.assign(charge_amount=[80.0]))


def test_parquet_is_read_as_its_csv_with_the_same_refusals(tmp_path):
    """Good and bad rows, an empty one, padded cells, a column of ours that is absent and one that is not ours."""
    lines = [
        GOOD, GOOD.replace("C1", "C2").replace(",2,80", ",x,80"), GOOD.replace("C1,1", "C2,2"), ",,,,,,,,",
        GOOD.replace("C1", " C3 "), GOOD.replace("C1", "C4").replace("80.00", '"$80"'), GOOD.replace("C1", "C5"),
        GOOD.replace("C1", "C5"), GOOD.replace("C1", "C6").replace("2026-03-12", "2026-02-30"),
    ]  # fmt: skip
    path = write(
        tmp_path, "claims.csv", f"{HEADER},remark", *(f"{line},{'' if n else 'x'}" for n, line in enumerate(lines))
    )
    plain, refused = check(read([path]))
    raw = pd.read_csv(path, dtype="str", keep_default_na=False, skip_blank_lines=False)
    columns = tmp_path / "p" / "claims.parquet"
    columns.parent.mkdir()
    raw.replace({"": None}).to_parquet(columns)
    batch = read([columns])
    again, refused_again = check(batch)
    pd.testing.assert_frame_equal(again.claims, plain.claims)
    assert [replace(one, file="claims.csv") for one in refused_again] == refused
    assert [(one.row, one.column) for one in refused] == [
        (10, "service_date"), (3, "units"), (7, "charge_amount"), (9, "line_number"), (4, "claim_id"),
    ]  # fmt: skip
    assert batch.files[0].ignored_columns == ("remark",)


def test_a_cell_below_no_heading_is_told_as_left_out(tmp_path):
    """As a spreadsheet writes them where somebody noted something beside a table."""
    header = "claim_id,line_number,patient_id,payer_id,rendering_npi,service_date,procedure_code,units,,"
    path = write(tmp_path, "claims.csv", header, "C1,1,P1,acme,1234567893,2026-03-12,97530,2,,call them")
    assert read([path]).files[0].ignored_columns == ("column 10 (without a name)",)


def test_a_folder_is_read_whole_and_strangers_are_left_out(tmp_path):
    write(tmp_path, "claims.csv", HEADER, GOOD)
    write(tmp_path, "remarks.csv", "a,b", "1,2")
    batch = read([tmp_path])
    assert {(f.name, f.kind) for f in batch.files} == {("claims.csv", "claims"), ("remarks.csv", "ignored")}


def test_the_same_content_has_one_name(tmp_path):
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    assert (
        read([write(one, "claims.csv", HEADER, GOOD)]).sha256 == read([write(two, "claims.csv", HEADER, GOOD)]).sha256
    )


def test_services_after_the_day_asked_for_are_refused(tmp_path):
    path = write(tmp_path, "claims.csv", HEADER, GOOD)

    assert check(read([path]), as_of=date(2026, 3, 12))[1] == []
    tables, refusals = check(read([path]), as_of=date(2026, 3, 11))
    assert tables.claims.empty
    assert "dated after 2026-03-11" in refusals[0].wrong
