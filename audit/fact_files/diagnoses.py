"""ICD-10-CM of a fiscal year (1 Oct to 30 Sep): the order file (codes and headings) or the code file (codes only)."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from audit.errors import InputError
from audit.fact_files.cells import Sheet
from audit.fact_files.reading import Asked, Reading, refused

TABLE = "diagnoses"
ORDER = re.compile(r"\d{5} ([A-Z]\d[0-9A-Z]{1,5}) {1,6}([01]) (.{60}) (.*)")
SHORT_ORDER = re.compile(r"\d{5} ([A-Z]\d[0-9A-Z]{1,5}) {1,6}([01]) ")
PLAIN = re.compile(r"([A-Z]\d[0-9A-Z]{1,5})\s+(\S.*)")
SIDES = ("right", "left", "bilateral")
YEAR = re.compile(r"20\d\d")


def is_mine(sheet: Sheet) -> bool:
    lines = [line for line in sheet.text[:20_000].splitlines()[:20] if line.strip()]
    fits = [line for line in lines if SHORT_ORDER.match(line) or (PLAIN.fullmatch(line) and "\t" not in line)]
    return bool(lines) and len(fits) >= max(1, len(lines) - 2)


def read(sheet: Sheet, asked: Asked, therapy: frozenset[str]) -> Reading:
    first, last = _dates(sheet, asked)
    refusals, codes = [], []
    lines = sheet.text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if found := ORDER.fullmatch(line):
            codes.append((found[1], found[2], found[4].strip().lower()))
        elif SHORT_ORDER.match(line):
            raise InputError("the file ends in the middle of a line", where=f"{sheet.file}, row {number}",
                             do="Download it again")  # fmt: skip
        elif found := PLAIN.fullmatch(line):
            codes.append((found[1], "1", found[2].strip().lower()))
        else:
            refusals.append(refused(sheet.file, number, "code", line[:13], "the line holds no code"))
    frame = pd.DataFrame(codes, columns=["code", "billable", "words"]).drop_duplicates("code")
    known = set(frame["words"])
    frame["side"] = [_side(words, known) for words in frame["words"]]
    period = {"effective_from": first.isoformat(), "effective_to": last.isoformat()}
    return Reading(TABLE, sheet.file, {TABLE: frame.drop(columns="words").assign(**period)}, first, last,
                   len(codes) + len(refusals), refusals)  # fmt: skip


def _side(words: str, known: set[str]) -> str:
    """The side that a description names; "unspecified" only where the same is listed with a side."""
    parts = words.replace(",", " ").split()
    named = [side for side in SIDES if side in parts]
    if named:
        return named[0] if len(named) == 1 else ""
    found = [match.start() for match in re.finditer("unspecified", words)]
    sided = any(words[:n] + "right" + words[n + len("unspecified") :] in known for n in found)
    return "unspecified" if sided else ""


def _dates(sheet: Sheet, asked: Asked) -> tuple[date, date]:
    """The fiscal year of the name; an April update holds from April on."""
    told = YEAR.search(asked.period or sheet.file)
    if told is None:
        raise InputError(
            "the name does not tell the fiscal year",
            where=sheet.file,
            do="Keep the name that CMS gave it, such as icd10cm-order-2027.txt, or say --period 2027",
        )
    year = int(told[0])
    first = date(year, 4, 1) if "april" in sheet.file.lower() else date(year - 1, 10, 1)
    return first, date(year, 9, 30)
