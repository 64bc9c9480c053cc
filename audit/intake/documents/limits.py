"""How large a document may be; nothing larger is read into memory."""

from __future__ import annotations

from pathlib import Path

from audit.errors import InputError

LARGEST_FILE = 50 * 1024 * 1024
LARGEST_TEXT = 2_000_000
"""Characters of plain text, bytes of a text file."""


def refuse_large(path: Path, most: int = LARGEST_FILE) -> None:
    if path.stat().st_size > most:
        raise InputError(
            f"the file is too large for a note ({path.stat().st_size // 1024 // 1024} MB)",
            where=path.name,
            do="Give one visit a file, without pictures",
        )
