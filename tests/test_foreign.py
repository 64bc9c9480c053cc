"""Tables of other programs: shape, proposal, transforms; what is ambiguous is asked, what cannot be read is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from audit.cli import main
from audit.errors import InputError, MappingNeeded
from audit.intake import read, records
from audit.intake.foreign import dates, mapping, transforms
from audit.intake.foreign.applying import apply, fitting
from audit.intake.foreign.encoding import encoding_of
from audit.intake.foreign.kinds import is_npi
from audit.intake.foreign.mapping import Taken, from_json
from audit.intake.foreign.proposing import propose
from audit.intake.foreign.shape import Shape, sniffed
from audit.intake.tabular import with_mark, without_mark
from audit.model import TABLES
from audit.tables import check

NPI = "1234567893"
REPORT = f"""Acme Rehab LLC,,,,,,,,,,
Charge detail 03/01/2026 - 03/31/2026,,,,,,,,,,

Patient,,,,Visit,,Billing,,,,
Acct #,Last Name,First Name,DOB,DOS,Therapist NPI,CPT,Mods,Units,Charge,Ins
00123,Muñoz,José,7/14/45,3/12/2026,{NPI},97530,"GO,CO",2.0,"$1,120.50",Medicare
00123,Muñoz,José,7/14/45,3/13/2026,{NPI},97110,GO,1.0,($60.25),Medicare
00124,O’Brien,Pat,1/22/15,3/13/2026,{NPI},97535,GO KX,1.0,60,Aetna
Total,,,,,,,,4,"$1,120.25",
Printed by X,,,,,,,,,,
"""
BESIDE = f"""Claim#;Pt;MRN;Payor Code;Prov NPI;DOS;CPT1;Mod1;Units1;Chg1;CPT2;Mod2;Units2;Chg2;Dx 1;Dx 2
A1;Doe, Jane;77;AET;{NPI};13.03.2026;97110;GO;2;80.00;97530;GO,CO;1;40.00;M25.511;Z74.1
A2;Roe, Ann;78;AET;{NPI};14.03.2026;97110-GO-KX;;2;80.00;;;;;M25.511|R27.8;
"""


def write(folder: Path, content: str, name: str = "export.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def mapped(path: Path, **changes):
    return replace(propose(path).mapping, name="export", **changes)


def cells(rows, *columns: str) -> list[tuple[str, ...]]:
    return list(rows[list(columns)].itertuples(index=False, name=None))


def test_a_report_with_words_above_and_totals_below_is_read_from_its_names_alone(tmp_path):
    proposal = propose(write(tmp_path, REPORT, encoding="cp1252"))
    assert proposal.mapping.shape == Shape(header_row=5, encoding="cp1252")
    assert (proposal.mapping.table, proposal.unsaid, proposal.mapping.problems()) == ("claims", {}, [])
    found = apply(tmp_path / "export.csv", proposal.mapping)
    assert cells(found.rows, "claim_id", "patient_id", "patient_name", "patient_birth_date", "source_row") == [
        ("00123 2026-03-12", "00123", "José Muñoz", "1945-07-14", "6"),
        ("00123 2026-03-13", "00123", "José Muñoz", "1945-07-14", "7"),
        ("00124 2026-03-13", "00124", "Pat O’Brien", "2015-01-22", "8"),
    ]
    assert cells(found.rows, "procedure_code", "modifier_1", "modifier_2", "units", "charge_amount", "payer_id") == [
        ("97530", "GO", "CO", "2", "1120.50", "Medicare"),
        ("97110", "GO", "", "1", "-60.25", "Medicare"),
        ("97535", "GO", "KX", "1", "60", "Aetna"),
    ]
    assert found.left_out == ("row 9 (a total)", "row 10 (words below the table)")


def test_a_claim_with_its_lines_beside_each_other(tmp_path):
    found = apply(write(tmp_path, BESIDE), mapped(tmp_path / "export.csv"))
    assert cells(found.rows, "claim_id", "line_number", "procedure_code", "modifier_1", "modifier_2", "units") == [
        ("A1", "1", "97110", "GO", "", "2"),
        ("A1", "2", "97530", "GO", "CO", "1"),
        ("A2", "1", "97110", "GO", "KX", "2"),
    ]
    assert cells(found.rows, "patient_name", "service_date", "diagnosis_codes")[::2] == [
        ("Jane Doe", "2026-03-13", "M25.511 Z74.1"),
        ("Ann Roe", "2026-03-14", "M25.511 R27.8"),
    ]


def test_notes_of_another_program(tmp_path):
    text = (
        "Visit ID\tChart\tDate of Service\tNote Type\tTherapist\tCredentials\tTime In\tTime Out\t"
        "Total Minutes\tSigned On\n"
        "1\t77\t20260313\tInitial Eval\tOrtiz, Lena\tOTR/L\t2:30 PM\t3:15 PM\t45 min\t3/13/2026 5:04 PM\n"
    )
    found = apply(write(tmp_path, text), mapped(tmp_path / "export.csv"))
    row = {name: value for name, value in found.rows.iloc[0].items() if value}
    assert row == {
        "note_id": "1", "patient_id": "77", "service_date": "2026-03-13", "note_type": "evaluation",
        "author_name": "Lena Ortiz", "author_credential": "OTR/L", "start_time": "14:30", "end_time": "15:15",
        "total_treatment_minutes": "45", "signed_at": "2026-03-13T17:04", "signature_told": "no",
        "columns_untold": "total_timed_minutes cosigned_by text",
        "source_file": "export.csv", "source_row": "2",
    }  # fmt: skip


def test_a_header_of_two_merged_rows_in_a_workbook_with_typed_cells(tmp_path):
    book = Workbook()
    book.active.title = "Read me"
    book.active.append(["Nothing here"])
    sheet = book.create_sheet("March")
    sheet.append(["Charges of March"])
    sheet.append(["Patient", None, "Provider", None, "Service", None, None])
    sheet.append(["ID", "Name", "Name", "NPI", "Date", "Code", "Units"])
    sheet.merge_cells("A2:B2")
    sheet.append([123, "Doe, Jane", "Ortiz, Lena", int(NPI), dt.date(2026, 3, 12), 97530, 2.0])
    book.save(tmp_path / "export.xlsx")
    proposal = propose(tmp_path / "export.xlsx")
    assert proposal.mapping.shape == Shape(header_row=2, header_rows=2, sheet="March")
    assert proposal.mapping.header[:4] == ("Patient ID", "Patient Name", "Provider Name", "Provider NPI")
    found = apply(tmp_path / "export.xlsx", replace(proposal.mapping, fixed=proposal.mapping.fixed | {"payer_id": "A"}))
    assert cells(found.rows, "patient_id", "rendering_name", "rendering_npi", "service_date", "payer_id") == [
        ("123", "Lena Ortiz", NPI, "2026-03-12", "A")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found(tmp_path, delimiter, encoding):
    text = "\n".join(delimiter.join(row) for row in [["Claim No", "CPT", "Patient"], ["1", "97110", "José, A"]]) + "\n"
    text = text.replace("José, A", '"José, A"')
    path = write(tmp_path, text, encoding=encoding)
    shape = sniffed(path)
    assert (shape.delimiter, path.read_text(encoding=encoding_of(path))) == (delimiter, text)


# Dates


@pytest.mark.parametrize(
    ("values", "forms"),
    [
        (["3/12/2026", "3/13/2026"], ["%m/%d/%Y"]),
        (["13.3.2026", "12.3.2026"], ["%d/%m/%Y"]),
        (["3/12/2026", "4/5/2026"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["3/3/2026", "4/4/2026"], ["%m/%d/%Y"]),
        (["03122026"], ["%m%d%Y", "%d%m%Y"]),
        (["20260312", "20260413"], ["%Y%m%d"]),
        (["46093"], ["serial"]),
        (["12-Mar-2026", "1 April 2026"], ["%d %b %Y"]),
        (["2026-03-12 10:15", "2026-03-13"], ["%Y-%m-%d"]),
        (["97530", "97110"], []),
        (["soon", "later"], []),
    ],
)  # fmt: skip
def test_forms_of_dates(values, forms):
    assert list(dates.likely_forms(values)) == forms


def test_one_value_deep_in_the_file_tells_day_from_month(tmp_path):
    rows = [f"C{n},{1 + n % 12}/{1 + n % 11}/2026" for n in range(600)]
    header = "Claim No,DOS\n"
    asked = propose(write(tmp_path, header + "\n".join(rows) + "\n"), table="claims")
    assert asked.unsaid == {"DOS": ("%m/%d/%Y", "%d/%m/%Y")}
    assert any("cannot be told apart" in one for one in asked.mapping.problems())
    told = propose(write(tmp_path, header + "\n".join([*rows, "C9,3/25/2026"]) + "\n"), table="claims")
    assert told.unsaid == {}
    assert [one.form for one in told.mapping.taken if one.column == "service_date"] == ["%m/%d/%Y"]


def test_a_mapping_that_leaves_the_day_open_is_not_used(tmp_path):
    path = write(tmp_path, REPORT.replace("3/13/2026", "3/11/2026"), encoding="cp1252")
    with pytest.raises(InputError, match="which comes first"):
        apply(path, mapped(path))


@given(st.dates(min_value=dates.date(1930, 1, 1), max_value=dates.date(2060, 12, 31)))
def test_each_form_is_read_as_it_is_written(day):
    for form in dates.FORMS:
        if form == "serial":
            written = str((day - dates.date(1899, 12, 30)).days)
        elif "%y" in form and not 1970 <= day.year < 2069:
            continue
        else:
            written = day.strftime(form)
        assert dates.iso(written, form) == day.isoformat()
    assert dates.iso(day.strftime("%b %d, %Y"), "%b %d %Y") == day.isoformat()


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2:30 PM", "14:30"),
        ("12:05 am", "00:05"),
        ("14:30:10", "14:30:10"),
        ("2:30", None),
        ("13:00 pm", None),
        ("soon", None),
    ],
)
def test_a_time_that_may_be_the_afternoon_is_none(cell, time):
    assert dates.clock(cell) == time


# Other values


@pytest.mark.parametrize(
    ("cell", "dollars"),
    [
        ("$1,234.50", "1234.50"), ("(62.50)", "-62.50"), ("-62.5", "-62.50"), ("62.50-", "-62.50"), ("$-5", "-5"),
        ("62.50 CR", "-62.50"), ("USD 12", "12"), (".5", "0.50"), ("80.0000", "80"),
        ("1.234,50", None), ("80,00", None), ("12,34.00", None), ("-(5)", None), ("1.005", None),
        ("$", None), ("x", None), ("-62.50-", None), ("62.50- CR", None),
    ],
)  # fmt: skip
def test_money(cell, dollars):
    assert transforms.money(cell) == dollars


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("GO,CO", ("GO", "CO", "", "")), ("go co kx", ("GO", "CO", "KX", "")), ("GOCO59", ("GO", "CO", "59", "")),
        ("", ("", "", "", "")), ("GO", ("GO", "", "", "")), ("A1,B2,C3,D4,E5", ("A1,B2,C3,D4,E5", "", "", "")),
    ],
)  # fmt: skip
def test_modifiers_in_one_cell(cell, parts):
    assert transforms.modifiers(cell) == parts


def test_more_modifiers_than_four_refuse_the_row_in_their_own_words(tmp_path):
    path = write(tmp_path, REPORT.replace('"GO,CO"', '"GO,59,KX,CO,GP"'))
    tables, refusals = check(read([path], mappings=[mapped(path)]))
    assert (len(tables.claims), [(one.row, one.column, one.wrong) for one in refusals]) == (
        *(2, [(6, "Mods", "the cell holds more than 4 modifiers")]),
    )


def test_codes_with_modifiers_and_names():
    assert transforms.code_and_modifiers("97110-GO-CO") == ("97110", "GO", "CO", "", "")
    assert transforms.code_and_modifiers("G0283:GO") == ("G0283", "GO", "", "", "")
    assert transforms.last_first("de la Cruz, Ana M.") == "Ana M. de la Cruz"
    assert transforms.last_first("Doe, Jane, Jr") is None

    def told(column: str, *cells: str) -> list[str]:
        return [transforms.single("number", column, "")(cell) for cell in cells]

    said = ("3 units", "3 UN", "45 min", "45 m.", "2.")
    assert told("units", *said) == ["3", "3", "45 min", "45 m.", "2"], "45 minutes are three units, not 45"
    assert told("minutes", *said) == ["3 units", "3 UN", "45", "45", "2"]
    assert told("visits", *said) == [*said[:4], "2"]
    assert [transforms.number(one, "minutes") for one in ("45 min", "2.0", "1,200", "1.5", "two")] == [
        "45",
        "2",
        "1200",
        None,
        None,
    ]


def test_an_npi_has_a_check_digit():
    assert is_npi(NPI)
    assert not is_npi("1234567890")


def test_a_number_that_a_spreadsheet_rounded_is_refused(tmp_path):
    header = "claim_id,line_number,patient_id,payer_id,rendering_npi,service_date,procedure_code,units\n"
    path = write(tmp_path, header + f"2.0260E+11,1,P1,A,{NPI},2026-03-12,97530,2\n", "claims.csv")
    tables, refusals = check(read([path]))
    assert tables.claims.empty
    assert "rounded" in refusals[0].wrong


def test_a_value_that_cannot_be_read_is_refused_in_the_words_of_the_file(tmp_path):
    path = write(tmp_path, REPORT.replace("3/12/2026", "3/32/2026").replace("2.0", "many", 1), encoding="cp1252")
    batch = read([path], mappings=[mapped(path)])
    tables, refusals = check(batch)
    assert len(tables.claims) == 2
    assert [(r.row, r.column, r.value) for r in refusals] == [(6, "DOS", "3/32/2026"), (6, "Units", "many")]


# Mappings


def test_a_mapping_is_kept_and_read_again(tmp_path):
    made = mapped(write(tmp_path, BESIDE))
    assert from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"countersign_mapping": 2}, "no mapping of version 1"),
        ({"table": "colours"}, "no mapping"),
        ({"fixed": {"colour": "red"}}, "claims has no colour"),
        ({"taken": []}, "claim_id is needed"),
        ({"taken": [{"source": "Age", "column": "units"}]}, "claim_id is needed"),
        ({"taken": [{"source": "Pt", "column": "claim_id", "how": "by magic"}]}, "no mapping"),
        ({"shape": {"delimiter": "xx"}}, "no mapping"),
        ({"header": 7}, "no mapping"),
    ],
)  # fmt: skip
def test_what_is_no_mapping_is_said_to_be_none(tmp_path, changes, says):
    whole = json.loads(mapped(write(tmp_path, BESIDE)).to_json())
    with pytest.raises(InputError, match=says):
        from_json(json.dumps(whole | changes))
    for text in ("", "[]", "null", "{}", '{"countersign_mapping": 1}', "[" * 100_000):
        with pytest.raises(InputError, match="no mapping"):
            from_json(text)


def test_two_columns_for_one_of_ours_are_told(tmp_path):
    made = mapped(write(tmp_path, BESIDE))
    twice = replace(made, taken=(*made.taken, Taken("Dx 1", "patient_id")))
    assert twice.problems() == ["two columns are taken for patient_id: leave one of them out"]


def test_a_mapping_is_used_for_the_same_header_in_another_shape(tmp_path):
    made = mapped(write(tmp_path, BESIDE))
    later = write(tmp_path, "Report of April\n\n" + BESIDE.replace(";", "\t").replace("Claim#", "CLAIM#"), "april.tsv")
    batch = read([later], mappings=[made])
    assert [(f.kind, f.rows, f.mapping) for f in batch.files] == [("claims", 3, "export")]
    other = write(tmp_path, BESIDE.replace("Units2", "Visits"), "may.csv")
    assert fitting(other, [made]) is None
    with pytest.raises(MappingNeeded, match="none of the tables"):
        read([other], mappings=[made])


def test_a_table_of_ours_under_another_name_needs_no_mapping(tmp_path):
    names = TABLES["claims"].names
    given = {"claim_id": "C1", "line_number": "1", "patient_id": "P1", "payer_id": "A", "rendering_npi": NPI}
    given |= {"service_date": "2026-03-12", "procedure_code": "97530", "units": "2"}
    row = [given.get(name, "") for name in names]
    path = write(tmp_path, ",".join(names) + "\n" + ",".join(row) + "\n", "download (1).csv")
    assert [(f.kind, f.rows) for f in read([path]).files] == [("claims", 1)]


def test_another_programs_parquet_reads_as_its_csv_does(tmp_path):
    csv = write(tmp_path, BESIDE)
    expected = apply(csv, mapped(csv)).rows.drop(columns="source_file")
    table = pd.read_csv(csv, sep=";", dtype="str", keep_default_na=False)
    table.to_parquet(tmp_path / "export.parquet")
    made = mapped(tmp_path / "export.parquet")
    found = apply(tmp_path / "export.parquet", made).rows.drop(columns="source_file")
    pd.testing.assert_frame_equal(found, expected)
    (tmp_path / "export.parquet").write_bytes((tmp_path / "export.parquet").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"export\.parquet: the Parquet file cannot be read\. Write it again"):
        apply(tmp_path / "export.parquet", made)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"[1, 2]", "row 2: the line is no object. Write one object a line"),
        (b"{claim}", "row 2: the line is no JSON. Write one object a line"),
        (b'{"Claim#": "\xff"}', "the text is not UTF-8. Export it as UTF-8"),
    ],
)
def test_a_line_that_is_no_record_is_refused_by_its_number(tmp_path, line, says):
    path = tmp_path / "export.jsonl"
    path.write_bytes(b'{"Claim#": "A1", "Pt": "Doe"}\n' + line + b"\n")
    with pytest.raises(InputError, match=re.escape(says)):
        list(records.json_records(path))


def test_a_mapping_of_other_columns_is_not_used(tmp_path):
    made = mapped(write(tmp_path, BESIDE))
    with pytest.raises(
        InputError, match=r"may\.csv: the columns are not those of the mapping\. Choose or make another"
    ):
        apply(write(tmp_path, BESIDE.replace("Units2", "Visits"), "may.csv"), made)


def test_a_mapping_that_names_a_sheet_which_is_not_there_is_refused(tmp_path):
    book = Workbook()
    book.active.append(["Claim#", "Pt"])
    book.save(tmp_path / "export.xlsx")
    made = mapped(write(tmp_path, BESIDE), shape=Shape(sheet="Charges"))
    with pytest.raises(InputError, match=r"export\.xlsx: there is no sheet 'Charges'\. Choose another sheet"):
        apply(tmp_path / "export.xlsx", made)


def test_a_value_for_all_rows_never_takes_the_place_of_a_column(tmp_path):
    """The columns of the file count before what the mapping says of all rows, whoever wrote both into it."""
    path = write(tmp_path, BESIDE)
    made = mapped(path)
    whole = replace(made, fixed={**dict(made.fixed), "units": "9"})
    assert set(apply(path, whole).rows["units"]) == {"2", "1"}


def test_a_row_longer_than_its_header_is_refused_in_its_own_words(tmp_path):
    path = write(tmp_path, BESIDE.replace("M25.511;Z74.1", "M25.511;Z74.1;;"), "export.csv")
    assert read([path], mappings=[mapped(write(tmp_path, BESIDE))]).refusals == []
    path = write(tmp_path, BESIDE.replace("M25.511;Z74.1", "M25.511;Z74.1;more"), "export.csv")
    [refusal] = read([path], mappings=[mapped(write(tmp_path, BESIDE, "sound.csv"))]).refusals
    assert (refusal.row, refusal.wrong) == (2, "the row has 17 cells where the header has 16")


@given(st.text(max_size=6))
def test_the_mark_against_formulas_is_taken_back(cell):
    assert without_mark(with_mark(cell)) == cell
    assert not with_mark(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_our_names_and_words_are_all_known():
    assert mapping.VERSION == 1
    for table in TABLES.values():
        for column in table.columns:
            assert transforms.ways(table.name, column.name)


def test_check_reads_by_a_mapping(tmp_path, capsys):
    path = write(tmp_path, BESIDE, "charges.csv")
    kept = tmp_path / "charges.json"
    kept.write_text(mapped(path).to_json(), encoding="utf-8")
    assert main(["check", str(path), "--mapping", str(kept), "--rules", "MOD-01"]) in (0, 1)
    assert "2 claims with 3 lines checked" in capsys.readouterr().err
    assert main(["check", str(path)]) == 2
    assert "map its columns on the page Load" in capsys.readouterr().err
    assert main(["check", str(path), "--mapping", str(path)]) == 2
    assert "charges.csv: this is no mapping" in capsys.readouterr().err
    assert main(["check", str(path), "--mapping", str(tmp_path / "nowhere.json")]) == 2
