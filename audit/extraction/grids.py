"""Tables in a text: rows of cells parted by |, tabs or wide gaps, under a header."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BARS = re.compile(r"[^|\n]+")
_GAPS = re.compile(r"\S+(?: \S+)*")
_RULE = re.compile(r"[\s|:+=_-]+")
FAR = 12
"""Columns by which a cell may stand beside its header in a table that is set with spaces."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` without spaces around; `start` to `end` where it stands."""

    text: str
    start: int
    end: int


Grid = tuple[list[Cell], list[list[Cell]]]


def grids(text: str) -> list[Grid]:
    """Header and rows of each table: two or more lines together that have the same cells."""
    found: list[Grid] = []
    header: list[Cell] = []
    rows: list[list[Cell]] = []
    by_bars, at = False, 0
    for line in [*text.splitlines(keepends=True), ""]:
        cells, bars = _cells(line, at)
        at += len(line)
        if header and line.strip() and _RULE.fullmatch(line):
            continue
        if header and len(cells) > 1 and bars == by_bars:
            row = cells if bars or len(cells) == len(header) else _under(header, cells, text)
            if row:
                rows.append(row)
                continue
        if header and rows:
            found.append((header, rows))
        header, rows, by_bars = (cells if len(cells) > 1 else []), [], bars
    return found


def _cells(line: str, at: int) -> tuple[list[Cell], bool]:
    body = line.rstrip("\n")
    bars = "|" in body
    pattern = _BARS if bars else _GAPS
    found = []
    for m in pattern.finditer(body.replace("\t", "  ") if not bars and "\t" not in body else body):
        if "\t" in m[0] and not bars:
            continue
        told = m[0].strip()
        start = at + m.start() + len(m[0]) - len(m[0].lstrip())
        found.append(Cell(told, start, start + len(told)))
    if bars and body.strip().startswith("|"):
        found = [c for c in found if c.text or c is not found[-1]]
    return found, bars


def _under(header: list[Cell], cells: list[Cell], text: str) -> list[Cell]:
    """The cells of a row that lacks some, each beneath its header by where it stands in the line; [] if it is none."""
    placed = [_column(one, text) for one in header]
    row = [Cell("", cells[0].start, cells[0].start) for _ in header]
    for cell in cells:
        near = min(range(len(header)), key=lambda n: abs(placed[n] - _column(cell, text)))
        if abs(placed[near] - _column(cell, text)) > FAR or row[near].text:
            return []
        row[near] = cell
    return row


def _column(cell: Cell, text: str) -> int:
    return cell.start - (text.rfind("\n", 0, cell.start) + 1)
