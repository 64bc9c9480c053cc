"""Documents that are broken, hostile, locked or no text: one clear error or held by name, in bounded time."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path

import docx
import pytest
import typst
from docx.oxml import parse_xml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from audit import intake
from audit.errors import InputError
from audit.intake.documents import Document, limits, pdf, plain, word

BODY = "word/document.xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
LINE = "Date of service: 03/12/2026. 97530 therapeutic activities 23 minutes."


@pytest.fixture(scope="module")
def word_bytes() -> bytes:
    document = docx.Document()
    document.add_paragraph(LINE)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


@pytest.fixture(scope="module")
def pdf_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source = tmp_path_factory.mktemp("pdf") / "a.typ"
    source.write_text(LINE)
    return typst.compile(str(source), format="pdf")


def altered(content: bytes, named: dict[str, bytes | None]) -> bytes:
    """A Word file with parts replaced, added, or left out."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry not in named:
                new.writestr(entry, old.read(entry))
        for name, part in named.items():
            if part is not None:
                new.writestr(name, part)
    return held.getvalue()


def read(tmp_path: Path, name: str, content: bytes) -> Document:
    (tmp_path / name).write_bytes(content)
    (found,) = intake.read([tmp_path / name]).documents
    return found


def refused(tmp_path: Path, name: str, content: bytes) -> str:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        intake.read([tmp_path / name])
    assert error.value.do
    assert str(tmp_path) not in str(error.value)
    return str(error.value)


def test_macros_are_refused_whatever_the_file_is_called(tmp_path: Path, word_bytes: bytes) -> None:
    with_macro = altered(word_bytes, {"word/vbaProject.bin": b"x"})
    for name in ("a.docm", "a.docx"):
        assert "holds macros" in refused(tmp_path, name, with_macro)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, word_bytes: bytes) -> None:
    bomb = altered(word_bytes, {BODY: b"<a>" + b" " * (word.LARGEST_PART + 1)})
    assert len(bomb) < 200_000
    assert "unpacks to far too much" in refused(tmp_path, "a.docx", bomb)


def test_a_part_that_says_it_is_small_is_not_believed(tmp_path: Path, word_bytes: bytes) -> None:
    """Sizes in a zip may lie; reading stops at what they say."""
    bomb = bytearray(altered(word_bytes, {BODY: b"<a>" + b" " * 50_000_000 + b"</a>"}))
    size = (50_000_007).to_bytes(4, "little")
    for place in [m.start() for m in re.finditer(re.escape(size), bytes(bomb))]:
        bomb[place : place + 4] = (1000).to_bytes(4, "little")
    assert "damaged" in refused(tmp_path, "a.docx", bytes(bomb))


def test_entities_are_refused(tmp_path: Path, word_bytes: bytes) -> None:
    head = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    for text in (head, head.decode().encode("utf-16")):
        assert "declares XML entities" in refused(tmp_path, "a.docx", altered(word_bytes, {BODY: text}))


def test_a_truncated_word_file_is_damaged_wherever_it_is_cut(tmp_path: Path, word_bytes: bytes) -> None:
    for share in (0.1, 0.5, 0.9, 0.999):
        assert "damaged" in refused(tmp_path, "a.docx", word_bytes[: int(len(word_bytes) * share)])


def test_a_word_file_without_its_types_is_damaged(tmp_path: Path, word_bytes: bytes) -> None:
    assert "damaged" in refused(tmp_path, "a.docx", altered(word_bytes, {"[Content_Types].xml": None}))
    assert "damaged" in refused(tmp_path, "a.docx", altered(word_bytes, {BODY: b"<w:document"}))


def test_tables_within_tables_without_end_are_damaged(tmp_path: Path) -> None:
    document = docx.Document()
    inside = ""
    for _ in range(30):
        inside = f"<w:tbl {W}><w:tr><w:tc>{inside}<w:p/></w:tc></w:tr></w:tbl>"
    document.element.body.append(parse_xml(inside))
    document.save(str(tmp_path / "a.docx"))
    assert "damaged" in refused(tmp_path, "a.docx", (tmp_path / "a.docx").read_bytes())


