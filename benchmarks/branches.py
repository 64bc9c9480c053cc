"""Which branches of `audit/` the tests take: a plugin of pytest, for one run with coverage.py at hand.

    pip install --target /tmp/coverage coverage
    PYTHONPATH=/tmp/coverage:. python -m pytest --numprocesses auto --dist loadscope -p benchmarks.branches

It watches this process from before audit is imported, and each that comes of it: those of pytest-xdist, servers and
commands that tests start, forks. At the end it prints the share of lines and branches of each package, and the places
that no test came to, into `branches.txt` (or the file $BRANCHES). Runs with the same $BRANCHES_FOLDER are added up, so
that the suite may be run by parts. coverage.py is no dependency: nobody needs it to work on the code, and the tests
take half as long again under it.
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
SETTINGS = FOLDER / "settings"
WATCHED = f"""[run]
branch = True
parallel = True
sigterm = True
patch =
    _exit
    fork
data_file = {FOLDER / "data"}
source = {ROOT / "audit"}
omit =
    {ROOT / "audit/store/migrations/env.py"}
    {ROOT / "audit/store/migrations/versions/*"}
    {ROOT / "audit/intake/documents/pdf_reader.py"}
disable_warnings = no-data-collected,module-not-measured
"""
"""Migrations are run from files by Alembic, and what reads PDFs is shut off from all that it is not told."""
PARTS = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def watch() -> None:
    """This process and all that come of it: Python runs `sitecustomize` at its start, wherever it finds one."""
    FOLDER.mkdir(exist_ok=True)
    SETTINGS.write_text(WATCHED, encoding="utf-8")
    (FOLDER / "sitecustomize.py").write_text("import coverage\ncoverage.process_startup()\n", encoding="utf-8")
    os.environ["COVERAGE_PROCESS_START"] = str(SETTINGS)
    ways = [FOLDER, Path(coverage.__file__).parents[1], *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, ways))
    coverage.process_startup()


if not coverage.Coverage.current():
    watch()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        mine = coverage.Coverage.current()
        mine.stop()
        mine.save()
        report()


def report() -> None:
    """The share of lines and branches of each package, then file by file what no test came to."""
    together = coverage.Coverage(data_file=FOLDER / f"together-{os.getpid()}", config_file=str(SETTINGS))
    together.combine([str(one) for one in FOLDER.glob("data.*")], keep=True)
    kept = FOLDER / f"report-{os.getpid()}.json"
    together.json_report(outfile=str(kept))
    files = json.loads(kept.read_text(encoding="utf-8"))["files"]
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
