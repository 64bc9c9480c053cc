"""A lock on an open file. The system lets go of it when the program ends, however it ends."""

from __future__ import annotations

import os
from typing import IO


def take(file: IO[bytes]) -> bool:
    """Whether this process holds the lock on `file` now; False while another one does."""
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415  on Windows only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl  # noqa: PLC0415  not on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