def test_changes_boxes_and_controls_of_a_template_are_read(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Total timed minutes: ")._p
    paragraph.append(parse_xml(f"<w:del {W}><w:r><w:delText>40</w:delText></w:r></w:del>"))
    paragraph.append(parse_xml(f"<w:ins {W}><w:r><w:t>38</w:t></w:r></w:ins>"))
    control = f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>97530 23 min</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    document.element.body.insert(0, parse_xml(control))
    document.save(str(tmp_path / "a.docx"))
    found = read(tmp_path, "a.docx", (tmp_path / "a.docx").read_bytes())
    assert [v.value for v in found.values if v.field in ("minutes", "total_timed_minutes")] == ["23", "38"]


def test_a_workbook_is_no_document(tmp_path: Path, word_bytes: bytes) -> None:
    assert refused(tmp_path, "a.xlsx", altered(word_bytes, {BODY: None}))


def test_a_locked_pdf_is_refused(tmp_path: Path, pdf_bytes: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes)))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(str(tmp_path / "b.pdf"))
    assert "locked with a password" in refused(tmp_path, "a.pdf", (tmp_path / "b.pdf").read_bytes())


def test_a_pdf_that_only_may_not_be_changed_is_read(tmp_path: Path, pdf_bytes: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes)))
    writer.encrypt("", owner_password="owner", algorithm="AES-256")  # noqa: S106
    writer.write(str(tmp_path / "b.pdf"))
    assert "97530" in read(tmp_path, "a.pdf", (tmp_path / "b.pdf").read_bytes()).text


def test_a_scan_is_named_and_held(tmp_path: Path) -> None:
    assert "is a scan" in read(tmp_path, "a.pdf", _with_picture("")).held.why
    assert "is a scan" in read(tmp_path, "a.pdf", _with_picture("Page 1 of 1")).held.why
    assert not read(tmp_path, "a.pdf", _with_picture(LINE)).held.why


def test_a_page_that_is_a_scan_among_others_is_named(tmp_path: Path) -> None:
    writer = PdfWriter()
    for page in (typst.compile((LINE * 4).encode(), format="pdf"), _with_picture("")):
        writer.append(PdfReader(io.BytesIO(page)))
    writer.write(str(tmp_path / "b.pdf"))
    held = read(tmp_path, "a.pdf", (tmp_path / "b.pdf").read_bytes())
    assert held.held.why == "page 2 of the PDF is a scan: its text was not read"
    assert "97530" in held.text


def test_a_pdf_without_a_word_is_held(tmp_path: Path) -> None:
    assert read(tmp_path, "a.pdf", typst.compile(b"#line()", format="pdf")).held.why == "the PDF has no text"


def test_a_word_document_too_long_for_a_note_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word_bytes: bytes
) -> None:
    monkeypatch.setattr(word, "LARGEST_TEXT", 10)
    assert "the document is too long for a note. Give one visit a file" in refused(tmp_path, "a.docx", word_bytes)


def test_a_pdf_with_too_much_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pdf_bytes: bytes) -> None:
    monkeypatch.setattr(pdf, "LARGEST_TEXT", 10)
    assert "far too much" in refused(tmp_path, "a.pdf", pdf_bytes)


