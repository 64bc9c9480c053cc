"""A table of another program as the columns of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from audit.errors import InputError, Refusal
from audit.intake.foreign.mapping import LINE_COLUMNS, Mapping, Taken
from audit.intake.foreign.shape import Shape, header_of, sniffed
from audit.intake.foreign.table import Table, read_table
from audit.intake.foreign.transforms import SPREADS, several, single
from audit.intake.tabular import REASONS, plain_name, table_of, untold, wrong_width
from audit.model import MODIFIERS, TABLES, WHOSE
from audit.model import Table as Ours


@dataclass(frozen=True)
class Applied:
    """`rows`: columns of the table (text) with `source_file`, `source_row`. `ignored`: columns that nobody asked for.
    `left_out`: rows that were passed over, in words."""

    rows: pd.DataFrame
    refusals: list[Refusal]
    ignored: tuple[str, ...]
    left_out: tuple[str, ...]


def fitting(path: Path, mappings: Sequence[Mapping]) -> Mapping | None:
    """The first of the mappings whose header the file has, in the shape of the file; None when there is none.

    A table of ours in another shape (delimiter, encoding, words above it) needs no mapping: it is its own."""
    for shape in _shapes(path, mappings):
        try:
            header = header_of(path, shape)
        except (InputError, UnicodeError, LookupError):
            continue
        found = next((one for one in mappings if one.fits(header)), None)
        if table := table_of(header):
            return _own(table, shape, header)
        if found:
            return replace(found, shape=shape, header=tuple(header), taken=_spelt(found, header))
    return None


def _shapes(path: Path, mappings: Sequence[Mapping]) -> Iterator[Shape]:
    """The likely shape of the file, then those of the mappings."""
    yield sniffed(path)
    yield from dict.fromkeys(one.shape for one in mappings)


def _own(table: str, shape: Shape, header: list[str]) -> Mapping:
    named = [(source, plain_name(source)) for source in header]
    taken = tuple(Taken(source, column) for source, column in named if column in TABLES[table].offered)
    return Mapping("", table, shape, tuple(header), taken)


def _spelt(mapping: Mapping, header: list[str]) -> tuple[Taken, ...]:
    """The columns by the names as this file spells them."""
    here = {" ".join(name.lower().split()): name for name in header}
    return tuple(replace(one, source=here[" ".join(one.source.lower().split())]) for one in mapping.taken)


def apply(path: Path, mapping: Mapping, most: int | None = None) -> Applied:
    """Read a file by a mapping whose shape and header are the file's (see `fitted`); its first `most` rows if asked.

    Raises InputError when the file cannot be read or the mapping cannot be used.
    """
    if problems := mapping.problems():
        raise InputError(problems[0], where=path.name, do="Mend the mapping on the page Load")
    table = read_table(path, mapping.shape, most)
    if table.header != list(mapping.header):
        raise InputError("the columns are not those of the mapping", where=path.name, do="Choose or make another one")
    ours = TABLES[mapping.table]
    records = [*table.rows, *(_cut(table) if ours.name in WHOSE else ())]
    frame = pd.DataFrame([cells for _, cells in records], columns=table.header, dtype="str")
    made = pd.concat([_rows(frame, mapping, line) for line in mapping.lines]).fillna("").sort_index(kind="stable")
    made["source_file"] = path.name
    made["source_row"] = [str(records[label][0]) for label in made.index]
    made = made.reset_index(drop=True)
    if "line_number" in ours.names and not any(one.column == "line_number" for one in mapping.taken):
        made["line_number"] = (made.groupby("claim_id").cumcount() + 1).astype("str")
    made = made.assign(**untold(ours, made.columns))
    made = made.reindex(columns=[*ours.names, "source_file", "source_row"], fill_value="").astype("str")
    refusals = _too_wide(table, mapping, path.name)
    if ours.name in WHOSE and refusals:
        made, refusals = _whose(made, refusals, ours)
    taken = {one.source for one in mapping.taken}
    ignored = tuple(name for name in table.header if name not in taken and plain_name(name) not in REASONS)
    return Applied(made, refusals, ignored, tuple(table.left_out))


def _too_wide(table: Table, mapping: Mapping, file: str) -> list[Refusal]:
    names = [next((t.column for t in mapping.taken if t.source == source), source) for source in table.header]
    return [wrong_width(TABLES[mapping.table], file, row, names, cells) for row, cells in table.wide.items()]


def _cut(table: Table) -> Iterator[tuple[int, list[str]]]:
    """The rows of another width with as many cells as the header has."""
    for row, cells in table.wide.items():
        yield row, [*cells, *[""] * len(table.header)][: len(table.header)]


def _whose(made: pd.DataFrame, refusals: list[Refusal], ours: Ours) -> tuple[pd.DataFrame, list[Refusal]]:
    """Of refused rows no more than what tells whose they are, and the refusals with our names of the records."""
    refused = made["source_row"].isin({str(one.row) for one in refusals})
    made.loc[refused, [name for name in ours.names if name not in WHOSE[ours.name]]] = ""
    names = made[refused].drop_duplicates("source_row").set_index("source_row")[ours.record]
    return made, [replace(one, record_id=str(names.get(str(one.row), ""))) for one in refusals]


def _rows(frame: pd.DataFrame, mapping: Mapping, line: int) -> pd.DataFrame:
    """The rows of one line of each row of the file; those without anything on the line are none."""
    made = pd.DataFrame(index=frame.index)
    here = [one for one in mapping.taken if one.line in (0, line)]
    for one in sorted(here, key=lambda one: one.how != "first name"):
        _fill(made, one, frame[one.source])
    for column, value in mapping.fixed.items():
        if value and column not in made:
            made[column] = _fixed(value, made)
    if {"patient_birth_date", "service_date"} <= set(made.columns):
        made["patient_birth_date"] = _born_before(made, mapping)
    if not line:
        return made
    told = [column for column in LINE_COLUMNS if column in made]
    return made[(made[told] != "").any(axis=1)]


def _fixed(value: str, made: pd.DataFrame) -> pd.Series[str]:
    """The same in every row; "{patient_id}" in it stands for what our column of that name has there."""
    pieces = re.split(r"\{(\w+)\}", value)
    result = pd.Series(pieces[0], index=made.index, dtype="str")
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        result = result + made.get(name, f"{{{name}}}") + after
    return result


def _fill(made: pd.DataFrame, one: Taken, cells: pd.Series[str]) -> None:
    if one.how in SPREADS:
        parts = _mapped(cells, several(one.how))
        columns = list(SPREADS[one.how])
        made[columns] = _joined(made, columns, pd.DataFrame(parts.tolist(), index=made.index, columns=columns))
        return
    found = _mapped(cells, single(one.how, one.column, one.form))
    held = made.get(one.column)
    made[one.column] = found if held is None else (held + " " + found).str.strip()


def _joined(made: pd.DataFrame, columns: list[str], found: pd.DataFrame) -> pd.DataFrame:
    """The modifiers that stand beside those found already: a code can bring some, a column of its own the others."""
    held = [column for column in columns if column in made and column in MODIFIERS]
    if not held:
        return found
    rows = []
    for old, new in zip(made[held].fillna("").values.tolist(), found[held].values.tolist(), strict=True):
        told = list(dict.fromkeys(one for one in [*old, *new] if one))
        rows.append([*told[:3], " ".join(told[3:])] if len(told) > 4 else [*told, *[""] * (4 - len(told))])
    packed = pd.DataFrame(rows, index=found.index, columns=held)
    return pd.concat([found.drop(columns=held), packed], axis=1)[columns]


def _mapped(cells: pd.Series[str], read: Callable[[str], object]) -> pd.Series[Any]:
    """Each different value is read once."""
    return cells.map({value: read(value) for value in cells.unique()})


def _born_before(made: pd.DataFrame, mapping: Mapping) -> pd.Series[str]:
    """Birth dates with a year of two digits: the century that lies before the service."""
    born = made["patient_birth_date"]
    short = any(one.column == "patient_birth_date" and "%y" in one.form for one in mapping.taken)
    late = (born > made["service_date"]) & born.str.match(r"20\d\d-") if short else pd.Series(False, index=born.index)
    return born.where(~late, "19" + born.str[2:])
