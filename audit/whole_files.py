"""Writing a file so that it is there whole or not at all, also when the program is killed or the disk is full."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".part"


def write_whole(path: Path, text: str) -> None:
    """For the owner alone to read: patients may be named in it."""
    making = path.with_name(f".{path.name}{PART}")
    try:
        with os.fdopen(
            os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(making, path)
    finally:
        making.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what programs that were killed left unfinished in a folder."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)
