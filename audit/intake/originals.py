"""Refused rows as they stand in their files, the reasons before them: to mend, and load again as they are."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from audit.errors import Refusal
from audit.intake import Batch, tabular
from audit.intake.foreign.shape import all_records
from audit.intake.tabular import REASONS, plain_name, with_mark, without_mark


def refused_tables(paths: Iterable[Path], batch: Batch, refusals: Sequence[Refusal]) -> list[tuple[str, str]]:
    """Name and CSV of the refused rows of each table; those of files that are no tables (837P, documents) are none.

    `paths` are the files that the batch was read from. Formulas are made harmless; `tabular` takes that back.
    """
    why: defaultdict[tuple[str, str], defaultdict[int, list[Refusal]]] = defaultdict(lambda: defaultdict(list))
    for one in refusals:
        if one.row:
            why[one.file, one.table][one.row].append(one)
    kinds = {(file.name, file.kind) for file in batch.files}
    named = {path.name: path for path in reversed(list(paths))}
    found = []
    for (file, table), rows in why.items():
        if file in named and (file, table) in kinds:
            several = sum(name == file for name, _ in kinds) > 1
            stem = f"{Path(file).stem} {table}" if several else Path(file).stem
            name = f"{stem.removesuffix(' refused')} refused.csv"
            found.append((name, _table(*_opened(named[file], table, batch), rows)))
    return found


def _opened(path: Path, table: str, batch: Batch) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and the records by the number of their row."""
    mapping = batch.mapped.get(path.name)
    if mapping:
        return list(mapping.header), enumerate(all_records(path, mapping.shape), start=1)
    known = tabular.sheets(path)
    sheet = known[table] if table in known else tabular.sheets(path, table)[table]
    return next(sheet), enumerate(sheet, start=2)


def _table(header: list[str], records: Iterable[tuple[int, list[str]]], why: Mapping[int, list[Refusal]]) -> str:
    again = bool(header) and plain_name(header[0]) == REASONS[0]
    skipped = len(REASONS) if again else 0
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow([*REASONS, *map(with_mark, header[skipped:])])
    for number, record in records:
        if number in why:
            cells = [without_mark(cell) if again else cell for cell in record[skipped:]]
            rows.writerow([*_reasons(why[number]), *map(with_mark, cells)])
    return text.getvalue()


def _reasons(refusals: Sequence[Refusal]) -> tuple[str, str]:
    """What is wrong, column by column, and what to do."""
    wrong = [f"{one.column}: {one.wrong}" if one.column else one.wrong for one in refusals]
    return "; ".join(dict.fromkeys(wrong)), "; ".join(dict.fromkeys(one.do for one in refusals))
