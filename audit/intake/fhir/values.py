"""Values out of a validated resource: codes, references, amounts, days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

Part = dict[str, Any]


def parts(value: Any) -> list[Part]:
    """A value that may be absent, one object or a list of them, as a list."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def part(value: Any) -> Part:
    """A value that should be one object; {} when it is none, as in a resource that nobody validated."""
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """A list of text; [] when it is none."""
    return [str(one) for one in value if isinstance(one, str)] if isinstance(value, list) else []


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """System and code of every coding of a concept or list of concepts."""
    for one in parts(concept):
        for coding in parts(one.get("coding")):
            if coding.get("code"):
                yield str(coding.get("system") or ""), str(coding["code"]).strip()


def codes(concept: Any) -> list[str]:
    return [code for _, code in codings(concept)]


def code_in(concept: Any, systems: str) -> str:
    """The first code of a system whose address matches; "" when there is none."""
    return next((code for system, code in codings(concept) if re.search(systems, system, re.IGNORECASE)), "")


def text_of(concept: Any) -> str:
    """A concept in words: its text, else the display of its first coding."""
    for one in parts(concept):
        shown = [one.get("text"), *[coding.get("display") for coding in parts(one.get("coding"))]]
        if said := next((str(word) for word in shown if word), ""):
            return said
    return ""


def identifier(value: Any, systems: str = "") -> str:
    """The first identifier of an identifier or list of them, or the first of a system that matches."""
    for one in parts(value):
        if one.get("value") and re.search(systems, str(one.get("system") or ""), re.IGNORECASE):
            return str(one["value"]).strip()
    return ""


def last_part(reference: Any) -> str:
    """ "Patient/12" and "https://host/fhir/Patient/12/_history/1" as "12"; "urn:uuid:..." as it is."""
    address = str(part(reference).get("reference") or "").partition("/_history/")[0]
    return address.removeprefix("#").rpartition("/")[2]


def amount(money: Any) -> Decimal | None:
    value = money.get("value") if isinstance(money, dict) else None
    return None if value is None or isinstance(value, bool) else Decimal(str(value))


def dollars(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def day(moment: Any) -> str:
    """The day of a date or date with time, as the file has it; "" when it is no whole day."""
    text = str(moment or "")[:10]
    return text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else ""


def one_day(period: Any) -> str:
    """The day of a period that begins and ends on it, or has no end; "" when it spans several."""
    if not isinstance(period, dict):
        return ""
    first, last = day(period.get("start")), day(period.get("end"))
    return first if last in ("", first) else ""


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
