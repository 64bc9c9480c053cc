"""Planted errors of units: too many, on the wrong code, for no service, for too short a service."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from random import Random

from audit.demo.billing import allowed, billed
from audit.demo.chance import likely
from audit.demo.mistakes.kind import Answer, Kind, Slip, codes, without_assistant_rules
from audit.demo.records import Line, Visit
from audit.demo.services import pairs_in
from audit.demo.visits import days_of
from audit.units import COGNITIVE, supported_units, total_units


def days_with_two_claims(visits: list[Visit]) -> list[Visit]:
    return [visit for day in days_of(visits).values() if len(day) > 1 for visit in day]


def second_claims(visits: list[Visit]) -> Iterator[Answer]:
    """Two claims of one day, each right alone; pooled, the minutes support fewer units."""
    for day in days_of(visits).values():
        minutes, units = sum(v.timed for v in day), sum(sum(billed(v).values()) for v in day)
        if len(day) > 1 and units > total_units(minutes):
            right = total_units(minutes)
            what = f"two sessions on one day, {minutes} timed minutes: units supported {right}, billed {units}"
            yield from (Answer(visit, None, "second_claim", "UNIT-01", what, ()) for visit in day)


def units_over(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    lines = timed_lines(visit)
    if visit.payer.unit_method != "total" or not lines or not without_assistant_rules(visit):
        return None
    line = rng.choice(lines)
    line.units += 1
    right = total_units(visit.timed)
    return Slip(f"{visit.timed} timed minutes: units supported {right}, billed {_sum(visit)}", line)


def whole_units_misplaced(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """A code of 30 minutes or more keeps a unit less; now and then a code of 15 minutes keeps none."""
    if not _judged_by_total(visit):
        return None
    fewest = 2 if likely(rng, 94) else 1
    units = supported_units(visit.pool, "total")[0]
    for loser, winner in permutations([c for c in units if c not in COGNITIVE], 2):
        whole, lacking = visit.pool[loser] // 15, (units[winner] + 1) * 15 - visit.pool[winner]
        if units[loser] == whole >= fewest and lacking > 7:
            _move(visit, loser, winner)
            what = f"{loser} has {visit.pool[loser]} minutes, whole units: {whole}; one of them is billed as {winner}"
            return Slip(what, visit.line(winner), ("UNIT-04",))
    return None


def remainder_misplaced(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not _judged_by_total(visit):
        return None
    units, pool = supported_units(visit.pool, "total")[0], visit.pool
    for loser, winner in permutations([c for c in units if c not in COGNITIVE], 2):
        gained, kept_out = units[loser] > pool[loser] // 15, units[winner] == pool[winner] // 15
        if gained and kept_out and units[loser] > 1 and pool[winner] % 15 < pool[loser] % 15:
            _move(visit, loser, winner)
            left = f"{loser} {pool[loser] % 15} minutes, {winner} {pool[winner] % 15}"
            return Slip(f"the last unit is not billed for the larger remainder ({left})", visit.line(winner))
    return None


def code_not_in_note(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """Either a service more, without minutes in the note, or one code in place of another."""
    modality = {"hand": "97018", "shoulder": "G0283"}.get(visit.patient.family.name, "")
    if visit.note_type != "daily" or not without_assistant_rules(visit) or visit.modality == "video":
        return None
    if modality and modality not in {s.code for s in visit.services} and not pairs_in(codes(visit) | {modality}):
        line = Line(modality, 1, ["GO"])
        visit.lines.append(line)
        return Slip(f"{modality} is billed, the note has no such service", line)
    return _swap_code(rng, visit) if _judged_by_total(visit) else None


def _swap_code(rng: Random, visit: Visit) -> Slip | None:
    others = [c for c in visit.patient.family.codes if c not in visit.pool and c not in ("97760", "97763", "97129")]
    lines = timed_lines(visit)
    if not lines or not others:
        return None
    line, other = rng.choice(lines), rng.choice(others)
    if line.modifiers != ["GO"] or pairs_in(codes(visit) | {other}):
        return None
    given, line.code = line.code, other
    also = ("UNIT-03", "UNIT-04") if visit.pool[given] >= 15 else ("UNIT-04",)
    return Slip(f"{other} is billed, the note has {given} and no {other}", line, also)


def under_eight(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not _judged_by_total(visit) or len(visit.pool) != 1 or not 0 < visit.timed < 8:
        return None
    (code,) = visit.pool
    line = Line(code, 1, ["GO"])
    visit.lines.append(line)
    what = f"{visit.timed} minutes of {code} are the only timed service; under 8 earn no unit"
    return Slip(what, line, ("UNIT-01",))


def untimed_twice(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    for line in visit.lines:
        if line.code in ("97018", "G0283", "97150"):
            line.units = 2
            return Slip(f"{line.code} is paid once a day, whatever its minutes; 2 units are billed", line, ("UNIT-11",))
    return None


def midpoint_over(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """Billed as Medicare would have it, to a payer that counts each code alone."""
    if visit.payer.unit_method != "midpoint" or not visit.per_code or visit.note_type != "daily":
        return None
    right, pooled = allowed(visit)[0], supported_units(visit.pool, "total")[0]
    more = [code for code in pooled if pooled[code] > right.get(code, 0)]
    if not more or any(pooled.get(code, 0) < units for code, units in right.items()):
        return None
    for code in more:
        if not visit.has(code):
            visit.lines.append(Line(code, 0, list(visit.lines[0].modifiers)))
        visit.line(code).units = pooled[code]
    code = more[0]
    what = f"{code} alone, {visit.pool[code]} minutes: units earned {right.get(code, 0)}, billed {pooled[code]}"
    return Slip(what, visit.line(code))


def both_methods_fail(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    lines = timed_lines(visit)
    if visit.payer.unit_method != "unknown" or not visit.per_code or not lines:
        return None
    line = rng.choice(lines)
    line.units += 1
    most = max(sum(a.values()) for a in allowed(visit))
    return Slip(f"units supported by either method {most}, billed {_sum(visit)}", line)


def timed_lines(visit: Visit) -> list[Line]:
    return [line for line in visit.lines if line.code in visit.pool and line.code not in COGNITIVE]


def _judged_by_total(visit: Visit) -> bool:
    """By the total-minutes method, with minutes by code; no unit hangs on CO and no 59 on the codes."""
    plain = without_assistant_rules(visit) and not any("59" in line.modifiers for line in visit.lines)
    return visit.payer.unit_method == "total" and visit.per_code and plain


def _sum(visit: Visit) -> int:
    return sum(billed(visit).values())


def _move(visit: Visit, loser: str, winner: str) -> None:
    """Move one unit; a line without units goes."""
    visit.line(loser).units -= 1
    visit.line(winner).units += 1
    visit.lines = [line for line in visit.lines if line.units]


KINDS = {
    "under_eight": Kind("UNIT-06", 4, under_eight),
    "untimed_twice": Kind("UNIT-07", 5, untimed_twice),
    "whole_units_misplaced": Kind("UNIT-03", 5, whole_units_misplaced),
    "remainder_misplaced": Kind("UNIT-04", 5, remainder_misplaced),
    "code_not_in_note": Kind("UNIT-05", 6, code_not_in_note),
    "midpoint_over": Kind("UNIT-20", 8, midpoint_over),
    "both_methods_fail": Kind("UNIT-21", 5, both_methods_fail),
    "units_over": Kind("UNIT-01", 38, units_over),
}
