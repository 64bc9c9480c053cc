"""Files that were made to break a reader: the smallest of each kind that did, and a few hundred new ones each time.

`python -m benchmarks.fuzz` goes on for as long as it is told; docs/quality.md has what it found.
"""

from __future__ import annotations

import io
import json
import resource
import zipfile
from pathlib import Path

import pytest

from audit import fact_files, intake
from audit.errors import CountersignError, InputError, Refusal
from audit.fact_files.reading import Asked
from audit.figures import dossier
from audit.intake.foreign.mapping import from_json
from audit.reports import refusals_as_csv
from benchmarks.fuzz import loop, samples
from benchmarks.fuzz.readers import READERS

CASES = dict.fromkeys(READERS, 25) | {"mapping": 200, "csv": 15, "json": 15, "foreign": 10, "workbook": 10, "docx": 10}
CASES |= {"engine": 0}
"""So many of each; the rules over mutated tables take too long for here."""


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


@pytest.mark.parametrize("reader", [name for name, number in CASES.items() if number])
def test_mutated_files_are_read_or_refused(reader: str, tmp_path: Path) -> None:
    """The same ones each time: no luck in it. Memory may grow by no more than the loop allows."""
    found = loop.run(reader, tmp_path, seed=20261125, cases=CASES[reader], guided=False)
    assert list(found.failures) == []
    assert found.cases == CASES[reader]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 << 20
