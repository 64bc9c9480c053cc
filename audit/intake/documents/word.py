"""Notes as Word documents: headers, paragraphs, tables and content controls in the order in which they are read."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.intake.documents.limits import LARGEST_TEXT, refuse_large
from audit.workbook_look import UNREADABLE

BODY = "word/document.xml"
LARGEST_WHOLE = 64 * 1024 * 1024
LARGEST_PART = 16 * 1024 * 1024
MOST_PARTS = 2_000
DEEPEST = 12
"""Tables and content controls within one another."""
_DECLARES = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E|E\x00?N\x00?T\x00?I\x00?T\x00?Y)")
AGAIN = "Save it again as .docx"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def looks_like(path: Path, start: bytes) -> bool:
    if start[:4] != b"PK\x03\x04":
        return path.suffix.lower() in (".docx", ".docm")
    try:
        with zipfile.ZipFile(path) as archive:
            return BODY in archive.namelist()
    except UNREADABLE:
        return path.suffix.lower() in (".docx", ".docm")


def read(path: Path) -> tuple[str, str, str]:
    """Text of the document; one without any is held. Raises InputError for macros, a broken or an oversized file."""
    refuse_large(path)
    _refuse_bad(path)
    from docx import Document as open_word  # noqa: PLC0415  loaded only where there is such a file

    try:
        document = open_word(str(path))
        lines = list(_everything(document))
    except (SyntaxError, AttributeError, TypeError, *UNREADABLE) as error:
        raise InputError("the Word document is damaged", where=path.name, do=AGAIN) from error
    text = "\n".join(lines)
    if len(text) > LARGEST_TEXT:
        raise InputError("the document is too long for a note", where=path.name, do="Give one visit a file")
    if sum(c.isalnum() for c in text) < 20:
        return text, "the document has no text, only pictures or nothing", "Look at it and enter the note by hand"
    return text, "", ""


def _refuse_bad(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            whole = sum(part.file_size for part in parts)
            xml = [part for part in parts if part.filename.endswith((".xml", ".rels"))]
            if len(parts) > MOST_PARTS or whole > LARGEST_WHOLE or any(p.file_size > LARGEST_PART for p in xml):
                raise InputError("the document unpacks to far too much", where=path.name, do="Give it without pictures")
            if any("vbaproject" in name.lower() for name in names) or b"macroEnabled" in archive.read(
                "[Content_Types].xml"
            ):
                raise InputError("the document holds macros, which is not read", where=path.name, do="Save it as .docx")
            if any(_DECLARES.search(archive.read(part)) for part in xml):
                raise InputError("the document declares XML entities", where=path.name, do=AGAIN)
    except UNREADABLE as error:
        raise InputError("the Word document is damaged or locked with a password", where=path.name, do=AGAIN) from error


def _everything(document: Any) -> Iterator[str]:
    told: set[str] = set()
    for place in ("header", "footer"):
        if place == "footer":
            yield from _blocks(document.element.body, 0)
        for section in document.sections:
            lines = list(_blocks(getattr(section, place)._element, 0))
            if "\n".join(lines) not in told:
                told.add("\n".join(lines))
                yield from lines


def _blocks(parent: Any, depth: int) -> Iterator[str]:
    """The lines of what stands in a body, header, cell or content control."""
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    for child in parent.iterchildren():
        if child.tag == qn("w:p"):
            yield from _paragraph(child).split("\n")
            for box in _boxes(child):
                yield from _blocks(box, depth + 1)
        elif child.tag == qn("w:tbl"):
            yield from _table(child, depth + 1)
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag")):
            yield from _blocks(child, depth + 1)


def qn(name: str) -> str:
    """The name of an element of WordprocessingML, written as w:p."""
    return _W + name.removeprefix("w:")


def _paragraph(paragraph: Any) -> str:
    """Its text as it stands after all changes: what was inserted is in it, what was deleted is not."""
    pieces = []
    walk = paragraph.iterdescendants(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen"))
    for node in walk:
        above = {one.tag for one in node.iterancestors()}
        if qn("w:txbxContent") in above and qn("w:txbxContent") not in {o.tag for o in paragraph.iterancestors()}:
            continue
        if qn("w:pPr") in above or qn("w:moveFrom") in above:
            continue
        plain = {qn("w:t"): node.text or "", qn("w:tab"): "\t", qn("w:noBreakHyphen"): "-"}
        pieces.append(plain.get(node.tag, "\n"))
    text = "".join(pieces)
    listed = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
    style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    named = style is not None and str(style.get(qn("w:val"))).startswith("List")
    return f"- {text}" if text.strip() and (listed or named) else text


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Text boxes drawn in a paragraph; Word writes each twice, for old and new readers."""
    for box in paragraph.iterdescendants(qn("w:txbxContent")):
        if not any(one.tag.endswith("}Fallback") for one in box.iterancestors()):
            yield box


def _table(table: Any, depth: int) -> Iterator[str]:
    """A row in one line, its cells parted by |; a table that only lays out blocks, block after block."""
    rows = [
        [list(_blocks(cell, depth + 1)) for cell in _cells(row)] for row in table.iter(qn("w:tr")) if _own(row, table)
    ]
    rows = [[[line for line in cell if line.strip()] for cell in row] for row in rows]
    yield ""
    for row in rows:
        if any(len(cell) > 3 for cell in row) or len(row) == 1:
            for cell in row:
                yield from cell
        else:
            yield " | ".join(" ".join(cell).replace("|", "/").replace("\t", " ").strip() for cell in row)
    yield ""


def _own(row: Any, table: Any) -> bool:
    return next(one for one in row.iterancestors() if one.tag == qn("w:tbl")) is table


def _cells(row: Any) -> list[Any]:
    """Cells of a row; one that goes on from the row above is empty there."""
    return [
        cell for cell in row.iter(qn("w:tc")) if next(o for o in cell.iterancestors() if o.tag == qn("w:tr")) is row
    ]
