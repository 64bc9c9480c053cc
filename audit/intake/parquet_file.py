"""Parquet files as they are opened: what their description may take of memory is bounded before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.errors import InputError

LARGEST_FOOTER = 2 << 20
"""Bytes of the description. Arrow makes up to some 230 of one; two million rows of 60 columns in groups of ten thousand
take as much."""
LONGEST_LIST = 10_000
"""Columns, or groups of rows. Arrow takes the memory of a list before it reads it."""


def opened(path: Path, **more: Any) -> Any:
    """`pyarrow.parquet.ParquetFile`, with what it raises. Raises InputError where the description is too long."""
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415  loaded only where there is such a file

    with path.open("rb") as file:
        file.seek(-min(8, path.stat().st_size), 2)
        length = int.from_bytes(file.read(4), "little")
    if length > LARGEST_FOOTER:
        wrong = "the Parquet file is cut into too many groups of rows, or damaged at its end"
        raise InputError(wrong, where=path.name, do="Write it again with 100,000 rows to a group")
    return ParquetFile(path, thrift_container_size_limit=LONGEST_LIST, **more)
