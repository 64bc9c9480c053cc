"""Bad tables: each gives one clear error or refusal, memory stays bounded, nothing is half loaded."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from audit.errors import InputError
from audit.intake import read, records, workbook
from audit.intake.foreign.proposing import propose
from audit.tables import check
from tests.handed_in import as_csv, claim

ROOT = Path(__file__).parents[1]
CLAIMS = as_csv([claim(1), claim(2)])


def book(*cells: tuple[str, object], sheets: int = 0) -> bytes:
    made, text = Workbook(), BytesIO()
    made.active.title = "claims"
    for place, value in cells:
        made.active[place] = value
    for number in range(sheets):
        made.create_sheet(f"s{number}")
    made.save(text)
    return text.getvalue()


def archive(**parts: bytes) -> bytes:
    text = BytesIO()
    with zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return text.getvalue()


def lying() -> bytes:
    """A workbook whose sheet is larger than it says."""
    text = BytesIO()
    with zipfile.ZipFile(BytesIO(book(("A1", "x")))) as old, zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            padding = b" " * 5_000_000 if "sheet1" in part.filename else b""
            new.writestr(part.filename, old.read(part) + padding)
        size = next(part.file_size for part in new.infolist() if "sheet1" in part.filename)
    return text.getvalue().replace(struct.pack("<I", size), struct.pack("<I", 500))


def corners(cells: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    sheet = b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>' + cells + b"</sheetData></worksheet>"
    text = BytesIO()
    with zipfile.ZipFile(text, "w") as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
        made.writestr(name, sheet)
    return text.getvalue()


BAD = {
    "two corners": ("claims.xlsx", book(("A1", 1), ("XFD1048576", 2)), "reaches down to row 1,048,576"),
    "corners in other quotes": (
        "claims.xlsx",
        corners(b"<c s='>' r = 'XFD1048576'><v>2</v></c>"),
        "1,048,576 and over",
    ),
    "a far row without places": (
        "claims.xlsx",
        corners(b"<row r='1048576'>" + b"<c><v>2</v></c>" * 9),
        "row 1,048,576",
    ),
    "a part with another name": ("claims.xlsx", corners(b'<c r="XFD1048576"><v>2</v></c>', "xl/odd.bin"), "1,048,576"),
    "a binary workbook": (
        "claims.xlsb",
        archive(xl__workbook_dot_xml=b"", xl__workbook_dot_bin=b""),
        "another program",
    ),
    "a formula without a value": ("claims.xlsx", book(("A1", "=1+1")), "formulas without a value"),
    "a zip of tables": ("march.zip", archive(claims_dot_csv=CLAIMS), "an archive or a workbook of another program"),
    "a path trick": ("march.zip", archive(**{"..__..__claims_dot_csv": CLAIMS}), "an archive or a workbook of another"),
    "a workbook that lies": ("claims.xlsx", lying(), "the workbook cannot be read"),
    "a workbook cut off": ("claims.xlsx", book(("A1", 1))[:-200], "the workbook cannot be read"),
    "a CSV called .xlsx": ("diary.xlsx", b"hello,world\n", "none of the tables"),
    "an old workbook": ("claims.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old workbook (.xls)"),
    "gzip": ("claims.csv.gz", b"\x1f\x8b\x08" + bytes(60), "packed (gzip)"),
    "zero bytes": ("claims.csv", b"", "the file is empty"),
    "spaces": ("claims.csv", b" \n\n ", "the file is empty"),
    "NULs": ("claims.csv", CLAIMS[:50] + bytes(99), "binary data"),
    "a huge field": ("claims.csv", CLAIMS.replace(b"L. Ortiz", b"x" * 1_100_000, 1), "field larger than field limit"),
    "a quotation mark left open": ("claims.csv", CLAIMS + b'C9,"1', "the CSV is broken"),
    "a deep JSON": ("claims.jsonl", b'{"a":' + b"[" * 90_000 + b"\n", "the line is no JSON"),
    "a long JSON": ("claims.jsonl", b'{"a":"' + b"x" * 1_100_000 + b'"}\n', "longer than 1,000,000 characters"),
}


@pytest.mark.parametrize("bad", BAD)
def test_each_gives_one_clear_error(tmp_path, bad):
    name, content, says = BAD[bad]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refused:
        read([tmp_path / name])
    told = str(refused.value)
    assert says in told
    assert told.startswith(name)
    assert "\n" not in told


def test_two_gigabytes_are_refused_by_their_size_alone(tmp_path):
    path = tmp_path / "claims.csv"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(InputError, match="larger than 256 MB"):
        read([path])


def test_too_many_rows_end_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MOST_ROWS", 3)
    (tmp_path / "claims.csv").write_bytes(as_csv([claim(n) for n in range(1, 6)]))
    with pytest.raises(InputError, match="more than 3 rows"):
        read([tmp_path / "claims.csv"])


def test_a_workbook_of_a_thousand_sheets_is_read_as_any_other(tmp_path):
    header, row = CLAIMS.decode().splitlines()[:2]
    cells = [(f"{chr(65 + n)}{r}", v) for r, t in ((1, header), (2, row)) for n, v in enumerate(t.split(","))]
    (tmp_path / "many.xlsx").write_bytes(book(*cells, sheets=999))
    tables, refusals = check(read([tmp_path / "many.xlsx"]))
    assert (len(tables.claims), refusals) == (1, [])


def test_a_workbook_with_macros_gives_its_values(tmp_path):
    text = BytesIO(book(("A1", "claim_id")))
    with zipfile.ZipFile(text, "a") as made:
        made.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    (tmp_path / "claims.xlsm").write_bytes(text.getvalue())
    with pytest.raises(InputError, match="column 'line_number' is missing"):
        read([tmp_path / "claims.xlsm"])


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_WORKBOOK", 1_000_000)
    bomb = archive(xl__workbook_dot_xml=b"<x/>", xl__worksheets__sheet1_dot_xml=bytes(2_000_000))
    (tmp_path / "claims.xlsx").write_bytes(bomb)
    with pytest.raises(InputError, match="the workbook is too large"):
        read([tmp_path / "claims.xlsx"])


@pytest.mark.parametrize("column", ["patient_name", "claim_id", "payer_name"])
def test_a_character_that_turns_the_writing_is_refused(tmp_path, column):
    rows = [claim(1, **{column: "C\u202e10", "line_number": "1"}), claim(2, patient_name="משה כהן")]
    rows = [{"patient_name": "", **row} for row in rows]
    (tmp_path / "claims.csv").write_bytes(as_csv(rows))
    tables, refusals = check(read([tmp_path / "claims.csv"]))
    assert list(tables.claims["patient_name"]) == ["משה כהן"]
    assert [(r.row, r.column) for r in refusals] == [(2, column)]
    assert "turns the direction" in refusals[0].wrong


def test_a_formula_comes_as_its_value(tmp_path):
    header, row = CLAIMS.decode().splitlines()[:2]
    cells = [(f"{chr(65 + n)}{r}", v) for r, t in ((1, header), (2, row)) for n, v in enumerate(t.split(","))]
    worked = BytesIO()
    with zipfile.ZipFile(BytesIO(book(*cells))) as old, zipfile.ZipFile(worked, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if "sheet1" in part.filename:  # as a spreadsheet program saves it: the formula, and its value
                content = content.replace(b'<c r="K2" t="s">', b'<c r="K2"><f>1+1</f>').replace(
                    content[content.index(b'<c r="K2"') : content.index(b"</c>", content.index(b'<c r="K2"'))],
                    b'<c r="K2"><f>1+1</f><v>2</v>',
                )
            new.writestr(part.filename, content)
    (tmp_path / "claims.xlsx").write_bytes(worked.getvalue())
    tables, refusals = check(read([tmp_path / "claims.xlsx"]))
    assert refusals == []
    assert list(tables.claims["units"]) == [2]


def test_a_parquet_of_other_types_comes_as_text(tmp_path):
    pd.DataFrame([{**claim(1), "units": 2}]).to_parquet(tmp_path / "claims.parquet")
    assert list(check(read([tmp_path / "claims.parquet"]))[0].claims["units"]) == [2]


MEASURE = """
import sys
from pathlib import Path
from audit.errors import InputError
from audit.intake import read
from benchmarks.memory import most_megabytes
base = most_megabytes()
try:
    read([Path(sys.argv[1])])
except InputError as error:
    print(error, file=sys.stderr)
print(round(most_megabytes() - base))
"""


def test_memory_stays_bounded(tmp_path):
    """A bomb of 100 MB of zeros in 100 kB, and two cells that would take 550 GB: each under 40 MB beyond the program.

    A process of its own, because memory can only be measured from the start of one."""
    bomb = {"xl__workbook_dot_xml": b"<x/>", "xl__worksheets__sheet1_dot_xml": bytes(100 << 20)}
    (tmp_path / "bomb.xlsx").write_bytes(archive(**bomb))
    (tmp_path / "claims.xlsx").write_bytes(BAD["two corners"][1])
    for name in ("bomb.xlsx", "claims.xlsx"):
        command = [sys.executable, "-c", MEASURE, str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert name in done.stderr
        assert int(done.stdout) < 40, done.stdout


def test_a_proposal_for_what_is_no_table_says_why(tmp_path):
    for name, (file, content, _) in BAD.items():
        if name not in ("a CSV called .xlsx",):
            (tmp_path / file).write_bytes(content)
            with pytest.raises(InputError):
                propose(tmp_path / file)
