"""Tables in text, JSON lines and Parquet as records of text; a file of another kind or size is refused by name."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TextIO

from audit.errors import InputError, NotUtf8
from audit.intake.cells import Sheet, as_text
from audit.intake.json_texts import parsed
from audit.intake.parquet_file import opened

LARGEST_FILE = 256 * 1024 * 1024
LARGEST_FIELD = 1_000_000
MOST_ROWS = 2_000_000
"""Records of one table. More would not fit into the memory of a small machine."""
Kind = Literal["workbook", "parquet", "json", "text"]
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"\xd0\xcf\x11\xe0": ("an old workbook (.xls), or one with a password", "Save it as .xlsx without a password"),
    b"%PDF": ("a PDF, which is no table", "Hand in a note as it is; export a table as CSV"),
    b"\x1f\x8b": ("packed (gzip)", "Unpack it first"),
    b"7z\xbc\xaf": ("packed (7z)", "Unpack it first"),
    b"Rar!": ("packed (rar)", "Unpack it first"),
}


def head(path: Path, size: int = 4096) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def refuse_large(path: Path) -> None:
    """Asks the size alone: nothing is read."""
    if path.stat().st_size > LARGEST_FILE:
        most = LARGEST_FILE >> 20
        raise InputError(f"the file is larger than {most} MB", where=path.name, do="Export it in parts, such as months")


def kind_of(path: Path) -> Kind:
    """What the content is, whatever the name says. Raises InputError for an empty file and for what is no table."""
    start = head(path)
    if not start.strip():
        raise InputError("the file is empty", where=path.name, do="Export it again")
    if start[:4] == b"PK\x03\x04":
        return "workbook"
    if start[:4] == b"PAR1":
        return "parquet"
    if other := _OTHERS.get(start[:4]) or _OTHERS.get(start[:2]):
        raise InputError(f"the file is {other[0]}", where=path.name, do=other[1])
    if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        return "json"
    if b"\x00" in start and start[:2] not in _MARKS:
        raise InputError("the file is not a table (it holds binary data)", where=path.name, do="Export it as CSV UTF-8")
    return "text"


def text_records(path: Path, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> Sheet:
    csv.field_size_limit(LARGEST_FIELD)
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for record in csv.reader(file, delimiter=delimiter, strict=True):
                number += 1
                yield record
        except UnicodeDecodeError as error:
            name = "UTF-8" if encoding.startswith("utf-8") else encoding
            raise NotUtf8(
                f"the text is not {name} (byte {error.start})",
                where=f"{path.name}, after row {number}",
                do="Save it as 'CSV UTF-8'",
            ) from error
        except csv.Error as error:
            raise InputError(
                f"the CSV is broken ({error})",
                where=f"{path.name}, row {number + 1}",
                do="Look for a quotation mark that is not closed",
            ) from error


def json_records(path: Path) -> Sheet:
    """Read twice, so that only one record is held: first for the names that occur."""
    names = list(dict.fromkeys(str(name) for record in _objects(path) for name in record))
    yield names
    for record in _objects(path):
        yield [as_text(record.get(name)) for name in names]


def _objects(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8-sig") as file:
        number = 0
        while line := _line(file, path.name, number):
            number += 1
            where = f"{path.name}, row {number}"
            if len(line) > LARGEST_FIELD:
                wrong = f"the line is longer than {LARGEST_FIELD:,} characters"
                raise InputError(wrong, where=where, do="Write one record a line")
            try:
                record = parsed(line) if line.strip() else {}
            except UnicodeEncodeError as error:
                raise InputError("a text holds half a character", where=where, do="Export it as UTF-8") from error
            except (ValueError, RecursionError) as error:
                raise InputError("the line is no JSON", where=where, do="Write one object a line") from error
            if not isinstance(record, dict):
                raise InputError("the line is no object", where=where, do="Write one object a line")
            yield record


def _line(file: TextIO, name: str, before: int) -> str:
    try:
        return file.readline(LARGEST_FIELD + 1)
    except UnicodeDecodeError:
        raise NotUtf8("the text is not UTF-8", where=f"{name}, after row {before}", do="Export it as UTF-8") from None


def parquet_records(path: Path) -> Sheet:
    import pyarrow as pa  # noqa: PLC0415  loaded only where there is such a file

    try:
        file = opened(path)
        yield [str(name) for name in file.schema_arrow.names]
        for batch in file.iter_batches(10_000):
            columns = [column.to_pylist() for column in batch.columns]
            for record in zip(*columns, strict=True):
                yield [as_text(cell) for cell in record]
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError("the Parquet file cannot be read", where=path.name, do="Write it again") from error
