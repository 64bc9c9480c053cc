"""Claims beyond memory: `python -m benchmarks.bulk [--workers N] LINES ...` audits made-up clinics in buckets on disk.

A million lines are one clinic of `made_up`; more are so many clinics side by side, each with its own patients and
practitioners. Each size runs in a process of its own, the buckets one after the other, or with N workers of a cluster
on this machine (whose memory is that of the largest worker). Figures: wall and CPU seconds, peak memory, and how they
grow. The folder of made-up claims is kept where BULK_FOLDER names one, to be used again.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks import made_up
from benchmarks.memory import most_megabytes

CLINIC = 1_000_000
NUMBERED = {"claim_id": "C", "note_id": "N", "patient_id": "P"}
PEOPLE = 100_000
"""Practitioners that one clinic has at most."""


def write(folder: Path, lines: int) -> None:
    """Clinics of CLINIC lines each, with files of their own."""
    providers = []
    for clinic in range(-(-lines // CLINIC)):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            made_up.write(Path(name), min(lines - clinic * CLINIC, CLINIC), seed=8 + clinic)
            for path in sorted(Path(name).iterdir()):
                rows = _of_clinic(pd.read_parquet(path), clinic)
                if path.stem == "providers":
                    providers.append(rows)
                else:
                    number = "" if path.stem == "payers" else f"-{clinic:03}"
                    rows.to_parquet(folder / f"{path.stem}{number}.parquet", index=False)
    pd.concat(providers).to_parquet(folder / "providers.parquet", index=False)


def _of_clinic(rows: pd.DataFrame, clinic: int) -> pd.DataFrame:
    """The rows with numbers and names that no other clinic has."""
    for name, letter in NUMBERED.items():
        if name in rows:
            rows[name] = rows[name].str.replace(letter, f"{letter}{clinic:03}-", n=1)
    for name in {"npi", "rendering_npi"} & {*rows.columns}:
        told = {npi: made_up._npi(int(npi[1:9]) + clinic * PEOPLE) for npi in rows[name].unique()}
        rows[name] = rows[name].map(told)
    for name in {"name", "author_name", "signed_by"} & {*rows.columns}:
        rows[name] = rows[name].str.replace("Person ", f"Person {chr(65 + clinic % 26)}", n=1)
    return rows


def measure(source: Path, workers: int) -> None:
    from audit.bulk import cluster, driving  # noqa: PLC0415
    from audit.engine import chosen_rules  # noqa: PLC0415
    from audit.reports import refusals_as_csv  # noqa: PLC0415

    began, last = time.monotonic(), 0.0

    def tell(done: int, steps: int) -> None:
        nonlocal last
        if time.monotonic() > last + 30:
            last = time.monotonic()
            print(f"{done} of {steps}, {last - began:.0f} s, {most_megabytes():.0f} MB", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(dir=source.parent) as name, contextlib.ExitStack() as open_:
        runner = driving.in_turn
        if workers:
            ours = open_.enter_context(cluster.local_cluster(workers))
            os.environ[cluster.ADDRESS] = ours.scheduler_address
            runner = open_.enter_context(cluster.cluster())
        out = Path(name) / "out"
        summary = driving.audit_folder(source, out, chosen_rules(), runner, as_csv=refusals_as_csv, progress=tell)
        size = sum(one.stat().st_size for one in out.iterdir()) >> 20
        open_.close()
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = [resource.getrusage(kind) for kind in kinds]
    figures = {
        "lines": summary.lines,
        "wall": time.monotonic() - began,
        "cpu": sum(one.ru_utime + one.ru_stime for one in used),
        "mb": max(most_megabytes(), used[1].ru_maxrss / 1024),
        "findings": sum(number for number, _ in summary.severities.values()),
        "flagged": sum(summary.severities.get(one, (0, 0))[0] for one in ("error", "warning")),
        "out": size,
    }
    print(json.dumps(figures))


def main(sizes: list[int], workers: int) -> None:
    print(
        "| lines | wall s | CPU s | MB | findings | errors, warnings | Parquet of findings, MB |\n" + "|---" * 7 + "|"
    )
    for lines in sizes:
        with contextlib.ExitStack() as kept:
            base = os.environ.get("BULK_FOLDER") or kept.enter_context(tempfile.TemporaryDirectory())
            folder = Path(base) / str(lines)
            if not folder.exists():
                folder.mkdir(parents=True)
                write(folder, lines)
            command = [sys.executable, "-m", "benchmarks.bulk", "--measure", str(folder), str(workers)]
            one = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        print(f"| {one['lines']:,} | {one['wall']:.0f} | {one['cpu']:.0f} | {one['mb']:,.0f} | {one['findings']:,} | "
              f"{one['flagged']:,} | {one['out']:,} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        told = sys.argv[1:]
        number = int(told.pop(told.index("--workers") + 1)) if "--workers" in told else 0
        main([int(one) for one in told if one != "--workers"], number)
