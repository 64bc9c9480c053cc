"""Tables in CSV, workbooks, Parquet and JSON lines: every cell as text, every record with its row."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from audit.errors import InputError, Refusal
from audit.model import TABLES, Table

Sheet = Iterator[list[str]]
"""Records of text; the first is the header."""
LARGEST_FIELD = 1_000_000
LARGEST_WORKBOOK = 512 * 1024 * 1024


def head(path: Path, size: int = 4096) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def sheets(path: Path, table: str | None = None) -> dict[str, Sheet]:
    """The tables in a file by table name: one for a plain file, one a sheet for a workbook."""
    start = head(path)
    if not start.strip():
        raise InputError("the file is empty", where=path.name, do="Export it again")
    if start[:4] == b"PK\x03\x04":
        return _workbook(path, table)
    name = table or _table_name(path.stem)
    if start[:4] == b"PAR1":
        return {name: _parquet(path)}
    if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        return {name: _json_lines(path)}
    if b"\x00" in start:
        raise InputError("the file is not a table (it holds binary data)", where=path.name, do="Export it as CSV UTF-8")
    return {name: _csv(path)}


def rows_of(sheet: Sheet, table: Table, file: str) -> tuple[pd.DataFrame, list[Refusal], tuple[str, ...]]:
    """A sheet as the columns of `table` (text, "" when empty or absent) with `source_file`, `source_row`.

    Returns rows, refused records, and the columns that were not asked for. Raises InputError when the
    header lacks a required column or names one twice.
    """
    header = [name.strip().lower() for name in next(sheet, [])]
    _check_header(header, table, file)
    kept: list[list[str]] = []
    refusals: list[Refusal] = []
    for number, record in enumerate(sheet, start=2):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            refusals.append(_wrong_width(table, file, number, header, record))
        else:
            kept.append([*record, file, str(number)])
    rows = pd.DataFrame(kept, columns=[*header, "source_file", "source_row"], dtype="str")
    ignored = tuple(name for name in header if name and name not in table.names)
    wanted = [*table.names, "source_file", "source_row"]
    rows = rows.reindex(columns=wanted, fill_value="").astype("str")
    return rows.apply(lambda column: column.str.strip()), refusals, ignored


def _check_header(header: list[str], table: Table, file: str) -> None:
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise InputError(
            f"column '{min(twice)}' stands twice", where=f"{file}, row 1", do="Rename or remove one of them"
        )
    missing = [c.name for c in table.columns if c.required and c.name not in header]
    if missing:
        raise InputError(
            f"column '{missing[0]}' is missing, which {table.name} needs",
            where=f"{file}, row 1",
            do=f"Add the column; needed are {', '.join(c.name for c in table.columns if c.required)}",
        )


def _wrong_width(table: Table, file: str, row: int, header: list[str], record: list[str]) -> Refusal:
    return Refusal(
        file,
        row,
        "",
        "",
        f"the row has {len(record)} cells where the header has {len(header)}",
        "Put text with commas in quotes, or fill the missing cells",
        table.name,
        dict(zip(header, record, strict=False)).get(table.record, ""),
    )


def _table_name(stem: str) -> str:
    name = stem.strip().lower().replace("-", "_").replace(" ", "_")
    return {"services": "note_services", "plans": "plans_of_care"}.get(name, name)


def _csv(path: Path) -> Sheet:
    csv.field_size_limit(LARGEST_FIELD)
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    number = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for record in csv.reader(file, delimiter=delimiter, strict=True):
                number += 1
                yield record
        except UnicodeDecodeError as error:
            raise InputError(
                f"the text is not UTF-8 (byte {error.start})",
                where=f"{path.name}, after row {number}",
                do="Save it as 'CSV UTF-8'",
            ) from error
        except csv.Error as error:
            raise InputError(
                f"the CSV is broken ({error})",
                where=f"{path.name}, row {number + 1}",
                do="Look for a quotation mark that is not closed",
            ) from error


def _json_lines(path: Path) -> Sheet:
    records = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line) if line.strip() else {}
            except ValueError as error:
                raise InputError(
                    "the line is no JSON", where=f"{path.name}, row {number}", do="Write one object a line"
                ) from error
            if not isinstance(record, dict):
                raise InputError("the line is no object", where=f"{path.name}, row {number}")
            records.append(record)
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    yield names
    for record in records:
        yield [_text(record.get(name)) for name in names]


def _parquet(path: Path) -> Sheet:
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise InputError("the Parquet file cannot be read", where=path.name, do="Write it again") from error
    yield [str(name) for name in frame.columns]
    for record in frame.itertuples(index=False, name=None):
        yield [_text(cell) for cell in record]


def _workbook(path: Path, table: str | None) -> dict[str, Sheet]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST_WORKBOOK:
            raise InputError("the workbook is too large", where=path.name, do="Export the sheets as CSV")
        book = CalamineWorkbook.from_path(str(path))
    except (CalamineError, zipfile.BadZipFile) as error:
        raise InputError("the workbook cannot be read", where=path.name, do="Save it again as .xlsx") from error
    named = {_table_name(name): name for name in book.sheet_names}
    if table and table not in named and len(book.sheet_names) == 1:
        named = {table: book.sheet_names[0]}
    chosen = [table] if table else [name for name in named if name in TABLES]
    return {name: _sheet(book, named[name]) for name in chosen if name in named}


def _sheet(book: CalamineWorkbook, name: str) -> Sheet:
    for record in book.get_sheet_by_name(name).iter_rows():
        yield [_text(cell) for cell in record]


_TEXTS: list[tuple[type, Callable[[Any], str]]] = [
    (bool, lambda cell: "yes" if cell else "no"),
    (float, lambda cell: str(int(cell)) if cell.is_integer() else "" if math.isnan(cell) else repr(cell)),
    (dt.datetime, lambda cell: cell.date().isoformat() if _midnight(cell) else cell.isoformat("T", "minutes")),
    (dt.date, lambda cell: cell.isoformat()),
    (dt.time, lambda cell: cell.strftime("%H:%M")),
    (Iterable, lambda cell: ";".join(_text(part) for part in cell)),
]


def _text(cell: object) -> str:
    """A typed cell as the contract writes it: whole numbers without '.0', dates as YYYY-MM-DD, times HH:MM."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return ""
    return next((write(cell) for kind, write in _TEXTS if isinstance(cell, kind)), str(cell))


def _midnight(moment: dt.datetime) -> bool:
    return moment.time() == dt.time(0)
