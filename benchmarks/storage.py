"""The store at size: `python -m benchmarks.storage make ADDRESS [LINES]` fills a database to measure with.

ADDRESS is that of an empty database, such as sqlite:////tmp/storage/million.db; a million lines unless told.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

from audit.store import database
from benchmarks import big_clinic

LINES = 1_000_000


def stopwatch() -> Callable[[str], None]:
    """Says what is done, its CPU and wall seconds, and the most memory this process held so far."""
    last = [time.process_time(), time.perf_counter()]

    def say(what: str) -> None:
        now = [time.process_time(), time.perf_counter()]
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{what}: CPU {now[0] - last[0]:.1f} s, wall {now[1] - last[1]:.1f} s, {most:,} MB", flush=True)
        last[:] = now

    return say


def make(address: str, lines: int = LINES) -> None:
    engine = database.connect(address)
    big_clinic.fill(engine, lines, stopwatch())
    engine.dispose()


if __name__ == "__main__":
    {"make": make}[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
