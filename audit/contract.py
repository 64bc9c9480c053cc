"""The contract of the input tables as a schema: which cell breaks it, in words, and what to do.

Checked with pandera on the text as it was read, so that a refusal can show the cell as the user wrote it. Cells of a
column that say the same are looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from audit.errors import Refusal
from audit.model import MODIFIERS, Column, Table

PRIVATE = ("patient_name", "patient_birth_date", "text")
"""Columns whose content is never repeated in a message."""
LONGEST_CODE = 200
UPPER = ("procedure_code", *MODIFIERS)

NAMES = ("patient_name", "payer_name", "rendering_name", "author_name", "signed_by", "cosigned_by", "name")
TURNED = (
    "the cell holds a hidden character that turns the direction of writing|Type the cell again; right-to-left letters "
    "need no such character"
)
_RESPELT = {
    "count": (r"\.0+$", ""),
    "diagnosis_codes": (r"\s*;\s*", " "),
    "time": (r"^(?:\d{4}-\d\d-\d\d)?[T ]?(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?$", r"\1"),
}
"""By kind or name, another spelling of the same and what becomes of it: '2.0'; a list of JSON; a time of day as ISO
8601 has it, alone or with its date, with or without a time zone (the clock on the wall counts)."""
_BETWEEN = r"[ _-]+"
"""Between the parts of a word: in_person, In-Person and in person are one."""
_TURNING = "[\u202a-\u202e\u2066-\u2069]"
ROUNDED = (
    "a spreadsheet rounded this number (it ends in E+ and a power of ten)|Make the column text in the spreadsheet, and "
    "take the numbers from the program they came from"
)
CROWDED = (
    f"the cell holds more than {len(MODIFIERS)} modifiers|Write one in each of {MODIFIERS[0]} to {MODIFIERS[-1]}; a "
    "claim line has room for no more"
)


Right: TypeAlias = "Callable[[pd.Series[str]], pd.Series[bool]]"
"""Which of the texts are as they should be, each looked at by itself."""


@dataclass
class Broken:
    """Index labels of the rows that break the contract, and one refusal for each broken cell."""

    rows: set[int] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)


def normal(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The columns of `table` as categories of text, with spellings that mean the same made one: words in lower case,
    codes in capitals, '2.0' as '2'."""
    if rows.empty:
        return rows
    return rows.assign(**{column.name: _alike(_different(rows[column.name]), column) for column in table.columns})


def _different(cells: pd.Series[Any]) -> pd.Categorical:
    if isinstance(cells.array, pd.Categorical):
        return cells.array
    numbers, texts = pd.factorize(cells, use_na_sentinel=False)
    return pd.Categorical.from_codes(numbers, pd.Index(texts, dtype="str"), validate=False)


def _alike(cells: pd.Categorical, column: Column) -> pd.Categorical:
    text = pd.Series(cells.categories)
    if {*text.array[: len(column.words) + 2]} <= {"", *column.words}:
        return cells
    told = _spelt(text, column)
    if told is text:
        return cells
    numbers, different = pd.factorize(told)
    return pd.Categorical.from_codes(numbers[cells.codes], pd.Index(different, dtype="str"), validate=False)


def _spelt(text: pd.Series[str], column: Column) -> pd.Series[str]:
    for name in (column.kind, column.name):
        if name in _RESPELT:
            return text.str.replace(*_RESPELT[name], regex=True)
    if column.kind == "word":
        by_folded = {re.sub(_BETWEEN, "", word.lower()): word for word in column.words}
        return text.str.lower().str.replace(_BETWEEN, "", regex=True).map(by_folded).fillna(text)
    if column.kind == "list":
        return text.str.lower()
    if column.name in UPPER:
        return text.str.upper()
    if column.name == "place_of_service":
        return text.where(text.str.len() != 1, "0" + text)
    return text


def broken(rows: pd.DataFrame, table: Table) -> Broken:
    """Every cell of `rows`, as `normal` gives them, that breaks the contract of `table`."""
    found = Broken()
    if rows.empty:
        return found
    for column in table.columns:
        for number, says in sorted(_wrong(rows[column.name].array, column).items()):
            wrong, _, do = says.partition("|")
            found.rows.add(int(rows.index[number]))
            found.refusals.append(refusal(rows.iloc[number].to_dict(), table, column.name, wrong, do))
    _repeats(rows, table, found)
    return found


def refusal(row: Mapping[Any, Any], table: Table, column: str, wrong: str, do: str) -> Refusal:
    value = "" if column in PRIVATE else str(row.get(column, ""))[:60]
    place = str(row["source_file"]), int(row["source_row"])
    return Refusal(*place, column, value, wrong, do, table.name, str(row.get(table.record, "")))


