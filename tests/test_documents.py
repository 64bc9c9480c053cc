"""Notes as documents: known by content, read whole, refused or held by name."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
import typst
from docx.oxml import parse_xml

from audit import intake
from audit.errors import InputError
from audit.intake.documents import Document, from_text

NOTE = """OT Daily Treatment Note
Patient: Jane Roe    DOB: 04/02/1951    MRN: P-1001
Date of service: 03/12/2026

Therapeutic activities (97530): 23 minutes.
Electronically signed by Maria Lopez, OTR/L on 03/12/2026 at 5:04 PM
"""


def read_one(path: Path) -> Document:
    (found,) = intake.read([path]).documents
    return found


def told(document: Document) -> dict[str, str]:
    return {one.field: one.value for one in document.values}


def test_a_text_file_is_a_note_with_values_and_their_places(tmp_path: Path) -> None:
    path = tmp_path / "visit.txt"
    path.write_text(NOTE)
    found = read_one(path)
    assert (found.kind, found.part, found.held.why) == ("text", 1, "")
    assert told(found)["minutes"] == "23"
    assert told(found)["service_date"] == "2026-03-12"
    assert all(found.text[v.start : v.end] for v in found.values)


def test_a_word_file_with_tables_headers_boxes_and_controls_is_read_whole(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Clinic   MRN: P-1001"
    document.sections[0].footer.paragraphs[0].text = "Signed by Ann Day, COTA/L 03/12/2026"
    document.add_paragraph("Date of service: 03/12/2026")
    table = document.add_table(rows=2, cols=3)
    for row, cells in zip(table.rows, [("Code", "Service", "Minutes"), ("97530", "Reaching", "23")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.save(str(tmp_path / "visit.docx"))
    found = read_one(tmp_path / "visit.docx")
    assert found.kind == "Word"
    assert "97530 | Reaching | 23" in found.text
    assert told(found) | {"patient_id": "P-1001", "minutes": "23", "author_credential": "COTA/L"} == told(found)


def test_a_pdf_with_text_is_read(tmp_path: Path) -> None:
    source = tmp_path / "visit.typ"
    source.write_text("\n\n".join(NOTE.splitlines()))
    typst.compile(str(source), output=str(tmp_path / "visit.pdf"))
    found = read_one(tmp_path / "visit.pdf")
    assert found.kind == "PDF"
    assert told(found)["signed_at"] == "2026-03-12T17:04"


def test_a_text_of_another_reader_counts_what_its_file_gives_before_what_the_text_says() -> None:
    (found,) = from_text(NOTE, file="a.xml", kind="C-CDA", sha256="0" * 64, given={"patient_id": "P-2"})
    assert told(found)["patient_id"] == "P-2"
    assert [v.end for v in found.values if v.field == "patient_id"] == [0]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"Seen\x00today", "no text"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"W\x00o\x00r\x00d", "old Word"),
        ("a.rtf", b"{\\rtf1\\ansi Note}", "rich text"),
        ("a.jpg", b"\xff\xd8\xff\xe0 page", "picture"),
        ("a.docx", b"PK\x03\x04 and then nothing", "damaged"),
        ("a.docx", b"This is no Word file at all", "damaged"),
        ("a.pdf", b"%PDF-1.7\n nothing", "damaged"),
        ("a.pdf", b"This is no PDF", "damaged"),
    ],
)
def test_what_is_no_readable_note_is_refused_by_name(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says):
        intake.read([tmp_path / name])


FILES = Path(__file__).with_name("files") / "documents"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("template.docx", {"97530": "25", "97112": "13", "total_timed_minutes": "38", "patient_id": "HR-3302"}),
        ("table.pdf", {"97110": "15", "97535": "24", "total_timed_minutes": "39", "patient_id": "HR-3303"}),
    ],
)
def test_a_file_of_long_ago_reads_the_same(name: str, read: dict[str, str]) -> None:
    """Made once and kept: a template with controls and tracked changes, and a page with a header and columns."""
    found = {one.service if one.field == "minutes" else one.field: one.value for one in read_one(FILES / name).values}
    assert found | read == found


BOX = "<w:txbxContent><w:p><w:r><w:t>97530 23 min</w:t></w:r></w:p></w:txbxContent>"
DRAWN = f"""<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r><w:t>Services of the day</w:t>
<mc:AlternateContent><mc:Choice Requires="wps">{BOX}</mc:Choice><mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent>
</w:r><w:moveFrom><w:r><w:t> 97110 15 min</w:t></w:r></w:moveFrom></w:p>"""


def test_a_box_that_word_writes_twice_is_read_once_and_what_was_moved_away_is_not(tmp_path: Path) -> None:
    document = docx.Document()
    document.element.body.insert(0, parse_xml(DRAWN))
    laid_out = document.add_table(1, 1).cell(0, 0)
    for line in (
        "Patient: Jane Doe",
        "Date of service: 03/12/2026",
        "Total timed minutes: 23",
        "Signed by A. Therapist",
    ):
        laid_out.add_paragraph(line)
    document.save(str(tmp_path / "visit.docx"))
    text = read_one(tmp_path / "visit.docx").text
    assert text.count("97530 23 min") == 1
    assert "97110" not in text
    assert "Date of service: 03/12/2026\nTotal timed minutes: 23" in text


def test_a_document_of_pictures_alone_is_to_be_looked_at(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Scan 1")
    document.save(str(tmp_path / "scan.docx"))
    assert "no text, only pictures or nothing" in read_one(tmp_path / "scan.docx").held.why
