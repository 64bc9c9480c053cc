"""A table of a report: its question, its answer in a sentence, typed columns and rows; and how a value is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "count", "dollars", "date"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    heading: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`name` is that of the workbook's sheet, `question` the heading on paper and screen, `answer` what the table says
    in a sentence ("" for plain lists). `rows`: str, int, Decimal, date or None by the name of a column."""

    name: str
    question: str
    answer: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    @property
    def numbers(self) -> list[int]:
        """Places of the columns that stand to the right."""
        return [place for place, column in enumerate(self.columns) if column.kind in ("count", "dollars")]

    def written(self) -> list[list[str]]:
        """The rows as they stand on paper and on the screen."""
        return [[in_words(row[column.name], column.kind) for column in self.columns] for row in self.rows]


def in_words(value: Any, kind: Kind) -> str:
    """1,234 · $1,234.50 · 2026-03-12; "" for what is not known."""
    if value is None:
        return ""
    if kind == "count":
        return f"{value:,}"
    return f"${value:,.2f}" if kind == "dollars" else str(value)


def sheet(
    name: str, question: str, answer: str, columns: Mapping[str, str | tuple[str, Kind]], rows: pd.DataFrame
) -> Sheet:
    """`columns`: name in `rows` -> heading, or (heading, kind) for what is not text."""
    told = tuple(Column(one, *((said,) if isinstance(said, str) else said)) for one, said in columns.items())
    found = [{one.name: _plain(row[one.name], one.kind) for one in told} for row in rows.to_dict("records")]
    return Sheet(name, question, answer, told, tuple(found))


def _plain(value: Any, kind: Kind) -> Any:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
        return None
    if kind == "count":
        return int(value)
    if kind == "date":
        return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return value if kind == "dollars" else str(value)
