"""How a claim's lines should read when a finding is right: a proposal that a person checks, never a correction.

Only what follows from the finding and the documented minutes is proposed. Where a person has to choose (which of a
pair carries 59, whether a service was furnished at all), there is no proposal.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from audit.errors import InputError, StateError
from audit.units import COGNITIVE, COGNITIVE_SERVICE, supported_units

SEPARATE = ("59", "XE", "XP", "XS", "XU")
DISCIPLINES = ("GO", "GP", "GN")
ADDED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GO": (("GO",), ()),
    "KX": (("KX",), ()),
    "GO beside CO": (("GO",), ()),
    "CO in place of CQ": (("CO",), ("CQ",)),
}
"""What a finding expects -> modifiers to add and to drop."""
_CODE = re.compile(r"^(\d{4}[0-9A-Z])\b")
_CO_UNITS = re.compile(r"^CO on (\d+) units?\b")
_SPLIT = re.compile(r" x (\d+) without CO, x (\d+) with CO$")


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A claim line as far as a correction may change it. `number` is None for a line that is not there yet."""

    number: int | None
    code: str
    modifiers: tuple[str, ...]
    units: int

    @property
    def service(self) -> str:
        return COGNITIVE_SERVICE if self.code in COGNITIVE else self.code


def billed(lines: pd.DataFrame) -> list[BilledLine]:
    """The lines of a claim: rows with line_number, procedure_code, modifiers (parted by spaces), units."""
    return [
        BilledLine(int(one["line_number"]), one["procedure_code"], tuple(one["modifiers"].split()), int(one["units"]))
        for one in lines[["line_number", "procedure_code", "modifiers", "units"]].to_dict("records")
    ]


def should_read(lines: list[BilledLine], finding: Mapping[str, Any], services: pd.DataFrame) -> list[BilledLine]:
    """The lines as they should read by this finding alone; `lines` unchanged where it proposes nothing.

    `services`: the day's services with `service`, `minutes`, `in_pool` and the payer's `method`.
    """
    rule, expected = str(finding["rule"]), str(finding["expected"])
    number, code = finding["line_number"], str(finding["procedure_code"] or "")
    here = [one for one in lines if one.number == number]
    if rule in ("UNIT-01", "UNIT-03", "UNIT-04", "UNIT-20", "UNIT-21"):
        return _allotted(lines, services)
    if rule in ("UNIT-05", "UNIT-06"):
        return [one for one in lines if one.service != _service(code)]
    if rule == "UNIT-07":
        return _changed(lines, {one: replace(one, units=1) for one in here})
    if rule in ("MOD-04", "MOD-05", "MOD-07"):
        return _split(lines, _service(code), expected)
    return _changed(lines, {one: _reworded(one, rule, expected) for one in here})


def _service(code: str) -> str:
    return COGNITIVE_SERVICE if code in COGNITIVE else code


def _changed(lines: list[BilledLine], instead: Mapping[BilledLine, BilledLine]) -> list[BilledLine]:
    return [instead.get(one, one) for one in lines]


def _reworded(line: BilledLine, rule: str, expected: str) -> BilledLine:
    """One line with another code or other modifiers."""
    code = _CODE.match(expected)
    if code and rule.startswith("EVAL"):
        return replace(line, code=code[1])
    if rule == "MOD-02" and len(expected) == 2:
        return _with(line, add=(expected,), drop=DISCIPLINES)
    unwanted = re.match(r"^no ([A-Z0-9]{2}) on ", expected)
    drop = SEPARATE if rule == "MOD-11" else (unwanted[1],) if unwanted else ()
    add, also = ADDED.get(expected, ((), ()))
    return _with(line, add=add, drop=(*drop, *also))