def test_an_open_document_text_is_said_to_be_one(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    assert "an OpenDocument text (.odt)" in refused(tmp_path, "a.odt", held.getvalue())


def test_a_document_of_one_day_twice_is_held_as_several_visits(tmp_path: Path) -> None:
    visits = [
        f"Date of service: {day}\n{LINE}\nSigned A. Therapist" for day in ("03/12/2026", "03/13/2026", "03/12/2026")
    ]
    held = read(tmp_path, "a.txt", "\n\n".join(visits).encode())
    assert held.held.why == "the document seems to hold several visits that cannot be told apart"


def _with_picture(text: str) -> bytes:
    """A page with a picture over all of it."""
    with_header = b"\x89PNG\r\n\x1a\n"
    rows = zlib.compress(b"".join(b"\x00" + b"\x80" * 40 for _ in range(40)))
    parts = [(b"IHDR", (40).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])), (b"IDAT", rows), (b"IEND", b"")]
    chunks = [len(d).to_bytes(4, "big") + k + d + zlib.crc32(k + d).to_bytes(4, "big") for k, d in parts]
    source = f"#image(bytes(({','.join(str(b) for b in with_header + b''.join(chunks))})), width: 90%)\n{text}"
    return typst.compile(source.encode(), format="pdf")


def test_a_pdf_cut_anywhere_gives_its_text_or_an_error(tmp_path: Path, pdf_bytes: bytes) -> None:
    for share in (0.2, 0.9):
        try:
            read(tmp_path, "a.pdf", pdf_bytes[: int(len(pdf_bytes) * share)])
        except InputError as error:
            assert "damaged" in str(error) or "far too much" in str(error)  # noqa: PT017


def test_a_pdf_page_that_never_ends_is_given_up(
    tmp_path: Path, pdf_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 2)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes)))
    stream = DecodedStreamObject()
    stream.set_data(b"BT /F1 9 Tf " + b"(aaaaaaaa) Tj 1 0 0 1 5 5 Tm " * 400_000 + b"ET")
    writer.pages[0][NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    writer.write(str(tmp_path / "b.pdf"))
    assert "longer than" in refused(tmp_path, "a.pdf", (tmp_path / "b.pdf").read_bytes())


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    for name, start in (("a.pdf", b"%PDF-1.7"), ("a.txt", b"Note"), ("a.docx", b"PK\x03\x04")):
        with (tmp_path / name).open("wb") as file:
            file.write(start)
            file.truncate(limits.LARGEST_FILE + 1)
        with pytest.raises(InputError, match=r"too large|damaged"):
            intake.read([tmp_path / name])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LINE.encode("utf-16"), ""),
        (LINE.encode("utf-8-sig"), ""),
        (LINE.replace("minutes", "minutes – café").encode("cp1252"), ""),
        (b"\x81\x8d\x90" * 20, "cannot be read"),
        (bytes(range(32)) * 20, "no text"),
    ],
)
def test_encodings_of_a_text(tmp_path: Path, content: bytes, says: str) -> None:
    if says:
        assert says in refused(tmp_path, "a.txt", content)
    else:
        assert ("minutes", "23") in {(v.field, v.value) for v in read(tmp_path, "a.txt", content).values}


def test_what_turns_or_hides_writing_is_taken_out(tmp_path: Path) -> None:
    text = "97530 \u202e32\u202c 23 min\u200butes\u00a0of care\r\nTotal timed minutes:\u00a023"
    found = read(tmp_path, "a.txt", text.encode())
    assert not re.search("[\u200b\u202a-\u202e\u00a0\r]", found.text)
    assert plain.clean("a" + " " * 9999 + "b") == "a" + " " * 60 + "b"


def test_a_text_with_like_columns_is_left_to_the_tables(tmp_path: Path) -> None:
    (tmp_path / "export.txt").write_text("Patient|Date|Code\n1|2026-03-12|97530\n2|2026-03-12|97530\n")
    with pytest.raises(InputError):
        intake.read([tmp_path / "export.txt"])


def test_visits_that_cannot_be_told_apart_are_held(tmp_path: Path) -> None:
    twice = "Note\nDate of service: 03/12/2026\nDate of service: 03/19/2026\n97530 23 minutes\n"
    assert "several visits" in read(tmp_path, "a.txt", twice.encode()).held.why
