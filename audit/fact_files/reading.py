"""What reading a national file gives, and what is told by the file's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from audit.errors import InputError, Refusal

CODE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]")
QUARTER = re.compile(r"(20\d\d)[-_ ]?q([1-4])", re.IGNORECASE)
VERSION = re.compile(r"v(\d\d)([0-3])r\d", re.IGNORECASE)
EFFECTIVE = re.compile(r"eff\w*[-_ ](\d\d)-(\d\d)-(20\d\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says of a file: its `table`, the `pair_list` it is, its `period` (2026q3 or 2026)."""

    table: str = ""
    pair_list: str = ""
    period: str = ""


@dataclass(frozen=True)
class Reading:
    """One file: `tables` to add rows to, dates of service covered, span of column 1 for pairs, rows read."""

    kind: str
    file: str
    tables: dict[str, pd.DataFrame]
    first: date
    last: date
    read: int
    refusals: list[Refusal] = field(default_factory=list)
    codes_from: str = ""
    codes_to: str = ""


def code(cell: str) -> str:
    """A code as it is written; a workbook that took it for a number lost its leading zeros."""
    return cell.zfill(5) if cell.isdigit() else cell


def quarter(names: str, period: str) -> tuple[date, date] | None:
    """First and last day of the quarter that the user or the name tells."""
    if found := QUARTER.search(period or names):
        return days_of_quarter(int(found[1]), int(found[2]))
    if found := VERSION.search(names):
        return days_of_quarter(1994 + int(found[1]), int(found[2]) + 1)
    if found := EFFECTIVE.search(names):
        return days_of_quarter(int(found[3]), (int(found[1]) + 2) // 3)
    return None


def days_of_quarter(year: int, number: int) -> tuple[date, date]:
    first = date(year, 3 * number - 2, 1)
    following = date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)
    return first, following - timedelta(days=1)


def must_tell_quarter(names: str, period: str) -> tuple[date, date]:
    found = quarter(names, period)
    if found is None:
        raise InputError(
            "the name does not tell the quarter that the table is of",
            where=names.split(" in ", maxsplit=1)[0],
            do="Keep the name that CMS gave the file, or say the quarter, such as --period 2026q3",
        )
    return found


def refused(file: str, row: int, column: str, value: str, wrong: str) -> Refusal:
    return Refusal(file, row, column, value[:40], wrong, "Compare it with the file that CMS publishes")
