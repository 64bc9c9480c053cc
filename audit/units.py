"""Minutes into units: the total-minutes method (CMS), the midpoint method (CPT), and the assistant's share.

Pure arithmetic on one patient's day in one discipline; no tables, no dates, no payers.

Sources: CMS Pub 100-04 ch. 5 s20.2.C (the table of total minutes, remainders to the most minutes);
CPT time rule (a unit is reached past its midpoint); CMS CO rule, CY2022 fee schedule final rule
(de minimis, midpoint exception). Minutes and units are whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Literal

from audit.errors import CountersignError

Method = Literal["total", "midpoint"]
UNIT = 15
"""Minutes in one unit of the 15-minute pool."""
PAST_MIDPOINT = 8
"""Fewest minutes that earn a unit: more than half of 15."""
COGNITIVE = ("97129", "97130")
"""First and each further 15 minutes of one cognitive service: pooled as one, 97129 exactly once."""
COGNITIVE_SERVICE = "97129+97130"


def total_units(minutes: int) -> int:
    """Units that `minutes` of all 15-minute codes together support (8-22 is 1, 23-37 is 2, ...)."""
    return (minutes + UNIT - PAST_MIDPOINT) // UNIT


def midpoint_units(minutes: int, base: int = UNIT) -> int:
    """Units of one code alone: whole units, and one more when the remainder passes half of `base`."""
    whole, rest = divmod(minutes, base)
    return whole + (2 * rest > base)


def supported_units(minutes: Mapping[str, int], method: Method) -> list[dict[str, int]]:
    """Every allocation of units that `method` allows for one patient, discipline and day.

    `minutes` maps a code of the 15-minute pool to its documented minutes over all sessions of the day.
    97129 and 97130 are one service, given apart or as "97129+97130". Codes with no unit are left out, so
    nothing supported is `[{}]`. Ties for the last units give several allocations, in the order of `minutes`.
    Raises CountersignError for negative minutes or an unknown method.
    """
    services = _as_services(minutes)
    if method == "midpoint":
        allocations = [{code: midpoint_units(m) for code, m in services.items()}]
    elif method == "total":
        allocations = _total_allocations(services)
    else:
        raise CountersignError(f"'{method}' is no unit method", do="Use 'total' or 'midpoint'")
    return [_as_codes(allocation, minutes) for allocation in allocations]


def _total_allocations(services: dict[str, int]) -> list[dict[str, int]]:
    """Whole units first; what the pooled total leaves goes to the largest remainders, one each."""
    whole = {code: m // UNIT for code, m in services.items()}
    left = total_units(sum(services.values())) - sum(whole.values())
    if left == 0:
        return [whole]
    remainder = {code: m % UNIT for code, m in services.items()}
    last = sorted(remainder.values(), reverse=True)[left - 1]
    sure = [code for code, r in remainder.items() if r > last]
    tied = [code for code, r in remainder.items() if r == last]
    return [
        {code: whole[code] + (code in sure or code in chosen) for code in services}
        for chosen in combinations(tied, left - len(sure))
    ]


def assistant_units(minutes_by_code: Mapping[str, tuple[int, int, int]]) -> dict[str, tuple[int, int]]:
    """(therapist, assistant, together) minutes by code -> (plain units, CO units), total-minutes method.

    Together counts as the therapist's. Where codes tie for the last unit, the first in order takes it.
    Source: CMS CO rule as in force from 2022-01-01.
    """
    for code, parts in minutes_by_code.items():
        if min(parts) < 0:
            raise CountersignError(f"minutes of {code} are negative", do="Correct the note's minutes")
    therapist = _as_services({code: t + both for code, (t, _, both) in minutes_by_code.items()})
    assistant = _as_services({code: a for code, (_, a, _) in minutes_by_code.items()})
    units = _total_allocations({code: therapist[code] + assistant[code] for code in therapist})[0]
    shares = {code: assistant_share(therapist[code], assistant[code], units[code]) for code in units}
    return _share_as_codes(shares, minutes_by_code)


def assistant_share(therapist: int, assistant: int, units: int) -> tuple[int, int]:
    """(plain units, CO units) of one code that was allotted `units`, given each person's own minutes."""
    plain, co = therapist // UNIT, assistant // UNIT
    left = units - plain - co
    if left >= 2:
        return plain + 1, co + left - 1
    if left == 1:
        own, other = therapist % UNIT, assistant % UNIT
        over_a_tenth = 10 * other > own + other
        return (plain, co + 1) if own < PAST_MIDPOINT and over_a_tenth else (plain + 1, co)
    return plain, co


def assistant_modifier_untimed(assistant: int, total: int) -> dict[str, bool]:
    """Whether an untimed service needs CO: the exact share and the two short cuts CMS published.

    Keys: "exact" (share above a tenth), "percent" (rounded percent of 11 or more), "minutes" (a tenth
    of the total, rounded, plus one minute or more). They can disagree: a person decides then.
    """
    if not 0 <= assistant <= total or total == 0:
        raise CountersignError(
            f"{assistant} assistant minutes of {total} in all cannot be", do="Correct the note's minutes"
        )
    return {
        "exact": 10 * assistant > total,
        "percent": _round_half_up(Fraction(100 * assistant, total)) >= 11,
        "minutes": assistant >= _round_half_up(Fraction(total, 10)) + 1,
    }


def _round_half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _as_services(minutes: Mapping[str, int]) -> dict[str, int]:
    """Codes to services: 97129 and 97130 become one."""
    services: dict[str, int] = {}
    for code, m in minutes.items():
        if m < 0:
            raise CountersignError(f"minutes of {code} are negative", do="Correct the note's minutes")
        service = COGNITIVE_SERVICE if code in COGNITIVE else code
        services[service] = services.get(service, 0) + int(m)
    return services


def _as_codes(units: dict[str, int], asked: Mapping[str, int]) -> dict[str, int]:
    """Services back to codes; one name for the cognitive service only where it was asked for so."""
    codes: dict[str, int] = {}
    for service, n in units.items():
        if service == COGNITIVE_SERVICE and service not in asked:
            codes.update({COGNITIVE[0]: min(n, 1), COGNITIVE[1]: n - min(n, 1)})
        else:
            codes[service] = n
    return {code: n for code, n in codes.items() if n}


def _share_as_codes(
    shares: dict[str, tuple[int, int]], asked: Mapping[str, tuple[int, int, int]]
) -> dict[str, tuple[int, int]]:
    """As `_as_codes` for (plain, CO): 97129 is the first unit, and whoever gave its minutes has it."""
    codes: dict[str, tuple[int, int]] = {}
    for service, (plain, co) in shares.items():
        if service == COGNITIVE_SERVICE and service not in asked:
            first = _first_cognitive(plain, co, asked.get(COGNITIVE[0], (0, 0, 0)))
            codes[COGNITIVE[0]] = first
            codes[COGNITIVE[1]] = (plain - first[0], co - first[1])
        else:
            codes[service] = (plain, co)
    return codes


def _first_cognitive(plain: int, co: int, minutes: tuple[int, int, int]) -> tuple[int, int]:
    """(plain, CO) of the one unit of 97129, of the units of the whole service."""
    own, assistant = minutes[0] + minutes[2], minutes[1]
    by_assistant = own < PAST_MIDPOINT and 10 * assistant > own + assistant
    return (0, 1) if co and (by_assistant or not plain) else (min(plain, 1), 0)