def _repeats(rows: pd.DataFrame, table: Table, found: Broken) -> None:
    """Two rows with one key: neither can be told to be the right one, unless they are the same throughout."""
    whole = rows[~rows.index.isin(found.rows)] if found.rows else rows
    again = whole[whole.duplicated(list(table.key))] if table.key else whole[:0]
    if again.empty:
        return
    same = set(whole.index[whole.duplicated([c for c in rows.columns if c != "source_row"])])
    for label, row in again.to_dict("index").items():
        named = " ".join(str(row[column]) for column in table.key)
        says = refusal(row, table, table.key[-1], f"{table.grain} {named} stands twice", "Keep one of the two")
        found.rows.add(int(str(label)))
        found.refusals.append(replace(says, record_id="") if label in same else says)


def _wrong(cells: pd.Categorical, column: Column) -> dict[int, str]:
    """What the first test that fails says, by the position of the cell."""
    text = pd.Series(cells.categories)
    if len(text) == 1 and text.iloc[0] == "" and not column.required:
        return {}
    if all(right(text).all() for _, right in _tests(column)):
        return {}
    from pandera.errors import SchemaErrors  # noqa: PLC0415  it takes a while to load, and most columns break nothing

    try:
        _schema(column).validate(text, lazy=True)
    except SchemaErrors as error:
        failed = error.failure_cases[["index", "check"]].drop_duplicates("index")  # the first test that fails speaks
        says = dict(zip(failed["index"].astype("int64"), failed["check"], strict=True))
        places = np.flatnonzero(np.isin(cells.codes, list(says)))
        return {int(place): says[cells.codes[place]] for place in places}
    return {}


@cache
def _schema(column: Column) -> Any:
    import pandera.pandas as pa  # noqa: PLC0415

    return pa.SeriesSchema(checks=[pa.Check(right, error=says) for says, right in _tests(column)], nullable=True)


def _tests(column: Column) -> Iterator[tuple[str, Right]]:
    yield "the cell holds a NUL character|Export the file again", _has_no_nul
    if column.required:
        yield f"the cell is empty|Fill in {column.name}", lambda text: text != ""
    if column.kind == "code" or column.name in NAMES:
        yield TURNED, _reads_as_it_is
    if column.kind == "code":
        yield ROUNDED, _is_whole
    if column.name in MODIFIERS:
        yield CROWDED, _fits_on_a_line
    if column.kind in _OF_KIND:
        says, right = _OF_KIND[column.kind]
        yield says, lambda text: (text == "") | right(text)
    if column.words:
        yield (
            f"the word is not known|Use one of: {', '.join(column.words)}",
            lambda text: text.isin(("", *column.words)),
        )


def _contains(text: pd.Series[str], pattern: str, anywhere: str = "") -> pd.Series[bool]:
    """Which texts hold the pattern; where all of them together hold none (of `anywhere`), each is not asked."""
    if not re.search(anywhere or pattern, "\n".join(text.to_numpy())):
        return pd.Series(False, index=text.index)
    return text.str.contains(pattern, regex=True)


def _has_no_nul(text: pd.Series[str]) -> pd.Series[bool]:
    return ~_contains(text, "\x00")


def _reads_as_it_is(text: pd.Series[str]) -> pd.Series[bool]:
    if "".join(text.to_numpy()).isascii():
        return pd.Series(True, index=text.index)
    return ~_contains(text, _TURNING)


def _is_short(text: pd.Series[str]) -> pd.Series[bool]:
    return pd.Series([*map(len, text.to_numpy())], index=text.index, dtype="int64") <= LONGEST_CODE


def _is_whole(text: pd.Series[str]) -> pd.Series[bool]:
    return ~_contains(text, r"\A\d(?:\.\d+)?[Ee]\+\d+\Z", r"[Ee]\+\d")


def _fits_on_a_line(text: pd.Series[str]) -> pd.Series[bool]:
    """Four modifiers or fewer, however they are parted; a modifier has two characters."""
    parts = (re.findall(r"\w+", one) for one in text)
    number = [sum(max(1, len(part) // 2) for part in told) for told in parts]
    return pd.Series(number, index=text.index, dtype="int64") <= len(MODIFIERS)


def _is_date(text: pd.Series[str]) -> pd.Series[bool]:
    days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return days.notna() & text.str.fullmatch(r"\d{4}-\d\d-\d\d") & days.dt.year.between(1900, 2199)


def _is_moment(text: pd.Series[str]) -> pd.Series[bool]:
    shape = text.str.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
    return shape & _is_date(text.str[:10]) & (_is_time(text.str[11:16]) | (text.str.len() == 10))


def _is_time(text: pd.Series[str]) -> pd.Series[bool]:
    return text.str.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


_MIDNIGHT = ("24:00", "24:00:00")
"""The end of the day."""
_OF_KIND: dict[str, tuple[str, Right]] = {
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
    "time": ("this is no time of day|Write it as HH:MM, such as 14:30", lambda t: _is_time(t) | t.isin(_MIDNIGHT)),
    "moment": ("this is no date and time|Write it as YYYY-MM-DDTHH:MM", _is_moment),
    "list": (
        "this names no list of pairs|Use medicare, medicaid, none, or the name of a list that was loaded as facts",
        lambda t: t.str.fullmatch(r"[a-z][a-z0-9-]{1,39}"),
    ),
    "code": ("the code is too long|Look whether columns have moved", _is_short),
}
