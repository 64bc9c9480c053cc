"""Writing a file so that it is there whole or not at all, also when the program is killed or the disk is full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"


@contextmanager
def in_making(path: Path) -> Iterator[Path]:
    """A file of this process beside `path` to write to: put in its place at the end, gone where writing failed."""
    making = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        yield making
        os.replace(making, path)
    finally:
        making.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """For the owner alone to read: patients may be named in it."""
    with in_making(path) as making:
        new = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(new, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def sweep(folder: Path) -> None:
    """Remove what programs that were killed left unfinished in a folder."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)
