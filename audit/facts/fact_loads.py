"""Facts that users loaded: a folder of loads, only ever added to, each named by its number and its content.

The folder is `COUNTERSIGN_FACTS`, else `facts` beside the SQLite database, else `var/facts`. A load is a folder
`0001`, `0002`, ... with `load.json` and a CSV for each table it adds to. State n of the facts is what is shipped and
the first n loads: nothing is taken away, so the facts of an earlier run can be read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from audit.errors import FactError

VARIABLE, DATABASE = "COUNTERSIGN_FACTS", "COUNTERSIGN_DATABASE_URL"
DEFAULT = Path("var/facts")
PAIRS = "pairs:"
"""Stands before the name of a pair list that is not Medicare's, as in pairs:medicaid."""


@dataclass(frozen=True, slots=True)
class Load:
    """One load: `kind` of file, the `tables` it adds to with their numbers of rows, the dates of service it covers,
    and for pairs the span of column 1. `file_sha256` names the file, `sha256` the rows kept of it."""

    number: int
    kind: str
    file: str
    file_sha256: str
    tables: dict[str, int] = field(hash=False)
    covers_from: str
    covers_to: str
    codes_from: str
    codes_to: str
    read: int
    refused: int
    by: str
    at: str
    sha256: str

    @property
    def source(self) -> str:
        return f"load-{self.number}"

    @property
    def first(self) -> date:
        return date.fromisoformat(self.covers_from)

    @property
    def last(self) -> date:
        return date.fromisoformat(self.covers_to)


def folder() -> Path:
    """Where the loads of this installation are."""
    if own := os.environ.get(VARIABLE):
        return Path(own)
    url = os.environ.get(DATABASE, "")
    path = url.partition("sqlite:///")[2].partition("?")[0]
    return Path(path).parent / "facts" if path else DEFAULT


def loads(where: Path) -> tuple[Load, ...]:
    """The loads in a folder, in the order they came. Raises FactError when one was changed or removed since."""
    names = sorted(path.name for path in where.iterdir() if path.name.isdigit()) if where.is_dir() else []
    return tuple(_load(where / name, number) for number, name in enumerate(names, start=1))


@cache
def _load(path: Path, number: int) -> Load:
    if int(path.name) != number:
        raise FactError(f"load {number:04} is missing", where=str(path.parent), do="Restore it: past runs used it")
    try:
        load = Load(**json.loads((path / "load.json").read_text(encoding="utf-8")))
        content = {name: _csv(path, name).read_text(encoding="utf-8") for name in load.tables}
    except (OSError, ValueError, TypeError):
        raise FactError("this load of facts cannot be read", where=str(path), do="Restore it from a backup") from None
    if digest(content) != load.sha256:
        raise FactError("this load of facts was changed", where=str(path), do="Restore it: past runs used it")
    return load


def rows(where: Path, load: Load, table: str) -> pd.DataFrame:
    """What a load adds to a table, as text."""
    return pd.read_csv(_csv(where / f"{load.number:04}", table), dtype=str, keep_default_na=False)


def add(where: Path, load: Load, tables: Mapping[str, str]) -> Load:
    """Keep a load under the next number, whole or not at all. `tables`: name -> CSV text."""
    where.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=where))
    try:
        for name, text in tables.items():
            _csv(making, name).write_text(text, encoding="utf-8", newline="")
        while True:
            number = len(loads(where)) + 1
            kept = Load(**{**asdict(load), "number": number, "sha256": digest(tables)})
            (making / "load.json").write_text(json.dumps(asdict(kept), indent=1), encoding="utf-8")
            try:
                making.rename(where / f"{number:04}")
            except OSError:
                if not (where / f"{number:04}").exists():
                    raise
                continue
            return kept
    finally:
        shutil.rmtree(making, ignore_errors=True)


def digest(tables: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for name, text in sorted(tables.items()):
        found.update(f"{name}\n{text}\n".encode())
    return found.hexdigest()


def _csv(path: Path, table: str) -> Path:
    return path / f"{table.replace(':', '-')}.csv"
