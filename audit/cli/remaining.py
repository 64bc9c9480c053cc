"""How far a long work is, on the last line of a terminal: nothing in the first two seconds, and nothing in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENT = 2.0
"""Seconds until the first word."""
AGAIN = 0.5


@contextmanager
def remaining() -> Iterator[Callable[[str, int, int], None] | None]:
    """What to call with the name of the steps, those done and those in all; None where nobody looks. Time left is told
    anew for steps of another name."""
    if not sys.stderr.isatty():
        yield None
        return
    began, named, told, shown = time.monotonic(), "", 0.0, 0

    def tell(steps: str, done: int, total: int) -> None:
        nonlocal began, named, told, shown
        now = time.monotonic()
        if steps != named:
            began, named = (now, steps) if named else (began, steps)
        if now - began < SILENT or now - told < AGAIN:
            return
        told = now
        left = f", about {duration((now - began) / done * (total - done))} left" if done else ""
        line = f"{done:,} of {total:,} {steps} done{left}"
        print(f"\r{line.ljust(shown)}", end="", file=sys.stderr, flush=True)
        shown = len(line)

    try:
        yield tell
    finally:
        if shown:
            print(f"\r{' ' * shown}\r", end="", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """In words short enough for one line."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
