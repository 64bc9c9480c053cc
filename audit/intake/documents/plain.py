"""Notes as plain text."""

from __future__ import annotations

import re
from pathlib import Path

from audit.errors import InputError
from audit.intake.documents.limits import LARGEST_TEXT, refuse_large
from audit.model import TABLES

SUFFIXES = (".txt", ".text", ".md")
_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Controls, and marks that turn the direction of writing or show nothing: a reader must see what is judged."""
_WIDE = re.compile(r"[ \t]{60,}")
_EMPTY = re.compile(r"\n(?:[ \t]*\n){3,}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
DELIMITERS = (",", "\t", "|", ";")


def looks_like(path: Path, start: bytes) -> bool:
    """A .txt that is none of our tables and no table of another: its lines have no like number of delimiters."""
    if path.suffix.lower() not in SUFFIXES or path.stem.strip().lower().replace(" ", "_") in TABLES:
        return False
    lines = [line for line in _decoded(start[:4096], "ignore").splitlines() if line.strip()][:6]
    if len(lines) > 1 and start[-1:] not in b"\r\n" and len(start) >= 4096:
        lines = lines[:-1]
    counts = [{line.count(delimiter) for line in lines} for delimiter in DELIMITERS]
    return not any(len(lines) > 1 and len(count) == 1 and min(count) > 1 for count in counts)


def read(path: Path) -> tuple[str, str, str]:
    """The text; it is never held."""
    refuse_large(path, LARGEST_TEXT)
    content = path.read_bytes()
    if not content.strip():
        raise InputError("the file is empty", where=path.name, do="Export the note again")
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not wide and (b"\x00" in content or len(_CONTROL.findall(content)) > len(content) // 100):
        raise InputError("the file is no text (it holds binary data)", where=path.name, do="Give it its right ending")
    try:
        return _decoded(content), "", ""
    except UnicodeDecodeError:
        raise InputError("the text cannot be read", where=path.name, do="Save it as UTF-8") from None


def _decoded(content: bytes, errors: str = "strict") -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors)
    try:
        return content.decode("utf-8-sig", "strict")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors)


def clean(text: str) -> str:
    """The text with ordinary line ends and spaces and without marks that nobody can see, gaps no wider than
    60. Spans count in it."""
    seen = _UNSEEN.sub("", _SPACES.sub(" ", _ENDS.sub("\n", text)))
    return _EMPTY.sub("\n\n\n", _WIDE.sub(" " * 60, seen)).strip("\n")
