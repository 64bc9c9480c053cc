"""How a table of another program lies in its file: encoding, delimiter, sheet, and which rows are its header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from audit.errors import InputError
from audit.intake import records, workbook
from audit.intake.cells import Sheet
from audit.intake.foreign.encoding import encoding_of
from audit.intake.foreign.synonyms import known
from audit.intake.tabular import REASONS, plain_name

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LOOKED_AT = 60
"""Records in which the header is looked for."""
_VALUE = re.compile(r"[$(]*[-+]?[\d.,/:\- ]*\d[\d.,/:\-) %]*([AaPp][Mm])?")


@dataclass(frozen=True, slots=True)
class Shape:
    """`header_row` counts from 1; a header of two rows has the wider heading in the first. `delimiter` and `encoding`
    are of text files, `sheet` of workbooks."""

    header_row: int = 1
    header_rows: int = 1
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    sheet: str = ""


def sheets_of(path: Path) -> list[str]:
    """The names of a workbook's sheets; none for other files."""
    return list(workbook.open_workbook(path).sheet_names) if records.kind_of(path) == "workbook" else []


def all_records(path: Path, shape: Shape) -> Sheet:
    """Every record of the file, those above the header too. Raises InputError when it cannot be read."""
    kind = records.kind_of(path)
    if kind == "workbook":
        book = workbook.open_workbook(path)
        if shape.sheet not in book.sheet_names:
            raise InputError(f"there is no sheet '{shape.sheet}'", where=path.name, do="Choose another sheet")
        return workbook.sheet(path, book, shape.sheet)
    if kind == "parquet":
        return records.parquet_records(path)
    if kind == "json":
        return records.json_records(path)
    return records.text_records(path, encoding=shape.encoding, delimiter=shape.delimiter)


def header_of(path: Path, shape: Shape) -> list[str]:
    """The names of the columns, each once: a second "Date" is "Date (2)", one without a name "column 5"."""
    rows = list(islice(all_records(path, shape), shape.header_row - 1 + shape.header_rows))
    return names(rows[shape.header_row - 1 :])


def names(rows: Sequence[Sequence[str]]) -> list[str]:
    """One header out of its one or two rows; a heading stands over the columns to its right that have none."""
    if not rows:
        return []
    width = max(len(row) for row in rows)
    filled = [_filled([*row, *[""] * (width - len(row))], spread=row is not rows[-1]) for row in rows]
    joined = [
        " ".join(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))
        for parts in zip(*filled, strict=True)
    ]
    while joined and not joined[-1]:
        joined.pop()
    told: Counter[str] = Counter()
    result = []
    for place, given in enumerate(joined, start=1):
        name = given or f"column {place}"
        told[name.lower()] += 1
        result.append(name if told[name.lower()] == 1 else f"{name} ({told[name.lower()]})")
    return result


def _filled(row: Sequence[str], *, spread: bool) -> list[str]:
    if not spread:
        return list(row)
    result, last = [], ""
    for cell in row:
        last = cell if cell.strip() else last
        result.append(last)
    return result


def folded(header: Iterable[str]) -> tuple[str, ...]:
    """What tells headers apart: the names in small letters, in any order, without the reasons of refused rows."""
    return tuple(sorted({" ".join(name.lower().split()) for name in header if plain_name(name) not in REASONS}))


def sniffed(path: Path, sheet: str = "") -> Shape:
    """The likely shape. Raises InputError when the file is no table."""
    kind = records.kind_of(path)
    shape = Shape()
    if kind == "workbook":
        shape = replace(shape, sheet=sheet or _fullest(path))
    elif kind == "text":
        encoding = encoding_of(path)
        shape = replace(shape, encoding=encoding, delimiter=_delimiter(path, encoding))
    first = list(islice(all_records(path, shape), LOOKED_AT))
    row, rows = _header(first)
    return replace(shape, header_row=row, header_rows=rows)


def _fullest(path: Path) -> str:
    """The sheet whose header is known best, of the first few."""
    found = {}
    for sheet in sheets_of(path)[:20]:
        first = list(islice(all_records(path, Shape(sheet=sheet)), LOOKED_AT))
        row, rows = _header(first)
        found[sheet] = (known(names(first[row - 1 : row - 1 + rows])), sum(map(_width, first)))
    if not found:
        raise InputError("the workbook has no sheet", where=path.name, do="Save it again with its table")
    return max(found, key=lambda sheet: found[sheet])


def _delimiter(path: Path, encoding: str) -> str:
    """The one that parts most records alike into more than one cell."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        lines = [line[:20_000] for line in islice(file, LOOKED_AT)]
    scores = {}
    for delimiter in DELIMITERS:
        try:
            widths = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter) if any(record))
        except csv.Error:
            continue
        width, alike = max(widths.items(), key=lambda one: (one[0] > 1, one[1], one[0]), default=(0, 0))
        scores[delimiter] = (width > 1, alike, width)
    return max(scores, key=lambda one: scores[one], default=",")


def _header(first: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Row (from 1) and number of rows of the likely header: the row, or two, that have most names we know."""
    best, found = (-1.0, 0.0), (1, 1)
    for place, row in enumerate(first[:30]):
        if _width(row) < 2:
            continue
        for rows in (1, 2):
            block = first[place : place + rows]
            if rows == 2 and (len(block) < 2 or not _two_rows(*block)):
                continue
            score = (known(names(block)) + 0.01 * _labels(block[-1]), -place - 0.5 * rows)
            if score > best:
                best, found = score, (place + 1, rows)
    return found


def _two_rows(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """A heading spans several columns, and the row below names them."""
    gaps = any(not cell.strip() for cell in [*upper, *[""] * (len(lower) - len(upper))])
    return gaps and _width(lower) > _width(upper) >= 2 and _labels(lower) == _width(lower)


def _labels(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) and not _VALUE.fullmatch(cell.strip()) for cell in row)


def _width(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
