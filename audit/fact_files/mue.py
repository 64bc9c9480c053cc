"""MUE: the most units of a code on one day. A notice of several lines, then code, value, indicator, rationale."""

from __future__ import annotations

import re

import pandas as pd

from audit.errors import InputError, Refusal
from audit.fact_files.cells import Row, Sheet
from audit.fact_files.reading import CODE, Asked, Reading, code, must_tell_quarter, refused

TABLE = "mue"
VALUES = re.compile(r"(.*?)\s*(services )?mue values?$", re.IGNORECASE)


def is_mine(sheet: Sheet) -> bool:
    return any(_places(row) for row in sheet.head)


def read(sheet: Sheet, asked: Asked, therapy: frozenset[str]) -> Reading:
    header = next(row for row in sheet.head if _places(row))
    _refuse_other_settings(sheet, header)
    first, last = must_tell_quarter(sheet.file, asked.period)
    places = _places(header) or (0, 1, 2, 3)
    refusals: list[Refusal] = []
    kept, read_rows, begun = [], 0, False
    for number, row in sheet.rows():
        if not begun:
            begun = _places([" ".join(cell.split()) for cell in row]) is not None
            continue
        picked = [row[n] if n < len(row) else "" for n in places]
        picked[0] = code(picked[0])
        if not any(picked[1:]):
            continue
        read_rows += 1
        wrong = _wrong(picked)
        if wrong and (picked[0] in therapy or wrong[0] == "HCPCS/CPT Code"):
            refusals.append(refused(sheet.file, number, *wrong))
        elif picked[0] in therapy:
            kept.append({"code": picked[0], "units_per_day": picked[1], "adjudication": picked[2][:1],
                         "effective_from": first.isoformat(), "effective_to": "", "rationale": picked[3]})  # fmt: skip
    if not kept:
        raise InputError("no row of the table is on a therapy code", where=sheet.file, do="Download it again")
    frame = pd.DataFrame(kept).drop_duplicates("code", keep="first")
    return Reading("mue", sheet.file, {TABLE: frame}, first, last, read_rows, refusals)


def _places(row: Row) -> tuple[int, int, int, int] | None:
    cells = [cell.lower() for cell in row]
    value = next((n for n, cell in enumerate(cells) if VALUES.fullmatch(cell)), None)
    indicator = next((n for n, cell in enumerate(cells) if "adjudication indicator" in cell), None)
    if value is None or indicator is None:
        return None
    column = next((n for n, cell in enumerate(cells) if "code" in cell and "hcpcs" in cell), 0)
    return column, value, indicator, next((n for n, cell in enumerate(cells) if "rationale" in cell), len(cells))


def _refuse_other_settings(sheet: Sheet, header: Row) -> None:
    setting = next((found[1] for cell in header if (found := VALUES.fullmatch(cell))), "").lower()
    if "practitioner" not in setting:
        raise InputError(
            f"this is the table of another setting ({setting or 'not told'})",
            where=sheet.file,
            do="Load the table of practitioner services",
        )
    if "medicaid" in sheet.file.lower() or "mcd" in sheet.file.lower():
        raise InputError("this is Medicaid's table of unit limits, which no rule uses yet", where=sheet.file,
                         do="Load Medicare's")  # fmt: skip


def _wrong(row: Row) -> tuple[str, str, str] | None:
    if not CODE.fullmatch(row[0]):
        return "HCPCS/CPT Code", row[0], "this is no code"
    if not re.fullmatch(r"[0-9]{1,5}", row[1]):
        return "MUE Values", row[1], "this is no whole number"
    if row[2][:1] not in ("1", "2", "3"):
        return "MUE Adjudication Indicator", row[2], "the indicator does not begin with 1, 2 or 3"
    return None
