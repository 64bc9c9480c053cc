"""The most memory that this process has held."""

from __future__ import annotations

from pathlib import Path


def most_megabytes() -> float:
    """By Linux's own count (VmHWM), since this program was started. `ru_maxrss` is at least what the process that
    started it had held, and tells of that instead."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024
