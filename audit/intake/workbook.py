"""Workbooks (.xlsx, .xlsm): the values of their sheets as text. Macros are never run."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from audit.errors import InputError
from audit.intake.cells import Sheet, as_text
from audit.workbook_look import UNREADABLE, look_through, refuse_unworked

LARGEST_WORKBOOK = 256 * 1024 * 1024
"""Bytes of all parts unpacked."""
UNUSABLE = "Save it again as .xlsx, or export the sheet as CSV"


def open_workbook(path: Path) -> CalamineWorkbook:
    """Raises InputError for what is no workbook, is too large, or has formulas that were never worked out."""
    try:
        state = path.stat()
        _look_through(path, (state.st_size, state.st_mtime_ns))
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, *UNREADABLE) as error:
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
        if sum(part.file_size for part in archive.infolist()) > LARGEST_WORKBOOK:
            raise InputError("the workbook is too large", where=path.name, do="Export the sheets as CSV")
        look_through(archive, path.name)
        refuse_unworked(archive, path.name)
