"""The contract of the input tables as a schema: which cell breaks it, in words, and what to do.

Checked with pandera on the text as it was read, so that a refusal can show the cell as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from audit.errors import Refusal
from audit.model import Column, Table
from audit.texts import once_each

PRIVATE = ("patient_name", "patient_birth_date", "text")
"""Columns whose content is never repeated in a message."""
UPPER = ("procedure_code", "modifier_1", "modifier_2", "modifier_3", "modifier_4")

NAMES = ("patient_name", "payer_name", "rendering_name", "author_name", "signed_by", "cosigned_by", "name")
TURNED = (
    "the cell holds a hidden character that turns the direction of writing|Type the cell again; right-to-left letters "
    "need no such character"
)
_TURNING = "[\u202a-\u202e\u2066-\u2069]"
ROUNDED = (
    "a spreadsheet rounded this number (it ends in E+ and a power of ten)|Make the column text in the spreadsheet, and "
    "take the numbers from the program they came from"
)


@dataclass
class Broken:
    """Index labels of the rows that break the contract, and one refusal for each broken cell."""

    rows: set[int] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)


def normal(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Spellings that mean the same made one: words in lower case, codes in capitals, '2.0' as '2'."""
    result = rows.copy()
    for column in table.columns:
        text = result[column.name]
        if column.kind == "count":
            result[column.name] = text.str.replace(r"\.0+$", "", regex=True)
        elif column.kind == "word":
            by_folded = {word.lower(): word for word in column.words}
            folded = text.str.lower().str.replace("_", "-" if "-" in "".join(column.words) else "_")
            result[column.name] = folded.map(by_folded).fillna(text)
        elif column.kind == "list":
            result[column.name] = text.str.lower()
        elif column.name in UPPER:
            result[column.name] = text.str.upper()
        elif column.name == "place_of_service":
            result[column.name] = text.where(text.str.len() != 1, "0" + text)
    return result


def broken(rows: pd.DataFrame, table: Table) -> Broken:
    """Every cell of `rows` that breaks the contract of `table`."""
    found = Broken()
    try:
        _schema(table).validate(rows, lazy=True)
    except SchemaErrors as errors:
        records = rows.to_dict("index")
        for failure in errors.failure_cases.drop_duplicates(["column", "index"]).to_dict("records"):
            wrong, _, do = str(failure["check"]).partition("|")
            found.rows.add(int(failure["index"]))
            found.refusals.append(refusal(records[failure["index"]], table, str(failure["column"]), wrong, do))
    _repeats(rows, table, found)
    return found


def refusal(row: Mapping[Any, Any], table: Table, column: str, wrong: str, do: str) -> Refusal:
    value = "" if column in PRIVATE else str(row.get(column, ""))[:60]
    place = str(row["source_file"]), int(row["source_row"])
    return Refusal(*place, column, value, wrong, do, table.name, str(row.get(table.record, "")))


def _repeats(rows: pd.DataFrame, table: Table, found: Broken) -> None:
    """Two rows with one key: neither can be told to be the right one, unless they are the same throughout."""
    whole = rows[~rows.index.isin(found.rows)]
    same = set(whole.index[whole.duplicated([c for c in rows.columns if c != "source_row"])])
    again = whole[whole.duplicated(list(table.key))] if table.key else whole[:0]
    for label, row in again.to_dict("index").items():
        named = " ".join(str(row[column]) for column in table.key)
        says = refusal(row, table, table.key[-1], f"{table.grain} {named} stands twice", "Keep one of the two")
        found.rows.add(int(str(label)))
        found.refusals.append(replace(says, record_id="") if label in same else says)


@cache
def _schema(table: Table) -> Any:
    return pa.DataFrameSchema({c.name: pa.Column(checks=_checks(c), nullable=True) for c in table.columns})


def _checks(column: Column) -> list[Any]:
    checks = [pa.Check(_has_no_nul, error="the cell holds a NUL character|Export the file again")]
    if column.required:
        checks.append(pa.Check(lambda text: text != "", error=f"the cell is empty|Fill in {column.name}"))
    if column.kind == "code" or column.name in NAMES:
        checks.append(pa.Check(_reads_as_it_is, error=TURNED))
    if column.kind == "code":
        checks.append(pa.Check(_is_whole, error=ROUNDED))
    test = _TESTS.get(column.kind)
    if test:
        says, right = test[0], once_each(test[1])
        checks.append(pa.Check(lambda text: (text == "") | right(text), error=says))
    if column.words:
        words = column.words
        says = f"the word is not known|Use one of: {', '.join(words)}"
        checks.append(pa.Check(lambda text: (text == "") | text.isin(words), error=says))
    return checks


@once_each
def _has_no_nul(text: pd.Series[str]) -> pd.Series[bool]:
    return ~text.str.contains("\x00", regex=False)


def _reads_as_it_is(text: pd.Series[str]) -> pd.Series[bool]:
    return ~text.str.contains(_TURNING, regex=True)


def _is_whole(text: pd.Series[str]) -> pd.Series[bool]:
    return ~text.str.fullmatch(r"\d(\.\d+)?[Ee]\+\d+")


def _is_date(text: pd.Series[str]) -> pd.Series[bool]:
    days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return days.notna() & text.str.fullmatch(r"\d{4}-\d\d-\d\d") & days.dt.year.between(1900, 2199)


def _is_moment(text: pd.Series[str]) -> pd.Series[bool]:
    shape = text.str.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
    return shape & _is_date(text.str[:10]) & (_is_time(text.str[11:16]) | (text.str.len() == 10))


def _is_time(text: pd.Series[str]) -> pd.Series[bool]:
    return text.str.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


_TESTS: dict[str, tuple[str, Callable[[pd.Series[str]], pd.Series[bool]]]] = {
    "count": ("this is no whole number|Write digits only, such as 15", lambda t: t.str.fullmatch(r"\d{1,6}")),
    "money": (
        "this is no amount|Write dollars with a point, such as 62.50",
        lambda t: t.str.fullmatch(r"-?\d{1,9}(\.\d{1,2})?"),
    ),
    "price": (
        "this is no price|Write dollars of zero or more with a point, such as 41.50",
        lambda t: t.str.fullmatch(r"\d{1,6}(\.\d{1,2})?"),
    ),
    "share": (
        "this is no part of 1|Write a number from 0 to 1 with a point, such as 0.85",
        lambda t: t.str.fullmatch(r"0?\.\d{1,4}|0|1(\.0{1,4})?"),
    ),
    "date": ("this is no date|Write it as YYYY-MM-DD, such as 2026-03-12", _is_date),
    "time": ("this is no time of day|Write it as HH:MM, such as 14:30", _is_time),
    "moment": ("this is no date and time|Write it as YYYY-MM-DDTHH:MM", _is_moment),
    "list": (
        "this names no list of pairs|Use medicare, medicaid, none, or the name of a list that was loaded as facts",
        lambda t: t.str.fullmatch(r"[a-z][a-z0-9-]{1,39}"),
    ),
    "code": ("the code is too long|Look whether columns have moved", lambda t: t.str.len() <= 200),
}
