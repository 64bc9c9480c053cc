"""Bytes into rows of cells, with limits: text with tabs or commas, a workbook, a zip of these."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from audit.errors import InputError
from audit.workbook_look import UNREADABLE, look_through

LARGEST, LARGEST_UNPACKED, MOST_PACKED = 200_000_000, 700_000_000, 150
"""Bytes of a file, bytes of what is in it, and how many times smaller than that it may be."""
ORDER = (".txt", ".csv", ".tsv", ".tab", ".xlsx", "")
PEEK = 40
ZIP = b"PK\x03\x04"
Row = list[str]


@dataclass(frozen=True)
class Sheet:
    """One table. `file`: its name, "f1.txt in pairs.zip" inside a zip."""

    file: str
    content: bytes

    @property
    def stem(self) -> str:
        return PurePosixPath(self.file.split(" in ")[0]).stem.lower()

    @cached_property
    def text(self) -> str:
        """The text of a plain file, "" of a workbook. CMS writes some files in the old Windows encoding."""
        if self.content.startswith(ZIP):
            return ""
        if b"\x00" in self.content or self.content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError("the file is no plain text (binary, or UTF-16)", where=self.file, do="Download it again")
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content.decode("cp1252", errors="replace")

    @cached_property
    def head(self) -> list[Row]:
        """The first rows, spaces and line breaks inside a cell made one space."""
        found: list[Row] = []
        for _, row in self.rows():
            found.append([" ".join(cell.split()) for cell in row])
            if len(found) == PEEK:
                break
        return found

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Row number, as a spreadsheet counts, and cells."""
        if self.content.startswith(ZIP):
            yield from _workbook_rows(self.file, self.content)
            return
        sample = self.text[:20_000]
        delimiter = "\t" if sample.count("\t") > sample.count(",") else ","
        number = 0
        try:
            for number, row in enumerate(csv.reader(io.StringIO(self.text), delimiter=delimiter), start=1):
                yield number, [cell.strip() for cell in row]
        except csv.Error as error:
            raise InputError(
                f"the table is broken ({error})", where=f"{self.file}, row {number + 1}", do="Download it again"
            ) from None


def sheets(name: str, content: bytes) -> list[Sheet]:
    """The tables in a file, plain text before workbooks. Raises InputError for what cannot or may not be opened."""
    if not content.strip():
        raise InputError("the file is empty", where=name, do="Download it again")
    if len(content) > LARGEST:
        raise InputError(f"the file is larger than {LARGEST // 1_000_000} MB", where=name, do="Give one table only")
    if not content.startswith(ZIP):
        return [Sheet(name, content)]
    members = _unpacked(name, content)
    if any(one.startswith("xl/") for one in members):
        return [Sheet(name, content)]
    kept = [one for one in members if not one.startswith(("__MACOSX", ".")) and _suffix(one) in ORDER]
    kept.sort(key=lambda one: (ORDER.index(_suffix(one)), one))
    found = [Sheet(f"{one} in {name}", members[one]) for one in kept if members[one].strip()]
    for inner in found:
        if inner.content.startswith(ZIP):
            _unpacked(inner.file, inner.content)
    return found


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _unpacked(name: str, content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            whole = sum(entry.file_size for entry in entries)
            if whole > LARGEST_UNPACKED or whole > MOST_PACKED * max(len(content), 10_000):
                raise InputError(
                    "the archive unpacks to far more than such a file holds", where=name, do="Download it from CMS"
                )
            if any(entry.flag_bits & 1 for entry in entries):
                raise InputError("the archive has a password", where=name, do="Unpack it and give the table inside")
            return {entry.filename: archive.read(entry) for entry in entries}
    except UNREADABLE:
        raise InputError("the archive is damaged or cut off", where=name, do="Download it again") from None


def _workbook_rows(name: str, content: bytes) -> Iterator[tuple[int, Row]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            look_through(archive, name)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if not book.sheet_names:
            raise InputError("the workbook has no sheet", where=name, do="Download it again")
        sheet = book.get_sheet_by_name(book.sheet_names[0])
        for number, row in enumerate(sheet.iter_rows(), start=1):
            yield number, [_text(cell) for cell in row]
    except (CalamineError, PasswordError, *UNREADABLE):
        raise InputError("the workbook cannot be read", where=name, do="Download it again") from None


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
