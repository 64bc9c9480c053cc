"""Where tests put files that need not outlive them, and how long they wait."""

from __future__ import annotations

import shutil

ROOM = 4 * 2**30
PATIENCE = 600
"""Seconds for what should come at once: the machine may be busy, and no test may fail by the clock."""


def memory() -> str | None:
    """A folder in memory with room enough, or None: on a disk, to sync, copy and remove databases takes minutes."""
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free > ROOM else None  # noqa: S108
    except OSError:
        return None


MEMORY = memory()
