"""The rows of a table below its header; totals, headers that come again and words below the table are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audit.intake.foreign.shape import Shape, all_records, header_of, names
from audit.intake.tabular import REASONS, plain_name, refuse_many, without_mark

_TOTAL = re.compile(r"(?i)\W*(grand |sub-?|report |page |final |patient |provider |day )?totals?\b.*")


@dataclass
class Table:
    """`header`: names of the columns, each once. `rows`: number of the row in the file, and its cells. `wide`: rows
    with more cells than the header, by number. `left_out`: what was passed over, in words."""

    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    wide: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def read_table(path: Path, shape: Shape, most: int | None = None) -> Table:
    """The table of a file; only its first `most` rows when so asked. Raises InputError when it cannot be read."""
    header = header_of(path, shape)
    table = Table(header)
    again = REASONS[0] in map(plain_name, header)
    waiting: list[tuple[int, list[str]]] = []
    for number, cells in _below(path, shape):
        why = _no_row(cells, header)
        if why:
            table.left_out.append(f"row {number} ({why})")
        elif sum(map(bool, cells)) == 1 < len(header) - 1:
            waiting.append((number, cells))
        else:
            for row in (*waiting, (number, cells)):
                _take(table, *row, again=again)
            waiting = []
        if most is not None and len(table.rows) >= most:
            return table
        refuse_many(len(table.rows) + len(waiting), path.name)
    table.left_out += [f"row {number} (words below the table)" for number, _ in waiting]
    return table


def _below(path: Path, shape: Shape) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header that are not empty, their cells without the space around them."""
    first = shape.header_row + shape.header_rows
    for number, record in enumerate(all_records(path, shape), start=1):
        cells = [cell.strip() for cell in record]
        if number >= first and any(cells):
            yield number, cells


def _no_row(cells: list[str], header: list[str]) -> str:
    if any(_TOTAL.fullmatch(cell) for cell in cells) and 2 * sum(map(bool, cells)) <= len(header) + 1:
        return "a total"
    return "the header again" if names([cells])[: len(header)] == header else ""


def _take(table: Table, number: int, cells: list[str], *, again: bool) -> None:
    """A row that lacks cells at its end is a whole one only where a spreadsheet left the empty ones away; here every
    row has as many as the header, or is told as too short or too long."""
    width = len(table.header)
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != width:
        table.wide[number] = cells
    else:
        table.rows.append((number, list(map(without_mark, cells)) if again else cells))
