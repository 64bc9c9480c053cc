"""Workbooks (.xlsx, .xlsm): the values of their sheets as text. Macros are never run.

Looked through before they are opened, because the reader sets aside room for every cell between the first and the
last: two cells at the corners of a sheet would take 550 GB and the whole program with it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from audit.errors import InputError
from audit.intake.cells import Sheet, as_text

LARGEST_WORKBOOK = 256 * 1024 * 1024
"""Bytes of all parts unpacked."""
LARGEST_SHEET = 6_000_000
"""Cells from A1 to the last one filled."""
_CHUNK = 1 << 20
_CARRY = 1 << 14
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"(?:[^>]*[^/>])?>')
_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d{1,7})"')
_UNWORKED = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*><(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A formula without a value; one whose value is the empty text says t="str"."""
UNUSABLE = "Save it again as .xlsx, or export the sheet as CSV"


def open_workbook(path: Path) -> CalamineWorkbook:
    """Raises InputError for what is no workbook, is too large, or has formulas that were never worked out."""
    try:
        state = path.stat()
        _look_through(path, (state.st_size, state.st_mtime_ns))
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError("the workbook cannot be read", where=path.name, do=UNUSABLE) from error


def sheet(path: Path, book: CalamineWorkbook, name: str) -> Sheet:
    """The records of one sheet, from its first row on. Raises InputError when it cannot be read."""
    try:
        found = book.get_sheet_by_name(name)
    except CalamineError as error:
        raise InputError("the sheet cannot be read", where=f"{path.name}, sheet {name}", do=UNUSABLE) from error
    for record in found.iter_rows():
        yield [as_text(cell) for cell in record]


@lru_cache(maxsize=8)
def _look_through(path: Path, _state: tuple[int, int]) -> None:
    """Once for each file as it is: `_state` is its size and time of change."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            raise InputError(
                "the file is an archive or a workbook of another program",
                where=path.name,
                do="Unpack an archive and hand in its files; save a workbook as .xlsx",
            )
        if sum(part.file_size for part in parts) > LARGEST_WORKBOOK:
            raise InputError("the workbook is too large", where=path.name, do="Export the sheets as CSV")
        for part in parts:
            _look_at(path, archive, part)


def _look_at(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Every part is unpacked once: one that is larger than it says fails its checksum here."""
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    rows = columns = ahead = 0
    for piece in _pieces(archive, part):
        if not is_sheet:
            continue
        for column, row in _CELL.findall(piece):
            rows, columns = max(rows, int(row)), max(columns, _number(column))
        ahead = max([ahead, *map(int, _ROW.findall(piece))])
        if _UNWORKED.search(piece):
            raise InputError(
                "cells hold formulas without a value",
                where=path.name,
                do="Open it in a spreadsheet program, save it there, and hand it in again",
            )
    if not columns:  # cells that do not say where they stand
        rows, columns = ahead, 1
    if rows * columns > LARGEST_SHEET:
        raise InputError(
            f"a sheet reaches down to row {rows:,} and over {columns:,} columns",
            where=path.name,
            do="Delete the empty rows and columns around the table, or export the sheet as CSV",
        )


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces that overlap, so that no element is cut in all of them."""
    before = b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            yield before + chunk
            before = chunk[-_CARRY:]


def _number(letters: bytes) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    result = 0
    for letter in letters:
        result = result * 26 + letter - 64
    return result
