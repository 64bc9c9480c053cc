"""Parquet read column by column: each cell that differs is written as text once, as the contract has it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.errors import InputError, Refusal
from audit.intake import tabular
from audit.intake.cells import as_text, each_in_its_column
from audit.intake.parquet_file import opened
from audit.model import Table


def rows_of(path: Path, table: Table) -> tuple[pd.DataFrame, list[Refusal], tuple[str, ...]]:
    """A Parquet file as `tabular.rows_of` reads its records: the rows, no refusals, and the columns
    that were not asked for.

    Columns are categories of text, `source_row` is a number. Raises InputError for a file that cannot be read or has
    too many rows, MappingNeeded where it lacks a column.
    """
    import pyarrow as pa  # noqa: PLC0415  loaded only where there is such a file

    try:
        described = opened(path)
        texts = [
            one.name
            for one in described.schema_arrow
            if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
        ]
        with opened(path, metadata=described.metadata, read_dictionary=texts) as file:
            return _rows(file, path.name, table)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError("the Parquet file cannot be read", where=path.name, do="Write it again") from error
    finally:
        pa.default_memory_pool().release_unused()  # else Arrow keeps what it read the file with


def _rows(file: Any, name: str, table: Table) -> tuple[pd.DataFrame, list[Refusal], tuple[str, ...]]:
    header = {tabular.plain_name(one): one for one in file.schema_arrow.names}
    tabular.check_header([tabular.plain_name(one) for one in file.schema_arrow.names], table, name)
    number = file.metadata.num_rows
    tabular.refuse_many(number, name)
    marked = tabular.REASONS[0] in header
    held = {plain: _texts(file, one, marked) for plain, one in header.items() if plain in table.names}
    nothing = _all(number, "")
    held |= {one: _all(number, said) for one, said in tabular.untold(table, header).items()}
    rows = each_in_its_column(pd.DataFrame({one: held.get(one, nothing) for one in table.names}), table)
    rows = rows.assign(source_file=_all(number, name), source_row=np.arange(2, number + 2))
    others = [plain for plain in header if plain not in held]
    full = _filled((held[plain] for plain in header if plain in held), number)
    if not full.all():
        full |= _filled((_texts(file, header[plain], marked) for plain in others), number)
    told = tuple(plain for plain in others if plain and plain not in tabular.REASONS)
    return (rows if full.all() else rows[full].reset_index(drop=True)), [], told


def _all(number: int, text: str) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(number, dtype="int8"), pd.Index([text], dtype="str"))


def _texts(file: Any, name: str, marked: bool) -> pd.Categorical:
    """A column as text; null is ""."""
    import pyarrow as pa  # noqa: PLC0415

    column = file.read(columns=[name], use_threads=False).column(0)
    try:
        found = column.dictionary_encode().unify_dictionaries().combine_chunks()
        numbers, cells = found.indices.fill_null(-1).to_numpy(zero_copy_only=False), found.dictionary.to_pylist()
    except (pa.ArrowNotImplementedError, AttributeError):  # lists, or a column without rows
        cells = column.to_pylist()
        numbers = np.arange(len(cells))
    if len(numbers) and numbers.max() >= len(cells):
        raise ValueError("a place beyond the column's own texts")
    texts = [(cell if type(cell) is str else as_text(cell)).strip() for cell in cells]
    if marked:
        texts = [tabular.without_mark(text).strip() for text in texts]
    if len(set(texts)) == len(texts) and numbers.min(initial=0) >= 0:
        return pd.Categorical.from_codes(numbers, pd.Index(texts, dtype="str"), validate=False)
    place, different = pd.factorize(np.array([*texts, ""], dtype="object"))
    return pd.Categorical.from_codes(place[numbers], pd.Index(different, dtype="str"), validate=False)


def _filled(columns: Iterable[pd.Categorical], number: int) -> np.ndarray[Any, Any]:
    """Which rows have a cell that is not empty in one of the columns."""
    full = np.zeros(number, dtype="bool")
    for column in columns:
        if full.all():
            break
        full |= np.asarray(column.categories != "")[column.codes]
    return full
