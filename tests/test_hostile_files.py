"""Files that were made to break a reader: the smallest of each kind that did, and a few hundred new ones each time.

`python -m benchmarks.fuzz` goes on for as long as it is told; docs/quality.md has what it found.
"""

from __future__ import annotations

import csv
import io
import json
import resource
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from audit import fact_files, intake, workbook_look
from audit.engine import audit
from audit.errors import CountersignError, InputError, Refusal
from audit.fact_files import cells
from audit.fact_files.reading import Asked
from audit.figures import dossier
from audit.intake import ccda, records
from audit.intake.documents import pdf, plain, word
from audit.intake.fhir import reading
from audit.intake.foreign.mapping import from_json
from audit.reports import refusals_as_csv
from audit.rules import rule_book
from benchmarks.fuzz import loop, readers, samples
from benchmarks.fuzz.readers import READERS

CASES = dict.fromkeys(READERS, 25) | {"mapping": 200, "csv": 15, "json": 15, "foreign": 10, "workbook": 10, "docx": 10}
CASES |= {"engine": 2}
"""So many of each; the rules over mutated tables take a second and a half a case."""


def without(content: bytes, name: str) -> bytes:
    """A zip without one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
    return out.getvalue()


def displaced(content: bytes, offset: bytes = b"\xf0\xff\xff\xff") -> bytes:
    """A zip whose first part is said to begin far behind its end."""
    at = content.index(b"PK\x01\x02") + 42
    return content[:at] + offset + content[at + 4 :]


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        intake.read([path])
    assert error.value.do
    return str(error.value)


def test_a_workbook_whose_parts_lie_elsewhere(tmp_path: Path) -> None:
    book = dict(samples.workbooks())["clinic.xlsx"]
    assert "the workbook cannot be read" in refused(tmp_path / "claims.xlsx", displaced(book))


def test_a_workbook_without_sheets(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')  # fmt: skip  # noqa: E501
        archive.writestr("xl/workbook.xml", '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>')  # fmt: skip  # noqa: E501
        archive.writestr("xl/_rels/workbook.xml.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>')  # fmt: skip  # noqa: E501
    refused(tmp_path / "a.xlsx", out.getvalue())


def test_lines_of_json_that_are_not_utf8(tmp_path: Path) -> None:
    assert "not UTF-8" in refused(tmp_path / "claims.jsonl", b'{"claim_id": "1"}\n{"claim_id": "\x8f"}\n')


def test_an_archive_that_names_a_version_nobody_has(tmp_path: Path) -> None:
    book = dict(samples.workbooks())["clinic.xlsx"]
    at = book.index(b"PK\x01\x02") + 6
    assert "the workbook cannot be read" in refused(tmp_path / "f.xlsx", book[:at] + b"\x80\x00" + book[at + 2 :])


def test_json_with_half_a_character(tmp_path: Path) -> None:
    line = b'{"claim_id": "1", "patient_name": "\\ud800"}\n'
    said = refused(tmp_path / "claims.jsonl", b'{"claim_id": "0"}\n' + line)
    assert "claims.jsonl, row 2: a text holds half a character" in said
    assert "half a character" in refused(tmp_path / "a.json", b'{"resourceType": "Patient", "id": "\\ud800"}')
    with pytest.raises(InputError, match="this is no mapping"):
        from_json('{"countersign_mapping": 1, "name": "\\ud800"}')


def test_national_files_cut_in_their_middle() -> None:
    whole = dict(samples.national())["pairs.zip"]
    for content in (whole[:10] + whole[200:], displaced(whole)):
        with pytest.raises(InputError, match=r"damaged or cut off|none of the national files"):
            fact_files.read("pairs.zip", content, Asked(), frozenset({"97530"}))


def test_a_mapping_that_names_a_column_of_two_lines() -> None:
    told = json.loads(samples.mapping_files()[0][1])
    told["taken"].append({"source": "a\nb\x1b[31m", "column": "claim_id"})
    with pytest.raises(CountersignError) as error:
        from_json(json.dumps(told))
    assert str(error.value).isprintable()


def test_a_dossier_that_is_locked_or_damaged(tmp_path: Path) -> None:
    whole, path = samples.dossiers()[0][1], tmp_path / "d.zip"
    at = whole.index(b"PK\x01\x02") + 8
    for content in (whole[:at] + b"\x01" + whole[at + 1 :], displaced(whole), whole[:60] + b"\xff" * 8 + whole[68:]):
        path.write_bytes(content)
        with pytest.raises(InputError):
            dossier.verify(path)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_what_is_handed_back_is_a_formula(start: str) -> None:
    text = refusals_as_csv([Refusal("claims.csv", 2, "units", f"{start}1+1", "it is wrong", "Mend it")])
    assert f"'{start}1+1" in text


def nested(levels: int) -> bytes:
    inside = b"<component>" * levels + b"</component>" * levels
    return b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">' + inside + b"</ClinicalDocument>"


def many_parts(number: int) -> bytes:
    out = io.BytesIO(samples.word()[0][1])
    with zipfile.ZipFile(out, "a") as archive:
        for one in range(number):
            archive.writestr(f"word/media/{one}.bin", b"x")
    return out.getvalue()


CLAIM = b'{"resourceType": "Claim", "a": '
LIMITS: list[tuple[object, str, int, str, Callable[[], bytes], str]] = [
    (records, "LARGEST_FILE", 1 << 20, "claims.csv", lambda: b"x" * ((1 << 20) + 1), "larger than 1 MB"),
    (records, "LARGEST_FIELD", 100, "claims.csv", lambda: b'claim_id\n"' + b"x" * 200 + b'"\n', "CSV is broken"),
    (records, "LARGEST_FIELD", 100, "claims.jsonl", lambda: b'{"claim_id": "' + b"x" * 200 + b'"}', "longer than 100"),
    (workbook_look, "LARGEST_SHEET", 20, "claims.xlsx", lambda: samples.workbooks()[0][1], "reaches down to row"),
    (
        reading,
        "LARGEST",
        500,
        "a.json",
        lambda: b'{"resourceType": "Claim", "a": "' + b"x" * 500 + b'"}',
        "larger than",
    ),
    (
        reading,
        "DEEPEST",
        10,
        "a.json",
        lambda: b'{"resourceType": "Claim", "a": ' + b"[" * 20 + b"]" * 20 + b"}",
        "deep",
    ),
    (ccda, "DEEPEST", 20, "a.xml", lambda: nested(30), "deep"),
    (word, "MOST_PARTS", 30, "a.docx", lambda: many_parts(31), "far too much"),
    (word, "LARGEST_TEXT", 10, "a.docx", lambda: samples.word()[0][1], "too long"),
    (pdf, "MOST_PAGES", 0, "a.pdf", lambda: samples.pdfs()[0][1], "pages"),
    (pdf, "LARGEST_TEXT", 1, "a.pdf", lambda: samples.pdfs()[0][1], "too much"),
    (plain, "LARGEST_TEXT", 10, "a.txt", lambda: b"Note of a visit, 97530 23 min", "too large"),
]


@pytest.mark.parametrize(("module", "name", "most", "file", "content", "says"), LIMITS,
                         ids=[f"{one[0].__name__.rpartition('.')[2]} {one[1]} {one[3]}" for one in LIMITS])  # fmt: skip
def test_what_is_larger_than_its_limit_is_refused(  # noqa: PLR0917
    module: object, name: str, most: int, file: str, content: Callable[[], bytes], says: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made = content()
    monkeypatch.setattr(module, name, most)
    assert says in refused(tmp_path / file, made)
    csv.field_size_limit(1_000_000)  # one number for the whole process


@pytest.mark.parametrize(("name", "most", "says"), [("LARGEST", 100, "larger than"), ("LARGEST_UNPACKED", 100, "far"),
                                                    ("MOST_PACKED", 0, "far")])  # fmt: skip
def test_a_national_file_that_is_too_large(name: str, most: int, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, name, most)
    with pytest.raises(InputError, match=says):
        fact_files.read("pairs.zip", dict(samples.national())["pairs.zip"], Asked(), frozenset({"97530"}))


def test_a_dossier_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dossier, "LARGEST", 100)
    (tmp_path / "d.zip").write_bytes(samples.dossiers()[0][1])
    with pytest.raises(InputError, match="larger than a dossier's can be"):
        dossier.verify(tmp_path / "d.zip")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", CASES)
def test_mutated_files_are_read_or_refused(reader: str, tmp_path: Path) -> None:
    """The same ones each time: no luck in it. Memory may grow by no more than the loop allows."""
    found = loop.run(reader, tmp_path, seed=20261125, cases=CASES[reader], guided=False)
    assert list(found.failures) == []
    assert found.cases == CASES[reader]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 << 20


def test_a_rule_that_fails_is_a_fault_that_the_loop_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("units")

    rule = replace(rule_book()["UNIT-01"], check=broken)
    monkeypatch.setattr(readers, "audit", lambda tables, facts: audit(tables, facts, rules=[rule]))
    found = loop.run("engine", tmp_path, seed=20261125, cases=1, guided=False)
    assert "Rule UNIT-01 could not run" in str(found.failures)
