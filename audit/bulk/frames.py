"""Frames as Parquet and back, dtype by dtype; a file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from audit.model import TABLES
from audit.pieces import bucket_of, together
from audit.shared_text import in_plain
from audit.tables import Tables
from audit.whole_files import in_making

DOLLARS = {"money", "price"}


def write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_making(path) as making:
        in_plain(frame).to_parquet(making, index=False)


def read(paths: Iterable[Path]) -> pd.DataFrame:
    """The rows of all the files; their columns are the same. There is a file."""
    return together(pd.read_parquet(path) for path in paths)


def write_tables(tables: Tables, folder: Path) -> None:
    """Money as text: a number would come back with more places than it had."""
    for one in fields(tables):
        rows: pd.DataFrame = getattr(tables, one.name)
        money = {c.name: _as_text(rows[c.name]) for c in TABLES[one.name].columns if c.kind in DOLLARS}
        write(rows.assign(**money), folder / f"{one.name}.parquet")


def read_tables(folder: Path) -> Tables:
    """What `write_tables` wrote; a table without a file is empty."""
    empty = Tables.empty()
    found = {}
    for one in fields(empty):
        if not (path := folder / f"{one.name}.parquet").exists():
            continue
        rows, held = pd.read_parquet(path), getattr(empty, one.name)
        money = {c.name: _as_dollars(rows[c.name]) for c in TABLES[one.name].columns if c.kind in DOLLARS}
        others = {name: kind for name, kind in held.dtypes.items() if name not in money}
        found[one.name] = rows.assign(**money).astype(others)
    return replace(empty, **found)


def write_by_clinician(frame: pd.DataFrame, folder: Path, number: int) -> None:
    """A file for each of `number` pieces of the clinicians of whom there is a row; the first also without one."""
    piece = bucket_of(frame["clinician"], number)
    for one in sorted({0, *piece}):
        write(frame[piece == one], folder / f"{one:04}.parquet")


def _as_text(dollars: pd.Series[Any]) -> pd.Series[str]:
    return pd.Series(["" if one is None else str(one) for one in dollars], index=dollars.index, dtype="str")


def _as_dollars(texts: pd.Series[str]) -> pd.Series[Any]:
    return pd.Series([Decimal(one) if one else None for one in texts], index=texts.index, dtype="object")
