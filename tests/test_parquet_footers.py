"""What the description at the end of a Parquet file may take of memory before a row is read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from audit import intake
from audit.bulk import partition
from audit.errors import InputError
from audit.intake.parquet_file import LARGEST_FOOTER

MEGABYTES = 300
"""What is taken beyond that of the program; a million columns that are only claimed took 683."""
READ = """
import sys
from pathlib import Path
from benchmarks.memory import most_megabytes
from audit import intake
import pyarrow.parquet
before = most_megabytes()
try:
    intake.read([Path(sys.argv[1])])
except intake.InputError as error:
    print(error, most_megabytes() - before)
"""


def varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def footer(columns: int, groups: int, *, told: bool) -> bytes:
    """Of a file of no rows with so many groups of so many columns, which are there (`told`) or only claimed; in
    Thrift's compact protocol."""
    schema = b"\x48\x01a\x15\x00\x00"
    each = b"\x26\x00\x00" * columns if told else b""
    group = b"\x19\xfc" + varint(columns) + each + b"\x16\x00\x16\x00\x00"
    listed = bytes([groups << 4 | 12]) if groups < 15 else b"\xfc" + varint(groups)
    return b"\x15\x02\x19\x1c" + schema + b"\x16\x00\x19" + listed + group * groups + b"\x00"


def file_of(path: Path, description: bytes) -> Path:
    path.write_bytes(b"PAR1" + description + len(description).to_bytes(4, "little") + b"PAR1")
    return path


@pytest.mark.parametrize(
    ("columns", "groups", "told"), [(1_000_000, 1, False), (1_000_000, 3, True), (10_000, 100, True), (9_000, 20, True)]
)
def test_a_description_of_columns_without_end_is_refused_before_it_takes_memory(
    tmp_path: Path, columns: int, groups: int, told: bool
) -> None:
    path = file_of(tmp_path / "claims.parquet", footer(columns, groups, told=told))
    command = [sys.executable, "-c", READ, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]).stdout
    assert said.startswith("claims.parquet")
    assert float(said.split()[-1]) < MEGABYTES


def test_a_description_that_is_too_long_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = file_of(tmp_path / "claims.parquet", b"\x00" * (LARGEST_FOOTER + 1))
    for read in (lambda: intake.read([path]), lambda: partition.files_of(tmp_path)):
        with pytest.raises(
            InputError, match=re.escape("the Parquet file is cut into too many groups of rows")
        ) as error:
            read()
        assert error.value.do == "Write it again with 100,000 rows to a group"


def test_a_large_table_in_small_groups_of_rows_is_read(tmp_path: Path) -> None:
    rows = pa.table({name: ["x"] * 200_000 for name in ("claim_id", "patient_id", "procedure_code")})
    parquet.write_table(rows, tmp_path / "claims.parquet", row_group_size=100)
    with pytest.raises(intake.MappingNeeded):  # read as a table, of which columns are missing
        intake.read([tmp_path / "claims.parquet"])
