"""Which branches of `audit/` the tests take: a plugin of pytest, for one run with coverage.py at hand.

    pip install --target /tmp/coverage coverage
    PYTHONPATH=/tmp/coverage:. python -m pytest --numprocesses auto --dist loadscope -p benchmarks.branches

It watches each process of pytest-xdist from before audit is imported, and at the end prints the share of lines and
branches of each package, and the places that no test came to, into `branches.txt` (or the file $BRANCHES). coverage.py
is no dependency: nobody needs it to work on the code, and the tests take half as long again under it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).parents[1]
REPORT = Path(os.environ.get("BRANCHES", "branches.txt"))
FOLDER = Path(os.environ.setdefault("BRANCHES_FOLDER", tempfile.mkdtemp(prefix="countersign-branches-")))
"""Of this run: the processes that it starts are told by the environment."""
NOT_RUN_HERE = ["audit/store/migrations/*", "audit/demo/__main__.py", "audit/cli/__main__.py"]
"""Migrations are run from files by Alembic; the others only as commands, in processes of their own."""
PARTS = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def watching(process: str) -> coverage.Coverage:
    return coverage.Coverage(
        data_file=FOLDER / "data", data_suffix=process, branch=True, source=[str(ROOT / "audit")], omit=NOT_RUN_HERE,
        config_file=False,
    )  # fmt: skip


WATCH = watching(os.environ.get("PYTEST_XDIST_WORKER", "main"))
WATCH.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    WATCH.stop()
    WATCH.save()
    if not hasattr(config, "workerinput"):
        report()


def report() -> None:
    """The share of lines and branches of each package, then file by file what no test came to."""
    together = watching("all")
    together.combine([str(FOLDER)])
    together.json_report(outfile=str(FOLDER / "report.json"))
    files = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))["files"]
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    for name, told in files.items():
        for package in (str(Path(name).parent), "all"):
            taken[package].update({key: told["summary"][key] for key in PARTS})
    shares = [said(package, parts) for package, parts in taken.items()]
    with REPORT.open("w", encoding="utf-8") as file:
        file.write("\n".join(shares) + "\n\n")
        together.report(show_missing=True, skip_covered=True, file=file)
    print(f"\n{said('all', taken['all'])}\n{REPORT}")


def said(package: str, parts: Counter[str]) -> str:
    """`package`, its share of lines and branches together as coverage.py counts it, and of branches alone."""
    lines, all_lines, branches, all_branches = (parts[key] for key in PARTS)
    together, alone = (lines + branches) / (all_lines + all_branches or 1), branches / (all_branches or 1)
    return f"{100 * together:6.2f} %  branches {100 * alone:6.2f} % ({branches} of {all_branches})  {package}"
