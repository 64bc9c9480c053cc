"""The correct claim for a visit: units by the payer's method, GO on every line, CO and 59 where they belong."""

from __future__ import annotations

from audit.demo.clinic import HARBOR, Payer
from audit.demo.records import Line, Service, Visit
from audit.demo.services import pairs_in
from audit.units import Method, assistant_modifier_untimed, assistant_units, supported_units

CHARGES = {
    "97165": 185, "97166": 185, "97167": 185, "97168": 120, "97110": 48, "97112": 52, "97124": 44,
    "97140": 46, "97530": 58, "97533": 60, "97535": 54, "97760": 70, "97763": 66, "97129": 45,
    "97130": 43, "97150": 35, "97018": 18, "97035": 26, "G0283": 22, "96125": 120,
}  # fmt: skip
"""The clinic's own prices, dollars a unit."""
PLACE_OF_SERVICE = {"in_person": "11", "video": "10"}


def bill(visit: Visit) -> None:
    """Fill `visit.lines` as rules.md would have it."""
    for service in visit.services:
        plain, co = _units(visit)[service.code] if service.timed else _untimed(service, visit.payer)
        visit.lines += [Line(service.code, units, modifiers) for units, modifiers in _split(plain, co) if units]
    _separate(visit)
    if visit.modality == "video":
        for line in visit.lines:
            line.modifiers.append("95")


def methods(payer: Payer) -> list[str]:
    """The unit methods to hold a claim against: both when the payer's is not known."""
    return ["total", "midpoint"] if payer == HARBOR else [payer.unit_method]


def allowed(visit: Visit) -> list[dict[str, int]]:
    """Every allocation of units that the payer's method supports for this visit alone."""
    return [a for method in methods(visit.payer) for a in supported_units(visit.pool, _method(method))]


def billed(visit: Visit) -> dict[str, int]:
    """Units of the 15-minute pool as billed, by code."""
    units: dict[str, int] = {}
    for line in visit.lines:
        if line.code in visit.pool:
            units[line.code] = units.get(line.code, 0) + line.units
    return units


def _method(name: str) -> Method:
    return "midpoint" if name == "midpoint" else "total"


def _units(visit: Visit) -> dict[str, tuple[int, int]]:
    """Timed code -> (plain units, CO units)."""
    if visit.payer.splits_assistant:
        parts = {s.code: (s.therapist, s.assistant, s.together) for s in visit.services if s.timed}
        shares = assistant_units(parts)
    else:
        shares = {code: (units, 0) for code, units in allowed(visit)[0].items()}
    return {code: shares.get(code, (0, 0)) for code in visit.pool}


def _untimed(service: Service, payer: Payer) -> tuple[int, int]:
    co = payer.splits_assistant and assistant_modifier_untimed(service.assistant, service.minutes)["exact"]
    return (0, 1) if co else (1, 0)


def _split(plain: int, co: int) -> list[tuple[int, list[str]]]:
    return [(plain, ["GO"]), (co, ["GO", "CO"])]


def _separate(visit: Visit) -> None:
    """59 on the column-2 line of a pair, where the payer has Medicare's edits."""
    if visit.payer.pair_edits == "medicare":
        for first, second in pairs_in({line.code for line in visit.lines}):
            if visit.has(first):
                visit.line(second).modifiers.insert(0, "59")
