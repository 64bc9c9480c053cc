"""Notes as PDF: the text layer, read by a process of its own that is ended when it takes too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.intake.documents.limits import LARGEST_TEXT, refuse_large

SECONDS = 20
MEGABYTES = 1024
MOST_PAGES = 100
FEW = 40
"""Letters and digits on a page below which a picture on it is taken for a scan."""
READER = Path(__file__).with_name("pdf_reader.py")
BY_HAND = "Look at it and enter the note by hand, or give the file it was printed from"


def looks_like(path: Path, start: bytes) -> bool:
    return b"%PDF-" in start[:1024] or path.suffix.lower() == ".pdf"


def read(path: Path) -> tuple[str, str, str]:
    """Text of all pages, and why it is held: a scan has no text. Raises InputError for one that cannot be read."""
    refuse_large(path)
    told = _told(path)
    if wrong := _WRONG.get(str(told.get("wrong", ""))):
        raise InputError(wrong[0], where=path.name, do=wrong[1])
    pages: list[dict[str, Any]] = told["pages"]
    text = "\n\n".join(str(page["text"]) for page in pages)
    if len(text) > LARGEST_TEXT:
        raise InputError("the PDF has too much text for a note", where=path.name, do="Give one visit a file")
    scans = [n for n, page in enumerate(pages, 1) if page["images"] and _letters(page["text"]) < FEW]
    if scans and (len(scans) == len(pages) or _letters(text) < FEW):
        return text, "the PDF is a scan: it has no text that could be read", BY_HAND
    if scans:
        return text, f"page {scans[0]} of the PDF is a scan: its text was not read", BY_HAND
    if _letters(text) < FEW // 2:
        return text, "the PDF has no text", BY_HAND
    return text, "", ""


def _letters(text: str) -> int:
    return sum(c.isalnum() for c in text)


_WRONG = {
    "locked": ("the PDF is locked with a password", "Save it without one"),
    "damaged": ("the PDF is damaged", "Print or export it again"),
    "pages": (f"the PDF has more than {MOST_PAGES} pages", "Give one visit a file"),
    "slow": (f"the PDF takes longer than {SECONDS} seconds to read", "Print it to a new PDF"),
    "large": ("the PDF unpacks to far too much", "Print it to a new PDF"),
}


def _told(path: Path) -> dict[str, Any]:
    """What the reading process says. Its output goes to a file: a pipe would hold all of it in memory."""
    command = [
        sys.executable,
        "-I",
        "-X",
        "utf8",
        str(READER),
        str(path.resolve()),
        str(MOST_PAGES),
        str(LARGEST_TEXT),
        str(MEGABYTES),
    ]
    keep = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                env=keep,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"wrong": "slow"}
        if done.returncode or out.tell() > 8 * LARGEST_TEXT:
            return {"wrong": "large"}
        out.seek(0)
        told: dict[str, Any] = json.loads(out.read() or b'{"wrong": "damaged"}')
        return told
