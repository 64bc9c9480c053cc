"""PPRRVU: relative values and the conversion factor of a release. Names of columns stand over several rows."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

import pandas as pd

from audit.errors import InputError, Refusal
from audit.fact_files.cells import Row, Sheet
from audit.fact_files.reading import Asked, Reading, refused

TABLE = "fees"
TITLE = re.compile(r"(20\d\d)\s+national physician fee schedule relative value file\s*(?:(\w+)\s+release)?", re.I)
OLD_TITLE = re.compile(r"fee schedule relative value file.*?(20\d\d)\s*(?:(\w+)\s+release)?", re.I)
NAME = re.compile(r"pprrvu(?:20)?(\d\d)_?v?([a-z]{3})?", re.I)
MONTHS = {"jan": 1, "apr": 4, "jul": 7, "oct": 10}
COLUMNS = {
    "status": r"\bSTATUS CODE$",
    "work": r"\bWORK RVU$",
    "pe_nonfacility": r"\bNON-?\s?FAC\w* PE RVU$",
    "pe_facility": r"(?<!NON-)(?<!NON )\bFACILITY PE RVU$",
    "mp": r"\bMP RVU$",
    "mult_proc": r"\bMULT\w* PROC$",
    "factor": r"\bCONV\w* FACTOR$",
}
NUMBERS = ("work", "pe_nonfacility", "pe_facility", "mp", "factor")


def is_mine(sheet: Sheet) -> bool:
    head = " ".join(cell for row in sheet.head[:12] for cell in row)
    return "relative value file" in head.lower() and any(_starts(row) for row in sheet.head)


def read(sheet: Sheet, asked: Asked, therapy: frozenset[str]) -> Reading:
    first, last = _dates(sheet, asked)
    places = _places(sheet)
    refusals: list[Refusal] = []
    kept: dict[str, dict[str, str]] = {}
    read_rows, begun = 0, False
    for number, row in sheet.rows():
        if not begun:
            begun = _starts(row)
            continue
        read_rows += bool(row and re.fullmatch(r"[0-9A-Z]{5}", row[0]))
        if len(row) < 2 or row[0] not in therapy or row[1]:
            continue
        fact = _fact(sheet.file, number, row, places, refusals)
        if fact and row[0] not in kept:
            kept[row[0]] = {"code": row[0], **fact}
    if not kept:
        raise InputError("no row of the file is on a therapy code", where=sheet.file, do="Download it again")
    period = {"effective_from": first.isoformat(), "effective_to": last.isoformat()}
    frame = pd.DataFrame(kept.values()).assign(**period)
    tables = {TABLE: frame.drop(columns="factor"), "thresholds": _factor(sheet, frame, period)}
    return Reading("fees", sheet.file, tables, first, last, read_rows, refusals)


def _starts(row: Row) -> bool:
    return len(row) > 5 and row[0].upper() == "HCPCS" and row[1].upper().startswith("MOD")


def _places(sheet: Sheet) -> dict[str, int]:
    last = next(n for n, row in enumerate(sheet.head) if _starts(row))
    width = len(sheet.head[last])
    above = [row for row in sheet.head[max(0, last - 5) : last + 1] if sum(map(bool, row)) > 3]
    names = [" ".join(row[n].upper() for row in above if n < len(row) and row[n]) for n in range(width)]
    found = {}
    for column, says in COLUMNS.items():
        fits = [n for n, name in enumerate(names) if re.search(says, name)]
        if len(fits) != 1:
            raise InputError(
                f"the column '{column}' is {'missing' if not fits else 'there twice'}",
                where=f"{sheet.file}, row {last + 1}",
                do="Load the PPRRVU file as CMS publishes it (csv or xlsx, 2017 or later)",
            )
        found[column] = fits[0]
    return found


def _fact(file: str, number: int, row: Row, places: dict[str, int], refusals: list[Refusal]) -> dict[str, str] | None:
    if len(row) <= max(places.values()):
        raise InputError("the file ends in the middle of a row", where=f"{file}, row {number}", do="Download it again")
    fact = {column: row[n] for column, n in places.items()}
    for column in NUMBERS:
        try:
            if not Decimal(fact[column]).is_finite():
                raise InvalidOperation
        except InvalidOperation:
            refusals.append(refused(file, number, column, fact[column], "this is no number"))
            return None
    return fact


def _factor(sheet: Sheet, frame: pd.DataFrame, period: dict[str, str]) -> pd.DataFrame:
    factors = {one for one in frame["factor"] if Decimal(one) > 0}
    if len(factors) != 1:
        raise InputError(f"the file tells {len(factors)} conversion factors", where=sheet.file, do="Download it again")
    stem = sheet.stem.lower()
    parameter = "CONVERSION_FACTOR_QPP" if "qpp" in stem and "nonqpp" not in stem else "CONVERSION_FACTOR"
    return pd.DataFrame([{"parameter": parameter, "value": factors.pop(), "meaning": "USD per RVU", **period}])


def _dates(sheet: Sheet, asked: Asked) -> tuple[date, date]:
    """A release holds from its first month to the end of its year."""
    head = " ".join(cell for row in sheet.head[:12] for cell in row)
    told = TITLE.search(head) or OLD_TITLE.search(head)
    year = int(told[1]) if told else None
    month = MONTHS.get((told[2] or "")[:3].lower()) if told else None
    if named := NAME.search(sheet.file):
        year = year or 2000 + int(named[1])
        month = month or MONTHS.get((named[2] or "").lower())
    if asked.period[:4].isdigit():
        year = int(asked.period[:4])
        month = 3 * int(asked.period[-1]) - 2 if re.fullmatch(r"20\d\dq[1-4]", asked.period) else month
    if year is None or month is None:
        raise InputError(
            "neither the title nor the name tells the release",
            where=sheet.file,
            do="Keep the name that CMS gave it, or say its quarter, such as --period 2027q1",
        )
    return date(year, month, 1), date(year, 12, 31)
