"""Findings as Parquet: the columns of the contract (`model.FINDING_COLUMNS`), of one kind in every file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from audit.model import FINDING_COLUMNS, SEVERITIES
from audit.rules import nothing
from audit.shared_text import SharedText
from audit.whole_files import in_making

KINDS = {
    "line_number": pa.int64(),
    "service_date": pa.timestamp("us"),
    "dollars_at_risk": pa.decimal128(12, 2),
    "dollars_under": pa.decimal128(12, 2),
    "facts_unchecked": pa.bool_(),
}
SCHEMA = pa.schema([(name, KINDS.get(name, pa.string())) for name in FINDING_COLUMNS])


def write(found: pd.DataFrame, path: Path) -> None:
    """The file is there whole or not at all. Its text may be shared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [_in_arrow(found[one.name].array, one.type) for one in SCHEMA]
    with in_making(path) as making:
        parquet.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), making, compression="zstd")


def _in_arrow(cells: Any, kind: pa.DataType) -> pa.Array:
    if not isinstance(cells, SharedText):
        return pa.array(cells, type=kind, from_pandas=True)
    numbers = pa.array(cells.numbers, mask=cells.isna())
    return pa.DictionaryArray.from_arrays(numbers, pa.array(cells.texts)).cast(kind)


def read(folder: Path) -> Iterator[pd.DataFrame]:
    """File by file, each in the order of the contract."""
    for path in sorted(folder.glob("*.parquet")):
        rows = pd.read_parquet(path)
        kinds = {"line_number": "Int64", "facts_unchecked": "bool", "service_date": "datetime64[us]"}
        yield rows.astype(kinds)[list(FINDING_COLUMNS)] if len(rows) else nothing()


def counted(folder: Path) -> dict[str, tuple[int, int]]:
    """By severity: findings, and claims with one."""
    told = ["severity", "claim_id"]
    number, claims = Counter[str](), defaultdict[str, list[Any]](list)
    for path in sorted(folder.glob("*.parquet")):
        rows = parquet.read_table(path, columns=told, read_dictionary=told).to_pandas()
        number.update(rows["severity"].value_counts().to_dict())
        once = rows[rows["claim_id"] != ""].drop_duplicates()
        for severity, ids in once.groupby("severity", observed=True)["claim_id"]:
            claims[str(severity)].append(pd.util.hash_array(ids.to_numpy(dtype="object")))
    return {one: (number[one], len(np.unique(np.concatenate(claims[one])))) for one in SEVERITIES if number[one]}