def _with(line: BilledLine, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> BilledLine:
    kept = [one for one in line.modifiers if one not in drop]
    ahead = [one for one in add if one in DISCIPLINES and one not in kept]
    behind = [one for one in add if one not in DISCIPLINES and one not in kept]
    return replace(line, modifiers=(*ahead, *kept, *behind))


def _split(lines: list[BilledLine], service: str, expected: str) -> list[BilledLine]:
    """The units of a service parted into lines without and with CO."""
    of_service = [one for one in lines if one.service == service]
    total = sum(one.units for one in of_service)
    if (parts := _SPLIT.search(expected)) is not None:
        with_co = int(parts[2])
    elif (told := _CO_UNITS.match(expected)) is not None:
        with_co = int(told[1])
    elif expected.startswith("no CO on "):
        with_co = 0
    else:
        return lines
    plain, result = max(total - with_co, 0), []
    for one in of_service:
        own = min(one.units, plain)
        plain -= own
        if own:
            result.append(_with(replace(one, units=own), drop=("CO",)))
        if one.units > own:
            rest = replace(one, number=None if own else one.number, units=one.units - own)
            result.append(_with(rest, add=("CO",), drop=("CQ",)))
    first = lines.index(of_service[0]) if of_service else 0
    others = [one for one in lines if one.service != service]
    return [*others[:first], *result, *others[first:]]


def _allotted(lines: list[BilledLine], services: pd.DataFrame) -> list[BilledLine]:
    """Units as the payer's method allots them; of several allocations the one nearest to what is billed."""
    pool = services[services["in_pool"]]
    if pool.empty or pool["minutes"].isna().any() or pool["method"].iloc[0] not in ("total", "midpoint"):
        return lines
    minutes = {str(one["service"]): int(one["minutes"]) for one in pool.to_dict("records")}
    now = {service: sum(one.units for one in lines if one.service == service) for service in minutes}
    allowed = supported_units(minutes, pool["method"].iloc[0])
    best = min(allowed, key=lambda way: sum(abs(way.get(service, 0) - now[service]) for service in minutes))
    left = {service: best.get(service, 0) for service in minutes}
    result = []
    for one in lines:
        units = min(one.units, left[one.service]) if one.service in left else one.units
        if one.service in left:
            left[one.service] -= units
        result += [replace(one, units=units)] if units else []
    result = [_more(one, left) for one in result]
    therapy = tuple(one for one in (lines[0].modifiers if lines else ()) if one in DISCIPLINES)
    return [*result, *[BilledLine(None, service, therapy, n) for service, n in left.items() if n and not now[service]]]


def _more(line: BilledLine, left: dict[str, int]) -> BilledLine:
    """The line with the units of its service that are supported beyond those billed: 97130 has them of the two."""
    if not left.get(line.service) or line.code == COGNITIVE[0]:
        return line
    return replace(line, units=line.units + left.pop(line.service))


def changes(before: list[BilledLine], after: list[BilledLine]) -> list[tuple[int, str, int, tuple[str, ...], bool]]:
    """What differs: line number, code, units, modifiers, and whether the line is taken off. New lines get the next
    numbers. Raises StateError where a number stands twice or names no line of the claim."""
    numbers = [one.number for one in after if one.number is not None]
    known = {one.number: one for one in before}
    if len(set(numbers)) < len(numbers) or set(numbers) - set(known):
        raise StateError("a line number stands twice or is none of this claim", do="Write new for an added line")
    free = itertools.count(max((n for n in known if n is not None), default=0) + 1)
    told = [(one.number or next(free), one.code, one.units, one.modifiers, False) for one in after if one not in before]
    gone = [one for number, one in known.items() if number not in numbers]
    return sorted([*told, *[(one.number or 0, one.code, one.units, one.modifiers, True) for one in gone]])


_WRITTEN = re.compile(r"^\s*(\d+|new)\s*:\s*(\w{5})((?:\s+\w{2})*)\s+x\s*(\d{1,3})\s*$", re.IGNORECASE)


def written(lines: list[BilledLine]) -> str:
    """Lines as text a person can change: "1: 97110 GO x1"; a line that is not there yet is "new"."""
    return "\n".join(
        f"{'new' if one.number is None else one.number}: {' '.join([one.code, *one.modifiers])} x{one.units}"
        for one in lines
    )


def as_written(text: str) -> list[BilledLine]:
    """The lines of such a text. Raises InputError naming the first line that cannot be read."""
    lines = []
    for place, words in enumerate(text.splitlines(), start=1):
        if not words.strip():
            continue
        found = _WRITTEN.match(words)
        if found is None:
            do = "Write number, code, modifiers and units: 1: 97110 GO x1"
            raise InputError("this is no claim line", where=f"line {place}", do=do)
        number = None if found[1].lower() == "new" else int(found[1])
        lines.append(BilledLine(number, found[2].upper(), tuple(found[3].upper().split()), int(found[4])))
    return lines
