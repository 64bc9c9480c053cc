"""Parquet tables of any size divided into buckets of patients, with no more than some rows in memory.

A patient is in one bucket, whole. Patients who share a claim's or a note's number are in one bucket too, so that a
number that stands twice is refused as it is in the whole. Every record keeps its row of the file it came from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet

from audit.errors import InputError
from audit.intake import Batch, read, tabular
from audit.intake.cells import as_text
from audit.intake.parquet_file import opened
from audit.model import TABLES

ROWS = 250_000
"""Rows that are divided at a time."""
DIVIDED = ("claims", "notes", "plans_of_care", "authorizations")
"""Tables by patient. The services of notes go where their notes are."""
ROW, FILE = "row_of_the_file", "file_of_the_row"
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Buckets:
    """`moved`: the bucket of patients (by digest) that go where another patient goes."""

    number: int
    moved: dict[int, int]

    def of(self, patients: Numbers) -> Numbers:
        found = (patients % self.number).astype("int64")
        if self.moved:
            strays = np.isin(patients, np.fromiter(self.moved, dtype="uint64"))
            found[strays] = [self.moved[int(one)] for one in patients[strays]]
        return found


class _OfNotes:
    """The bucket of each note, which is that of its patients: those who share a note are in one."""

    def __init__(self, told: Numbers, buckets: Buckets) -> None:
        notes, patients = told[np.argsort(told[:, 0])].T
        self._notes, self._buckets = notes, buckets.of(patients)

    def of(self, notes: Numbers) -> Numbers:
        """Bucket 0 for a note that there is not."""
        place = np.searchsorted(self._notes, notes)
        there = place < len(self._notes)
        there[there] = self._notes[place[there]] == notes[there]
        found = np.zeros(len(notes), "int64")
        found[there] = self._buckets[place[there]]
        return found


def lines_of(files: dict[str, list[Path]]) -> int:
    return sum(opened(path).metadata.num_rows for path in files.get("claims", []))


def files_of(folder: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """The Parquet files of tables by patient, and the other files. Raises InputError for one that cannot be read."""
    large, others = defaultdict(list), []
    for path in sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith(".")):
        name = _table_in(path) if path.suffix.lower() == ".parquet" else ""
        if name in (*DIVIDED, "note_services"):
            large[name].append(path)
        else:
            others.append(path)
    return dict(large), others


def _table_in(path: Path) -> str:
    try:
        header = [tabular.plain_name(one) for one in opened(path).schema_arrow.names]
    except (pa.ArrowException, OSError) as error:
        raise InputError("the Parquet file cannot be read", where=path.name, do="Write it again") from error
    named = tabular.table_name(path.stem)
    name = named if named in TABLES else tabular.table_of(header)
    if name:
        tabular.check_header(header, TABLES[name], path.name)
    return name


def divide(files: dict[str, list[Path]], into: Path, number: int) -> None:
    """Write the rows of `files` to `into`/NNNN/TABLE, with ROW and FILE beside the columns that they have.

    Files of one table with the same columns go into one file of a bucket, named as the first of them.
    """
    for bucket in range(number):
        (into / f"{bucket:04}").mkdir(parents=True, exist_ok=True)
    told = {name: _pairs(files.get(name, []), key) for name, key in (("claims", "claim_id"), ("notes", "note_id"))}
    buckets = Buckets(number, _moved(told.values(), number))
    of_note = _OfNotes(told["notes"], buckets)
    for name, paths in files.items():
        bucket_of, key = (of_note.of, "note_id") if name == "note_services" else (buckets.of, "patient_id")
        for alike in _alike(paths):
            with _Writers(into, f"{name}/{alike[0].name}") as writers:
                for rows in chain.from_iterable(map(_placed, alike)):
                    writers.write(rows, bucket_of(_digest(rows, key)))


def raw_bucket(folder: Path) -> Batch:
    """What `intake.read` makes of the files of one bucket, with the files and rows that the records came from."""
    batch = Batch()
    for path in sorted(folder.glob("*/*")):
        part = read([path], {path: path.parent.name})
        places = pd.read_parquet(path, columns=[FILE, ROW]).astype("str")
        for table, found in part.tables.items():
            of_rows = places.iloc[found["source_row"].astype("int64") - 2].set_axis(found.index)
            batch.add(table, found.assign(source_file=of_rows[FILE], source_row=of_rows[ROW]))
        for one in part.refusals:
            file, row = places.iloc[(one.row or 2) - 2]
            batch.refusals.append(replace(one, file=file, row=int(row)))
    return batch


def _pairs(paths: list[Path], key: str) -> Numbers:
    """Digests of key and patient, each pair once."""
    found = [np.empty((0, 2), "uint64")]
    for path in paths:
        for rows in _batches(path, [key, "patient_id"]):
            both = pd.DataFrame({"key": _digest(rows, key), "patient": _digest(rows, "patient_id")})
            found.append(both.drop_duplicates().to_numpy())
    return pd.DataFrame(np.concatenate(found)).drop_duplicates().to_numpy()


def _moved(told: Any, number: int) -> dict[int, int]:
    """Patients who share a key with another go, with all who share with those, to the bucket of the first of them."""
    leader: dict[int, int] = {}

    def led(one: int) -> int:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for pairs in told:
        rows = pd.DataFrame(pairs, columns=["key", "patient"])
        for _, group in rows[rows["key"].duplicated(keep=False)].groupby("key")["patient"]:
            first, *others = (led(int(one)) for one in group)
            for one in others:
                leader[max(first, one)] = first = min(first, one)
    return {one: led(one) % number for one in leader}


def _batches(path: Path, wanted: list[str] | None = None) -> Iterator[pa.Table]:
    """Rows by plain column names."""
    file = opened(path)
    names = {name: tabular.plain_name(name) for name in file.schema_arrow.names}
    columns = [name for name, plain in names.items() if wanted is None or plain in wanted]
    for batch in file.iter_batches(ROWS, columns=columns):
        yield pa.Table.from_batches([batch]).rename_columns([names[name] for name in columns])


def _placed(path: Path) -> Iterator[pa.Table]:
    """All rows, with ROW (the header is row 1) and FILE."""
    first = 2
    for rows in _batches(path):
        placed = rows.append_column(ROW, pa.array(np.arange(first, first + len(rows))))
        yield placed.append_column(FILE, pa.repeat(path.name, len(rows)).dictionary_encode())
        first += len(rows)


def _alike(paths: list[Path]) -> Iterable[list[Path]]:
    """The files with the same columns, by plain names and types, together."""
    found = defaultdict(list)
    for path in paths:
        schema = opened(path).schema_arrow
        found[tuple(str(one.with_name(tabular.plain_name(one.name))) for one in schema)].append(path)
    return found.values()


def _digest(rows: pa.Table, name: str) -> Numbers:
    """Of the cell as it is read."""
    cells = rows.column(name)
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        text = compute.utf8_trim_whitespace(compute.fill_null(cells, "")).to_pandas()
    else:
        text = pd.Series([as_text(cell).strip() for cell in cells.to_pylist()])
    return pd.util.hash_array(text.to_numpy(dtype="object"))


class _Writers:
    """One Parquet file a bucket, open while a file is divided."""

    def __init__(self, into: Path, name: str) -> None:
        self._into, self._name = into, name
        self._open: dict[int, parquet.ParquetWriter] = {}

    def __enter__(self) -> _Writers:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open.values():
            one.close()

    def write(self, rows: pa.Table, buckets: Numbers) -> None:
        order = np.argsort(buckets, kind="stable")
        rows, buckets = rows.take(order), buckets[order]
        starts = np.flatnonzero(np.diff(buckets, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(buckets)], strict=True):
            self._of(int(buckets[start]), rows.schema).write_table(rows.slice(start, end - start))

    def _of(self, bucket: int, schema: pa.Schema) -> parquet.ParquetWriter:
        if bucket not in self._open:
            path = self._into / f"{bucket:04}" / self._name
            path.parent.mkdir(exist_ok=True)
            self._open[bucket] = parquet.ParquetWriter(path, schema, compression="zstd")
        return self._open[bucket]
