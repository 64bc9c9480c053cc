"""NCCI procedure-to-procedure pairs: Column 1, Column 2, effective and deletion date, modifier indicator.

The deletion date is the last day in force. Indicator 9 marks a pair withdrawn from its first day: it was never in
force. The parts f1 to f4 of a quarter divide the codes of column 1 among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

import pandas as pd

from audit.errors import InputError, Refusal
from audit.fact_files.cells import Row, Sheet
from audit.fact_files.reading import CODE, Asked, Reading, code, must_tell_quarter, refused

TABLE = "ncci_pairs"
HOSPITAL = re.compile(r"ccioph|hospital|outpatient|[-_]oph[-_.]", re.IGNORECASE)
PRACTITIONER = re.compile(r"ccipra|practitioner|[-_]pra[-_.]", re.IGNORECASE)
MEDICAID = re.compile(r"medicaid|mcd", re.IGNORECASE)
CHANGES = re.compile(r"addition|deletion|revision|change", re.IGNORECASE)
COLUMNS = {"column_1": "column 1", "column_2": "column 2", "from": "effective", "to": "deletion", "indicator": "modif"}
INDICATORS = ("0", "1", "9")
LIST_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


def is_mine(sheet: Sheet) -> bool:
    return any(_header(row) for row in sheet.head)


def read(sheet: Sheet, asked: Asked, therapy: frozenset[str]) -> Reading:
    name = _list_of(sheet, asked)
    first, last = must_tell_quarter(sheet.file, asked.period)
    refusals: list[Refusal] = []
    rows = list(_data(sheet, refusals))
    if not rows:
        raise InputError("the file holds no pair", where=sheet.file, do="Download it again")
    kept = [_fact(sheet.file, number, row, refusals) for number, row in rows if {row[0], row[1]} <= therapy]
    facts = _apart([one for one in kept if one], sheet.file, refusals)
    codes = [row[0] for _, row in rows]
    began = min((one["effective_from"] for one in facts), default=first.isoformat())
    table = TABLE if name == "medicare" else f"pairs:{name}"
    frame = pd.DataFrame(facts, columns=["column_1", "column_2", "indicator", "effective_from", "effective_to",
                                         "rationale"])  # fmt: skip
    covers = min(first, date.fromisoformat(began))
    return Reading(f"pairs {name}", sheet.file, {table: frame}, covers, last, len(rows), refusals, min(codes),
                   max(codes))  # fmt: skip


def _header(row: Row) -> dict[str, int] | None:
    """Place of each column in a header row; None for another row."""
    cells = [cell.lower().replace("_", " ") for cell in row]
    if not (any(c.startswith("column 1") for c in cells) and any(c.startswith("column 2") for c in cells)):
        return None
    found = {name: next((n for n, c in enumerate(cells) if c.startswith(says)), -1) for name, says in COLUMNS.items()}
    found["rationale"] = next((n for n, c in enumerate(cells) if "rationale" in c), -1)
    return found


def _list_of(sheet: Sheet, asked: Asked) -> str:
    """Whose pairs these are: "medicare", "medicaid", or the payer's list that the user names."""
    names = sheet.file
    if HOSPITAL.search(names):
        raise InputError(
            "this is the hospital's table, not the practitioner's", where=names, do="Load ccipra..., not ccioph..."
        )
    if CHANGES.search(names):
        raise InputError("this lists only what changed", where=names, do="Load the complete table of the quarter")
    if asked.pair_list:
        if not LIST_NAME.fullmatch(asked.pair_list):
            raise InputError(f"'{asked.pair_list}' is no name for a list", do="Use small letters, digits and hyphens")
        return asked.pair_list
    if MEDICAID.search(names):
        return "medicaid"
    if not (PRACTITIONER.search(names) or asked.table == TABLE):
        raise InputError(
            "the name does not tell the practitioner's table from the hospital's",
            where=names,
            do="Keep the name that CMS gave it, or say --table ncci_pairs if it is the practitioner's",
        )
    return "medicare"


def _data(sheet: Sheet, refusals: list[Refusal]) -> Iterator[tuple[int, Row]]:
    """Rows after the header as column 1, column 2, from, to, indicator, rationale."""
    places: dict[str, int] | None = None
    cut_off = 0
    for number, row in sheet.rows():
        if places is None:
            places = _header([" ".join(cell.split()) for cell in row])
            if places and min(places[name] for name in COLUMNS) < 0:
                lost = next(says for name, says in COLUMNS.items() if places[name] < 0)
                raise InputError(f"the column '{lost}' is missing", where=f"{sheet.file}, row {number}")
            continue
        picked = [row[n] if 0 <= n < len(row) else "" for n in places.values()]
        if not picked[0]:  # what is left of the header, a notice, an empty row
            continue
        picked[:2] = [code(cell) for cell in picked[:2]]
        cut_off = number if len(row) <= places["indicator"] else 0
        wrong = next((n for n in (0, 1) if not CODE.fullmatch(picked[n])), None)
        if cut_off:
            continue
        if wrong is None:
            yield number, picked
        else:
            refusals.append(refused(sheet.file, number, f"Column {wrong + 1}", picked[wrong], "this is no code"))
    if cut_off:
        raise InputError("the file ends in the middle of a row", where=f"{sheet.file}, row {cut_off}",
                         do="Download it again")  # fmt: skip


def _fact(file: str, number: int, row: Row, refusals: list[Refusal]) -> dict[str, str] | None:
    one, two, since, until, indicator, rationale = row
    if indicator not in INDICATORS:
        refusals.append(refused(file, number, "Modifier", indicator, "the indicator is none of 0, 1, 9"))
        return None
    begins, ends = _day(since), "" if until in ("*", "") else _day(until)
    if begins is None or ends is None:
        column, value = ("Effective Date", since) if begins is None else ("Deletion Date", until)
        refusals.append(refused(file, number, column, value, "this is no date of the form yyyymmdd"))
        return None
    if indicator == "9" or (ends and ends < begins):
        return None
    return {"column_1": one, "column_2": two, "indicator": indicator, "effective_from": begins, "effective_to": ends,
            "rationale": rationale, "row": str(number)}  # fmt: skip


def _day(text: str) -> str | None:
    for form in ("%Y%m%d", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007  a day has no time zone
        except ValueError:
            continue
    return None


def _apart(facts: list[dict[str, str]], file: str, refusals: list[Refusal]) -> list[dict[str, str]]:
    """Without rows of one pair that contradict an earlier row on some day."""
    kept: dict[tuple[str, str], list[dict[str, str]]] = {}
    for fact in facts:
        held = kept.setdefault((fact["column_1"], fact["column_2"]), [])
        clash = [one for one in held if _overlap(one, fact)]
        if not clash:
            held.append(fact)
        elif any(one["indicator"] != fact["indicator"] for one in clash):
            named = f"{fact['column_1']} {fact['column_2']}"
            refusals.append(refused(file, int(fact["row"]), "Modifier", named, "another row says otherwise for a day"))
    return [one for held in kept.values() for one in held]


def _overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    return one["effective_from"] <= (other["effective_to"] or "9") and other["effective_from"] <= (
        one["effective_to"] or "9"
    )
