"""Kinds of document that are refused by name, with what to do instead."""

from __future__ import annotations

from pathlib import Path

from audit.errors import InputError

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*", b"GIF8", b"BM")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SAVE = "Open it in Word and save it as .docx, or print it to PDF"
_KINDS = {
    "an old Word document (.doc)": SAVE,
    "a rich text document (.rtf)": SAVE,
    "an OpenDocument text (.odt)": "Save it as .docx or PDF",
    "a picture": "Scans are not read: enter the note by hand, or give the PDF or Word file it was printed from",
}


def kind_of(path: Path, start: bytes) -> str:
    """The name of the kind that is refused, "" for any other file."""
    if start.startswith(_OLD_OFFICE):
        return "an old Word document (.doc)" if path.suffix.lower() in (".doc", ".dot") else ""
    if start.lstrip()[:5].lower() == b"{\\rtf":
        return "a rich text document (.rtf)"
    if start[:4] == b"PK\x03\x04" and b"mimetypeapplication/vnd.oasis.opendocument.text" in start[:120]:
        return "an OpenDocument text (.odt)"
    return "a picture" if start.startswith(_PICTURES) else ""


def refuse(path: Path, start: bytes) -> None:
    """Raise InputError when the file is of one of these kinds."""
    if kind := kind_of(path, start):
        raise InputError(f"the file is {kind}, which is not read", where=path.name, do=_KINDS[kind])
