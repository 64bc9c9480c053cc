"""`python -m benchmarks.fuzz`: each reader in a process of its own, watched from here."""

from __future__ import annotations

import argparse
import base64
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import psutil

from benchmarks.fuzz import loop
from benchmarks.fuzz.readers import READERS

MEMORY = 4 << 30
"""Bytes of addresses that the process of a reader may take; Arrow and NumPy reserve most of the first two GB."""
STUCK = 90.0
"""CPU seconds after which a process that says nothing is ended from outside."""


@dataclass
class Sum:
    cases: int = 0
    refused: int = 0
    lines: int = 0
    slowest: float = 0.0
    cpu: float = 0.0
    faults: dict[str, Path] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description="Feed every reader mutated files.")
    parser.add_argument("--seconds", type=float, default=600, help="CPU seconds in all, shared by the readers")
    parser.add_argument("--reader", action="append", choices=READERS, help="only this one; may be said again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir(), "countersign-fuzz"))
    parser.add_argument("--replay", type=Path, help="read this one file and show what happens")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        return _child(chosen.reader[0], chosen.seed, float(chosen.child[0]), Path(chosen.child[1]))
    if chosen.replay:
        refused, fault, trace = loop.attempt(chosen.reader[0], chosen.replay)
        print(trace or ("refused with a sentence" if refused else "read"))
        return int(bool(fault))
    readers = chosen.reader or list(READERS)
    chosen.keep.mkdir(parents=True, exist_ok=True)
    print(f"| {'reader':<9} | {'cases':>7} | refused | lines | slowest, s | CPU s | faults |", flush=True)
    sums = [_watched(reader, chosen.seed, chosen.seconds / len(readers), chosen.keep) for reader in readers]
    total = Sum(sum(s.cases for s in sums), sum(s.refused for s in sums), 0, max(s.slowest for s in sums))
    total.cpu, total.faults = sum(s.cpu for s in sums), {k: p for s in sums for k, p in s.faults.items()}
    _say("together", total)
    for what, path in total.faults.items():
        print(f"{what}: {path}")
    return int(bool(total.faults))


def _say(name: str, one: Sum) -> None:
    share = 100 * one.refused // max(1, one.cases)
    print(f"| {name:<9} | {one.cases:>7,} | {share:>5} % | {one.lines or '':>5} | {one.slowest:>10.1f} "
          f"| {one.cpu:>5.0f} | {len(one.faults):>6} |", flush=True)  # fmt: skip


def _watched(reader: str, seed: int, seconds: float, keep: Path) -> Sum:
    """The reader's process, begun again with another seed when a case ended it."""
    found, last = Sum(), seed + 1_000_000
    while found.cpu < seconds - 1 and seed < last:
        with tempfile.TemporaryDirectory(prefix="countersign-fuzz-") as folder:
            ended = _one(reader, seed, seconds - found.cpu, Path(folder), keep=keep, found=found)
        if ended:
            break
        seed += 1_000
    _say(reader, found)
    return found


def _one(reader: str, seed: int, seconds: float, folder: Path, *, keep: Path, found: Sum) -> bool:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--reader", reader, "--seed", str(seed)]
    before = _children()
    process = subprocess.Popen([*command, "--child", str(seconds), str(folder)], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    said: SimpleQueue[str] = SimpleQueue()
    Thread(target=_listen, args=(process, said), daemon=True).start()
    whole, killed, spoke = False, False, 0.0
    while True:
        try:
            line = said.get(timeout=5)
        except Empty:
            if _spent(process.pid) - spoke < STUCK:
                continue
            process.kill()
            killed = True
            _keep(found, keep, f"{reader}: hangs", folder)
            break
        if not line:
            break
        spoke = _spent(process.pid)
        told: dict[str, Any] = json.loads(line)
        if "what" in told:
            _keep(found, keep, f"{reader}: {told['what']}", folder, told)
        elif "cases" in told:
            found.cases, found.refused = found.cases + told["cases"], found.refused + told["refused"]
            found.lines, found.slowest = max(found.lines, told["lines"]), max(found.slowest, told["slowest"])
            whole = told["whole"]
    if process.wait() and not whole and not killed:
        _keep(found, keep, f"{reader}: ends the process ({process.returncode})", folder)
    found.cpu += _children() - before
    return whole


def _spent(pid: int) -> float:
    """CPU seconds of a process so far; the clock tells nothing on a machine that is busy."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system)


def _listen(process: subprocess.Popen[str], said: SimpleQueue[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        said.put(line)
    said.put("")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _keep(found: Sum, keep: Path, what: str, folder: Path, told: dict[str, Any] | None = None) -> None:
    """The case that failed, under a name that its reader would know it by, and what came of it."""
    if what in found.faults:
        return
    case = folder / "case"
    content = base64.b64decode(told["content"]) if told else case.read_bytes() if case.exists() else b""
    name = told["name"] if told else (folder / "name").read_text() if (folder / "name").exists() else "unknown"
    number = sum(1 for _ in keep.iterdir())
    place = keep / f"{number:03}"
    place.mkdir()
    (place / name).write_bytes(content)
    (place / "what.txt").write_text(what + "\n" + (told or {}).get("trace", ""))
    found.faults[what] = place / name


def _child(reader: str, seed: int, seconds: float, folder: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    work = folder / "work"
    work.mkdir()
    spoke = [time.monotonic()]

    def say(**told: Any) -> None:
        print(json.dumps(told), flush=True)

    def begin(name: str, content: bytes) -> None:
        (folder / "name").write_text(name)
        (folder / "case").write_bytes(content)
        if time.monotonic() - spoke[0] > 5:
            spoke[0] = time.monotonic()
            say(alive=True)

    def failed(one: loop.Failure) -> None:
        say(what=one.what, name=one.name, content=base64.b64encode(one.content).decode(), trace=one.trace)

    found = loop.run(reader, work, seed=seed, seconds=seconds, begin=begin, failed=failed)
    say(cases=found.cases, refused=found.refused, lines=found.lines, slowest=round(found.slowest, 2), whole=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
