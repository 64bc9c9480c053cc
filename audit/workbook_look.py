"""A look through a workbook before it is opened: the reader sets aside room for every cell between the first and the
last, so that two cells at the corners of a sheet would take 550 GB and the whole program with it.

Patterns over the bytes, wider than XML asks: whatever could be the place of a cell counts as one.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from audit.errors import InputError

UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, KeyError),
)
"""What Python raises for an archive that is damaged, locked, or lies about its parts."""
LARGEST_SHEET = 6_000_000
"""Cells from A1 to the last one."""
_CHUNK = 1 << 20
_CARRY = 1 << 14
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"""\sr\s*=\s*["'](\d{1,7})["']""")
_CELLS = re.compile(rb"<(?:\w+:)?c(?=[\s>/])")
_ELEMENT = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s>/])")
_UNWORKED = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*><(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A formula without a value; one whose value is the empty text says t="str"."""
_OTHER = ("xl/workbook.bin", "content.xml")
"""Parts of workbooks of other kinds, which this look does not understand."""


def look_through(archive: zipfile.ZipFile, name: str) -> None:
    """Raises InputError for what is no .xlsx, and for a sheet that spans too many cells; zipfile's errors for a part
    that is larger than it says: every part is unpacked once, in pieces."""
    names = {part.filename for part in archive.infolist()}
    if "xl/workbook.xml" not in names or names.intersection(_OTHER):
        raise InputError(
            "the file is an archive or a workbook of another program",
            where=name,
            do="Unpack an archive and hand in its files; save a workbook as .xlsx",
        )
    for part in archive.infolist():
        _look_at(archive, part, name)


def _look_at(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    rows = columns = ahead = placed = cells = 0
    for fresh, piece in _pieces(archive, part):
        places = _PLACE.findall(piece)
        rows = max([rows, *[int(row) for _, row in places]])
        columns = max([columns, *map(_number, {column for column, _ in places})])
        ahead = max([ahead, *map(int, _ROW.findall(piece))])
        placed += len(_PLACE.findall(fresh))
        cells += len(_CELLS.findall(fresh))
    if cells > placed:  # some do not say where they stand: one after the other, from the row's number on
        rows, columns = max(rows, ahead), max(columns, _widest(archive, part))
    if rows * columns > LARGEST_SHEET:
        raise InputError(
            f"a sheet reaches down to row {rows:,} and over {columns:,} columns",
            where=name,
            do="Delete the empty rows and columns around the table, or export the sheet as CSV",
        )


def refuse_unworked(archive: zipfile.ZipFile, name: str) -> None:
    """Raises InputError when a formula has no value: the program that wrote the workbook never worked it out."""
    for part in archive.infolist():
        if any(_UNWORKED.search(piece) for _, piece in _pieces(archive, part)):
            raise InputError(
                "cells hold formulas without a value",
                where=name,
                do="Open it in a spreadsheet program, save it there, and hand it in again",
            )


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, bytes]]:
    """Each piece as it comes, and with the end of the one before, so that no element is cut in all of them."""
    before = b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            yield chunk, before + chunk
            before = chunk[-_CARRY:]


def _widest(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    widest = here = 0
    for fresh, _ in _pieces(archive, part):
        for kind in _ELEMENT.findall(fresh):
            here = 0 if kind == b"row" else here + 1
            widest = max(widest, here)
    return widest


def _number(letters: bytes) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    result = 0
    for letter in letters.upper():
        result = result * 26 + letter - 64
    return result
