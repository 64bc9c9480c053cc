"""How a cell of another program becomes a cell of ours. What a transform cannot read it leaves as it stands, so that
the contract refuses the row and shows what was there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from audit.intake.foreign import dates
from audit.intake.foreign.synonyms import plain, words_of
from audit.model import MODIFIERS, TABLES

How = Literal[
    "as is",
    "date",
    "date and time",
    "time",
    "money",
    "number",
    "words",
    "code and modifiers",
    "list of modifiers",
    "list of diagnoses",
    "last, first",
    "last name",
    "first name",
    "id and name",
]
PERSONS = ("patient_name", "rendering_name", "author_name", "signed_by", "cosigned_by", "certified_by")
_OF_COLUMN: dict[str, tuple[How, ...]] = {
    "procedure_code": ("as is", "code and modifiers"),
    "modifier_1": ("as is", "list of modifiers"),
    "diagnosis_codes": ("list of diagnoses", "as is"),
    "payer_id": ("as is", "id and name"),
    **dict.fromkeys(PERSONS, ("as is", "last, first", "last name", "first name")),
}
_OF_KIND: dict[str, tuple[How, ...]] = {
    "date": ("date",),
    "moment": ("date and time",),
    "time": ("time",),
    "money": ("money",),
    "price": ("money",),
    "count": ("number",),
    "word": ("words",),
}
SPREADS: dict[str, tuple[str, ...]] = {
    "code and modifiers": ("procedure_code", *MODIFIERS),
    "list of modifiers": (*MODIFIERS,),
    "id and name": ("payer_id", "payer_name"),
}
"""Ways that fill several of our columns from one cell."""
JOINS = ("last name", "first name", "list of diagnoses", "list of modifiers")
"""Ways in which several columns make one of ours (or one group of ours): what they hold follows one another."""
_MONEY = re.compile(
    r"(?P<sign>[-+])?\$? *(?P<sign2>[-+])?(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?P<cents>\.\d*)?(?P<after>-)?"
)
_CODE = re.compile(r"([A-Z]?\d{4,5}[A-Z]?)(?:[\s,:;/|.-]+(.*))?")
_PARTS = re.compile(r"[\s,:;/|.-]+")


def ways(table: str, column: str) -> tuple[How, ...]:
    """The ways to write a column of a table, the usual one first."""
    kind = next(c.kind for c in TABLES[table].columns if c.name == column)
    return _OF_COLUMN.get(column) or _OF_KIND.get(kind, ("as is",))


def single(how: str, column: str, form: str) -> Callable[[str], str]:
    """The function of a way that fills one column; `form` is of dates."""
    made: dict[str, Callable[[str], str | None]] = {
        "date": lambda cell: dates.iso(cell, form),
        "date and time": lambda cell: dates.moment(cell, form),
        "time": dates.clock,
        "money": money,
        "number": lambda cell: number(cell, column),
        "words": lambda cell: words_of(column).get(plain(cell)),
        "list of diagnoses": _listed,
        "last, first": last_first,
    }
    read = made.get(how)
    return lambda cell: (read(cell) or cell) if read and cell else cell


def several(how: str) -> Callable[[str], tuple[str, ...]]:
    """The function of a way in SPREADS: one value for each of its columns, "" where there is none."""
    return {"code and modifiers": code_and_modifiers, "list of modifiers": modifiers, "id and name": _twice}[how]


def money(cell: str) -> str | None:
    """Dollars: "$1,234.50", "(62.50)", "-62.5", "62.50-", "62.50 CR". "1.234,50" is none: nobody can tell."""
    text = re.sub(r"(?i)\s*(usd|us\$)\s*", "", cell.strip())
    credit = re.fullmatch(r"(?i)(.*?)\s*cr", text)
    inside = re.fullmatch(r"\((.*)\)", credit[1] if credit else text)
    told = _MONEY.fullmatch((inside[1] if inside else credit[1] if credit else text).strip())
    if not told or not (told["whole"] or (told["cents"] or "").strip(".")):
        return None
    cents = (told["cents"] or "").rstrip("0").lstrip(".")
    if len(cents) > 2:
        return None
    signs = [bool(inside), bool(credit), "-" in (told["sign"] or ""), "-" in (told["sign2"] or ""), bool(told["after"])]
    if sum(signs) > 1:
        return None
    return f"{'-' if any(signs) else ''}{int(told['whole'].replace(',', '') or 0)}" + (f".{cents:<02}" if cents else "")


def number(cell: str, column: str) -> str | None:
    """A whole number, also with thousands in it; behind it "units" where units are asked for, "min" where minutes are:
    "45 min" are no 45 units."""
    of = r"units?|un" if column == "units" else r"m|mins?|minutes?" if column.endswith("minutes") else r"(?!)"
    told = re.fullmatch(rf"(?i)(\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.0*)?\s*(?:(?:{of})\.?)?", cell.strip())
    return told[1].replace(",", "") if told else None


def _listed(cell: str) -> str:
    return " ".join(part for part in re.split(r"[\s,;|/]+", cell) if part)


def last_first(cell: str) -> str | None:
    """ "Ortiz, Lena M." -> "Lena M. Ortiz"; without exactly one comma, as it stands."""
    last, comma, first = cell.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() and "," not in first else None


def modifiers(cell: str) -> tuple[str, ...]:
    """Up to four modifiers of a cell such as "GO,CO", "GO CO" or "GOCO"; a cell that holds more is left whole and
    refused."""
    parts = [part for part in _PARTS.split(cell.strip().upper()) if part]
    if len(parts) == 1 and len(parts[0]) in (4, 6, 8):
        parts = [parts[0][n : n + 2] for n in range(0, len(parts[0]), 2)]
    if len(parts) > len(MODIFIERS):
        parts = [cell.strip()]
    return tuple([*parts, *[""] * len(MODIFIERS)][: len(MODIFIERS)])


def code_and_modifiers(cell: str) -> tuple[str, ...]:
    """ "97110-GO-CO" -> 97110, GO, CO, "", ""."""
    told = _CODE.fullmatch(cell.strip().upper())
    return (told[1], *modifiers(told[2] or "")) if told else (cell, *modifiers(""))


def _twice(cell: str) -> tuple[str, ...]:
    return cell, cell
