"""The wheel holds what the app needs. `python -m tests.installed FOLDER` really builds, installs and uses it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from audit.facts.reference import DATA, KEYS

ROOT = Path(__file__).parents[1]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
    "wheel"
]
LOOK = """
from audit import demonstration, serving, shipped
from audit.facts.reference import load_facts
from audit.rules import rule_book
print(shipped.FOLDER)
print(serving.APP.is_file(), demonstration.FILES.is_dir(), len(load_facts().sources) > 10, len(rule_book()) > 50)
"""


def unpacked(folder: Path) -> Path:
    """The files of the wheel, laid out as hatchling lays them out from pyproject.toml."""
    for name in WHEEL["packages"]:
        shutil.copytree(ROOT / name, folder / name)
    for source, target in WHEEL["force-include"].items():
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        (folder / target).parent.mkdir(exist_ok=True)
        copy(ROOT / source, folder / target)
    return folder


def test_the_wheel_finds_its_app_facts_and_rules_in_itself(tmp_path: Path) -> None:
    site = unpacked(tmp_path / "site")
    command = [sys.executable, "-P", "-c", LOOK]
    seen = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
    ).stdout.split()
    assert seen == [str(site / "audit" / "_shipped"), *["True"] * 4]


def test_every_page_and_fact_table_is_in_the_wheel() -> None:
    assert set(WHEEL["force-include"]) == {"app.py", "pages", "data", ".streamlit"}
    pages = re.findall(r'"(pages/.+?\.py)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    assert len(pages) > 20
    assert [file for file in pages if not (ROOT / file).is_file()] == []
    assert [name for name in KEYS if not (DATA / f"{name}.csv").is_file()] == []
    assert DATA == ROOT / "data"
