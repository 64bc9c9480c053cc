"""Folders for files that are read and not kept. What a killed program left of them is removed at the next start."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.locks import take

PREFIX, LOCK = "countersign-", ".in-use"
YOUNG = 60.0
"""Seconds in which a folder may not have its lock yet."""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that only this account can read, removed at the end."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, Path(name, LOCK).open("a+b") as lock:
        take(lock)
        yield Path(name)


def sweep(young: float = YOUNG) -> int:
    """Remove the folders of programs that have ended; return their number. Patients' records may be in them."""
    gone = 0
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            with path.open("a+b") as lock:
                left = time.time() - path.stat().st_mtime > young and take(lock)
        except OSError:
            continue  # another account's, or just removed by its own program
        if left:
            shutil.rmtree(path.parent, ignore_errors=True)
            gone += 1
    return gone
