"""How long the rules take beside hand-written SQL and a plain loop: `python -m benchmarks.speed [LINES ...]`.

A made-up clinic of so many claim lines (10,000 and 100,000 unless told) lies as Parquet. Each way runs in a process of
its own, from files to findings; the findings of the five checks must be the same in all, row for row.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from audit.engine import audit, chosen_rules
from audit.intake import read
from audit.tables import check
from benchmarks import five_checks, made_up
from benchmarks.memory import most_megabytes

SIZES = (10_000, 100_000)
WAYS = {"sql": "SQL, five checks", "five": "rules of the same", "book": "whole rule book", "loop": "plain loop"}
NAMES = ("claims", "notes", "note_services", "payers", "providers")


def measure(way: str, folder: Path) -> None:
    """Run one way and print its figures as JSON; the findings of the five checks go to a file named after it."""
    began, cpu = time.perf_counter(), time.process_time()
    parts: dict[str, float] = {}
    if way in ("sql", "loop"):
        found = {"sql": five_checks.by_sql, "loop": five_checks.by_loop}[way](folder)
        number = len(found)
    else:
        found, number, parts = by_rules(folder, five_checks.RULES if way == "five" else None)
    told = {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu, "findings": number, **parts}
    told["mb"] = most_megabytes()
    five_checks.save(sorted(found), folder / f"{way}.csv")
    print(json.dumps(told))


def by_rules(folder: Path, codes: tuple[str, ...] | None) -> tuple[list[tuple[str, str, int]], int, dict[str, float]]:
    began = time.process_time()
    batch = read([folder / f"{name}.parquet" for name in NAMES])
    reading = time.process_time() - began
    tables, refusals = check(batch)
    assert not refusals, refusals[0]
    del batch
    ready = time.process_time() - began
    findings = audit(tables, rules=chosen_rules(codes))
    assert (findings["rule"] != "ENGINE").all()
    parts = {"read": reading, "checked": ready - reading, "audited": time.process_time() - began - ready}
    told = findings[(findings["severity"] != "untestable") & (findings["claim_id"] != "")]
    five = told[told["rule"].isin(five_checks.RULES)]
    numbers = [int(one) for one in five["line_number"]]
    return list(zip(five["rule"], five["claim_id"], numbers, strict=True)), len(told), parts


def _figures(way: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed", "--measure", way, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(json.loads(told))


def main(sizes: tuple[int, ...]) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    for lines in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made_up.write(folder, lines)
            figures = {way: _figures(way, folder) for way in WAYS}
            kept = {way: (folder / f"{way}.csv").read_text() for way in WAYS}
        assert len(set(kept.values())) == 1, "the findings differ"
        print(f"\n{lines:,} lines, {kept['sql'].count(chr(10)):,} findings of the five checks, the same in all four")
        print(
            "| | wall s | CPU s | CPU to SQL | MB | findings | read, checked, audited |\n|---|---|---|---|---|---|---|"
        )
        for way, label in WAYS.items():
            one = figures[way]
            parts = ", ".join(f"{one[part]:.2f}" for part in ("read", "checked", "audited") if part in one)
            ratio = one["cpu"] / figures["sql"]["cpu"]
            print(f"| {label} | {one['wall']:.2f} | {one['cpu']:.2f} | {ratio:.1f} | {one['mb']:.0f} | "
                  f"{one['findings']:,} | {parts} |")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main(tuple(map(int, sys.argv[1:])) or SIZES)
