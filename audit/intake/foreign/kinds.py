"""What the values of a column are, whatever its name: identifiers with a check digit, codes, dates, money."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from audit.intake.foreign import dates
from audit.intake.foreign.transforms import code_and_modifiers, modifiers, money
from audit.model import MODIFIERS

_MODIFIER = re.compile(r"G[NOPT]|C[OQ]|KX|X[EPSU]|59|2[2-7]|5[0-9]|7[6-9]|8[0-9]|9[0-9]|[A-Z][A-Z0-9]")
_ICD = re.compile(r"[A-TV-Z]\d[0-9A-Z]\.?[0-9A-Z]{0,4}")
_PLACES = {"02", "10", "11", "12", "13", "14", "19", "22", "31", "32", "33", "34", "49", "61", "62", "99", "2"}
ENOUGH = 0.9
"""Part of the values that have to be of a kind."""


def is_npi(value: str) -> bool:
    """Ten digits whose last one checks the others (Luhn, over 80840 and the first nine)."""
    if not re.fullmatch(r"[12]\d{9}", value):
        return False
    digits = [int(digit) for digit in "80840" + value]
    doubled = [
        digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits, start=len(digits) % 2)
    ]
    return sum(doubled) % 10 == 0


def _is_code(value: str) -> bool:
    return bool(re.fullmatch(r"\d{5}|[A-Z]\d{4}|\d{4}[A-Z]", value))


def is_code_with_modifiers(value: str) -> bool:
    code, first, *_ = code_and_modifiers(value)
    return _is_code(code) and bool(_MODIFIER.fullmatch(first))


def _are_modifiers(value: str) -> bool:
    return all(_MODIFIER.fullmatch(one) for one in modifiers(value) if one)


def _are_diagnoses(value: str) -> bool:
    return all(_ICD.fullmatch(part) for part in re.split(r"[\s,;|/]+", value.upper()) if part)


_KINDS: dict[str, Callable[[str], bool]] = {
    "npi": is_npi,
    "code": _is_code,
    "code and modifiers": lambda value: _is_code(value) or is_code_with_modifiers(value),
    "diagnoses": _are_diagnoses,
    "place": lambda value: value in _PLACES,
    "modifiers": _are_modifiers,
    "small number": lambda value: bool(re.fullmatch(r"\d{1,2}(\.0+)?", value)),
    "number": lambda value: bool(re.fullmatch(r"\d{1,3}(\.0+)?( ?min\w*)?", value)),
    "money": lambda value: money(value) is not None,
    "name": lambda value: bool(re.fullmatch(r"[^\d,]+,[^\d,]+", value)),
    "time": lambda value: bool(re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp]\.?[Mm]\.?)?", value)),
}
FITTING = {
    **dict.fromkeys(("billing_npi", "rendering_npi", "referring_npi", "npi"), ("npi",)),
    "procedure_code": ("code", "code and modifiers"),
    **dict.fromkeys(MODIFIERS, ("modifiers",)),
    "diagnosis_codes": ("diagnoses",),
    "place_of_service": ("place",),
    "units": ("small number",),
    "line_number": ("small number", "number"),
    "charge_amount": ("money",),
    "amount": ("money",),
    **dict.fromkeys(("start_time", "end_time"), ("time",)),
    **dict.fromkeys(("minutes", "therapist_minutes", "assistant_minutes", "together_minutes"), ("number",)),
    **dict.fromkeys(("total_timed_minutes", "total_treatment_minutes"), ("number",)),
}
"""Our column -> the kinds its values are of; dates and moments are told by `dates`. Others take anything."""
TELLING = {
    "npi": "rendering_npi",
    "code": "procedure_code",
    "code and modifiers": "procedure_code",
    "diagnoses": "diagnosis_codes",
}
"""Kinds that tell the column by themselves, where its name does not."""


def kinds_of(values: Sequence[str]) -> set[str]:
    """The kinds that nearly all of the values are of; none for a column without values."""
    if not values:
        return set()
    found = {kind for kind, is_one in _KINDS.items() if sum(map(is_one, values)) >= ENOUGH * len(values)}
    return found | ({"date"} if dates.likely_forms(values) else set())
