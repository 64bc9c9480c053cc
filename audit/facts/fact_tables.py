"""The tables of `data/`, read and checked: columns, dates, sources, no two rows in force on one day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from audit.errors import FactError
from audit.facts.fact_merge import EARLIEST, LATEST

KEYS = {
    "codes": ["code"],
    "ncci_pairs": ["column_1", "column_2"],
    "mue": ["code"],
    "fees": ["code"],
    "thresholds": ["parameter"],
    "unit_table": ["units"],
    "evaluation_levels": ["component"],
    "payers": ["payer_id"],
    "places": ["place"],
    "modifiers": ["modifier"],
    "telehealth": ["code"],
    "remittance_codes": ["kind", "code"],
}
"""Fact tables by file name, with the columns that tell their rows apart on one day."""
DATED = ["effective_from", "effective_to", "source", "evidence", "checked_on"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Dates of service for which a fact table can be relied on; None is open."""

    table: str
    covers_from: date | None
    covers_to: date | None
    what: str
    refresh: str


def read_table(path: Path, needed: list[str]) -> pd.DataFrame:
    """The file as text. Raises FactError when it is missing, no CSV, or lacks a needed column."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise FactError("the file is missing", where=str(path), do="Restore it from the release") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise FactError(f"the file is no CSV table ({error})", where=str(path), do="Restore it") from error
    missing = [column for column in needed if column not in rows.columns]
    if missing:
        raise FactError(f"column {missing[0]} is missing", where=str(path), do="Add the column")
    return rows


def fact_table(folder: Path, name: str, sources: set[str]) -> pd.DataFrame:
    """A fact table with its two dates, one row a code. Raises FactError naming file, row and what to do."""
    path = folder / f"{name}.csv"
    rows = read_table(path, [*KEYS[name], *DATED])
    _check_sources(path, rows, sources)
    rows["effective_from"] = _dates(path, rows["effective_from"], EARLIEST)
    rows["effective_to"] = _dates(path, rows["effective_to"], LATEST)
    _check_order(path, rows)
    if name == "codes":
        rows = _without_ranges(rows)
    _check_overlaps(path, rows, KEYS[name])
    return rows


def _dates(path: Path, texts: pd.Series[str], when_empty: pd.Timestamp) -> pd.Series[pd.Timestamp]:
    dates = pd.to_datetime(texts.where(texts != ""), format="%Y-%m-%d", errors="coerce")
    bad = texts[(texts != "") & dates.isna()]
    if len(bad):
        raise FactError(
            f"'{bad.iloc[0]}' is no date",
            where=f"{path}, row {_row(bad)}, column {texts.name}",
            do="Write it as YYYY-MM-DD",
        )
    return dates.fillna(when_empty).astype("datetime64[us]")


def _check_order(path: Path, rows: pd.DataFrame) -> None:
    never = rows.loc[rows["effective_to"] < rows["effective_from"], "effective_to"]
    if len(never):
        raise FactError(
            "effective_to is before effective_from, so the row is never in force",
            where=f"{path}, row {_row(never)}",
            do="Correct one of the two dates",
        )


def _row(cells: pd.Series[Any]) -> int:
    """The first row of `cells` as the user's program counts: the header is row 1."""
    return int(str(cells.index[0])) + 2


def _without_ranges(codes: pd.DataFrame) -> pd.DataFrame:
    """A row for codes 'L3702-L3999' stands for each of them."""
    codes["code"] = codes["code"].map(_codes_of)
    return codes.explode("code", ignore_index=True)


def _codes_of(code: str) -> list[str]:
    first, dash, last = code.partition("-")
    if not dash:
        return [code]
    return [f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)]


def _check_overlaps(path: Path, rows: pd.DataFrame, key: list[str]) -> None:
    ordered = rows.sort_values([*key, "effective_from", "effective_to"])
    same = ordered.groupby(key, sort=False)
    overlap = ordered[ordered["effective_from"] <= same["effective_to"].shift()]
    if len(overlap):
        named = " ".join(str(overlap.iloc[0][column]) for column in key)
        raise FactError(
            f"two rows for {named} are in force on {overlap.iloc[0]['effective_from']:%Y-%m-%d}",
            where=str(path),
            do="Close the older row with its effective_to",
        )


def _check_sources(path: Path, rows: pd.DataFrame, known: set[str]) -> None:
    for number, named in rows["source"].items():
        strange = [source for source in str(named).split() if source not in known]
        if strange or not str(named).split():
            raise FactError(
                f"source '{strange[0]}' is not in sources.csv" if strange else "no source is named",
                where=f"{path}, row {int(str(number)) + 2}",
                do="Add the source there" if strange else "Name a source of sources.csv",
            )


def coverages(folder: Path) -> Iterator[Coverage]:
    """What `tables.csv` says of each table. Raises FactError when one is not in it."""
    path = folder / "tables.csv"
    rows = read_table(path, ["table", "covers_from", "covers_to", "what", "refresh"])
    missing = sorted(set(KEYS) - set(rows["table"]))
    if missing:
        raise FactError(f"no row for the table {missing[0]}", where=str(path), do="Add the dates it can be relied on")
    starts = _dates(path, rows["covers_from"], EARLIEST)
    ends = _dates(path, rows["covers_to"], LATEST)
    for row, start, end in zip(rows.to_dict("records"), starts, ends, strict=True):
        yield Coverage(
            row["table"],
            start.date() if row["covers_from"] else None,
            end.date() if row["covers_to"] else None,
            row["what"],
            row["refresh"],
        )
