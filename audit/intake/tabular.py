"""Tables under their own names and columns: every cell as text, every record with its row."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from audit.errors import InputError, MappingNeeded, Refusal
from audit.intake import records, workbook
from audit.intake.cells import Sheet, each_in_its_column
from audit.model import ASKED, TABLES, UNTOLD, WHOSE, Table

REASONS = ("refused because", "what to do")
"""Columns before those of a table of refused rows: it is read again as if they were not there."""
PLACE = ["source_file", "source_row"]
"""Where a record stands: the last two columns of every raw table."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def sheets(path: Path, table: str | None = None) -> dict[str, Sheet]:
    """The tables in a file by table name: one for a plain file, one a sheet for a workbook."""
    kind = records.kind_of(path)
    if kind == "workbook":
        return _workbook(path, table)
    found = _records(path, kind)
    if table or table_name(path.stem) in TABLES:
        return {table or table_name(path.stem): found}
    try:
        header = next(found, [])
    except InputError:  # in another encoding, or quoted in another way
        return {}
    named = table_of(header)
    return {named: _with(header, found)} if named else {}


def _records(path: Path, kind: records.Kind) -> Sheet:
    if kind == "parquet":
        return records.parquet_records(path)
    if kind == "json":
        return records.json_records(path)
    return records.text_records(path, delimiter="\t" if path.suffix.lower() in (".tsv", ".tab") else ",")


def _with(header: list[str], rest: Sheet) -> Sheet:
    yield header
    yield from rest


def table_of(header: Iterable[str]) -> str:
    """The table that a header is one of by its names alone, "" for none: it has what the table needs, and the others
    of its columns are mostly those of the table too."""
    names = {plain_name(name) for name in header} - set(REASONS)
    fits = {
        table.name: len(names & set(table.names))
        for table in TABLES.values()
        if {c.name for c in table.columns if c.required} <= names and len(names & set(table.names)) * 2 > len(names)
    }
    return max(fits, key=lambda name: fits[name], default="")


def plain_name(name: str) -> str:
    return name.strip().lower()


def rows_of(sheet: Sheet, table: Table, file: str) -> tuple[pd.DataFrame, list[Refusal], tuple[str, ...]]:
    """A sheet as the columns of `table` (text, "" when empty or absent) with `source_file`, `source_row`.

    Returns rows, refused records, and the columns that were not asked for. Of some refused records the row is here with
    what tells whose they are (WHOSE); `tables.check` takes it out. Raises InputError when the header lacks a required
    column or names one twice.
    """
    header = [plain_name(name) for name in next(sheet, [])]
    check_header(header, table, file)
    again = REASONS[0] in header
    place = header + PLACE
    kept: list[list[str]] = []
    refusals: list[Refusal] = []
    for number, record in enumerate(sheet, start=2):
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if len(record) != len(header):
            refusals.append(wrong_width(table, file, number, header, record))
            if table.name in WHOSE:
                known = {name: cell for name, cell in zip(header, cells, strict=False) if name in WHOSE[table.name]}
                kept.append([*(known.get(name, "") for name in header), file, str(number)])
        else:
            told = [without_mark(cell).strip() for cell in record] if again else cells
            kept.append([*told, file, str(number)])
        refuse_many(len(kept) + len(refusals), file)
    ignored = [name for name in header if name and name not in (*table.names, *REASONS)]
    nameless = [n for n, name in enumerate(header) if not name and any(row[n] for row in kept)]
    ignored += [f"column {n + 1} (without a name)" for n in nameless]
    rows = each_in_its_column(_frame(kept, place, [*table.names, *PLACE]), table)
    return rows.assign(**untold(table, header)), refusals, tuple(ignored)


def untold(table: Table, header: Iterable[str]) -> dict[str, str]:
    """What a file with this header tells nothing of: the column of UNTOLD with "no", and those of ASKED."""
    here = {*header}
    column, about = UNTOLD.get(table.name, ("", ()))
    told = {} if not column or {column, *about} & here else {column: "no"}
    lacking = [name for name in ASKED.get(table.name, ()) if name not in here]
    return told | ({"columns_untold": " ".join(lacking)} if lacking and "columns_untold" not in here else {})


def _frame(kept: list[list[str]], names: list[str], wanted: list[str]) -> pd.DataFrame:
    """The cells by column; "" throughout where the file has none."""
    columns = dict(zip(names, zip(*kept, strict=True), strict=True)) if kept else {}
    nothing = ("",) * len(kept)
    return pd.DataFrame({name: pd.Series(columns.get(name, nothing), dtype="str") for name in wanted})


def without_mark(cell: str) -> str:
    """A cell of a table of refused rows without the mark that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def with_mark(cell: str) -> str:
    """What `without_mark` takes back."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def refuse_many(rows: int, file: str) -> None:
    if rows > records.MOST_ROWS:
        raise InputError(
            f"the table has more than {records.MOST_ROWS:,} rows", where=file, do="Export it in parts, such as months"
        )


def check_header(header: list[str], table: Table, file: str) -> None:
    """Raises InputError when a required column is missing, or one stands twice."""
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise InputError(
            f"column '{min(twice)}' stands twice", where=f"{file}, row 1", do="Rename or remove one of them"
        )
    missing = [c.name for c in table.columns if c.required and c.name not in header]
    if missing:
        raise MappingNeeded(
            f"column '{missing[0]}' is missing, which {table.name} needs",
            where=f"{file}, row 1",
            do=f"Add the column (needed are {', '.join(c.name for c in table.columns if c.required)}), or say on the "
            "page Load which column it is",
        )


def wrong_width(table: Table, file: str, row: int, header: list[str], record: list[str]) -> Refusal:
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


def table_name(stem: str) -> str:
    """The table that the name of a file or sheet stands for, if any does."""
    name = stem.strip().lower().replace("-", "_").replace(" ", "_")
    return {"services": "note_services", "plans": "plans_of_care"}.get(name, name)


def _workbook(path: Path, table: str | None) -> dict[str, Sheet]:
    book = workbook.open_workbook(path)
    named = {table_name(name): name for name in book.sheet_names}
    if table and table not in named and len(book.sheet_names) == 1:
        named = {table: book.sheet_names[0]}
    chosen = [table] if table else [name for name in named if name in TABLES]
    return {name: workbook.sheet(path, book, named[name]) for name in chosen if name in named}
