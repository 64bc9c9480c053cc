"""Planted errors of modifiers: discipline, assistant, 59."""

from __future__ import annotations

from collections import Counter
from random import Random

from audit.demo.billing import allowed
from audit.demo.mistakes.kind import Kind, Slip, codes, is_medicare, without_assistant_rules
from audit.demo.records import Line, Visit
from audit.demo.services import pairs_in
from audit.units import COGNITIVE

KEEPS_FROM_MASSAGE = {"97760", "97763", "97150", "97168"}
"""Codes that make a pair with 97124 of their own."""


def go_missing(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """On one line or on all; cognitive work is therapy only sometimes, and has a rule of its own."""
    always = [line for line in visit.lines if line.code not in COGNITIVE]
    if _co_lines(visit) or not always:
        return None
    return _without_go(visit, visit.lines if rng.randrange(2) else [rng.choice(always)], "GO is missing")


def go_missing_on_all(visit: Visit, what: str) -> Slip | None:
    if _co_lines(visit) or all(line.code in COGNITIVE for line in visit.lines):
        return None
    return _without_go(visit, visit.lines, what)


def _without_go(visit: Visit, lines: list[Line], what: str) -> Slip:
    for line in lines:
        line.modifiers.remove("GO")
    also = ("MOD-03",) if any(line.code in COGNITIVE for line in lines) else ()
    return Slip(what, lines[0] if len(lines) == 1 else None, also)


def wrong_discipline(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """GP (physical therapy) on an occupational therapist's lines, in place of GO or beside it."""
    if _co_lines(visit) or len(visit.lines) < 2:
        return None
    if rng.randrange(2):
        line = rng.choice(visit.lines)
        line.modifiers.append("GP")
        return Slip("GO and GP stand on one line", line)
    for line in visit.lines:
        line.modifiers[line.modifiers.index("GO")] = "GP"
    return Slip("GP in place of GO on an occupational therapist's claim", None, ("MOD-01",))


def co_missing(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """The assistant gave the whole visit, and no line says so."""
    if len(_co_lines(visit)) != len(visit.lines) or not visit.lines:
        return None
    for line in visit.lines:
        line.modifiers.remove("CO")
    return Slip(f"{visit.author.signature} gave all minutes, CO is missing", None)


def co_unwarranted(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    lines = [line for line in visit.lines if line.code in visit.pool]
    if not is_medicare(visit) or visit.by_assistant or not visit.per_code or not lines:
        return None
    line = rng.choice(lines)
    line.modifiers.append("CO")
    return Slip(f"CO on {line.code}, which the therapist alone gave", line)


def co_without_go(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """CO alone, or the physical-therapy assistant's CQ beside GO."""
    lines = _co_lines(visit)
    if not lines:
        return None
    use_cq = rng.randrange(2)
    for line in lines:
        line.modifiers = ["GO", "CQ"] if use_cq else ["CO"]
    if use_cq:
        return Slip("CQ, of physical therapy, stands beside GO", None, ("MOD-04",))
    return Slip("CO stands without GO", None, ("MOD-01",))


def co_not_split(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """Plain and CO units of one code merged into one CO line."""
    twice = [code for code, lines in Counter(line.code for line in visit.lines).items() if lines > 1]
    if not twice or len(allowed(visit)) > 1:
        return None
    plain, co = [line for line in visit.lines if line.code == twice[0]]
    visit.lines.remove(plain)
    what = f"{twice[0]} is billed on one line with CO: plain units {plain.units}, CO units {co.units}"
    co.units += plain.units
    return Slip(what, co, ("MOD-05",))


def pair_without_modifier(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    for line in visit.lines:
        if "59" in line.modifiers:
            line.modifiers.remove("59")
            ((first, second),) = pairs_in(codes(visit))
            return Slip(f"{first} and {second} are a pair; neither line has 59 although they were apart", line)
    return None


def needless_59(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """The old habit: 59 on 97530 beside 97140, a pair that is no longer in force."""
    if not is_medicare(visit) or not {"97530", "97140"} <= codes(visit) or pairs_in(codes(visit)):
        return None
    line = visit.line("97530")
    line.modifiers.insert(0, "59")
    return Slip("59 on 97530, and no pair in force that day", line)


def never_together(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """Massage in place of another service, beside manual techniques."""
    if not is_medicare(visit) or not visit.per_code or not without_assistant_rules(visit):
        return None
    others = [line for line in visit.lines if line.code in ("97110", "97112", "97530", "97535")]
    if not visit.has("97140") or not others or KEEPS_FROM_MASSAGE & codes(visit) or pairs_in(codes(visit)):
        return None
    line = rng.choice(others)
    service = next(s for s in visit.services if s.code == line.code)
    line.code = service.code = "97124"
    return Slip("97124 is never paid beside 97140", line)


def _co_lines(visit: Visit) -> list[Line]:
    return [line for line in visit.lines if "CO" in line.modifiers]


KINDS = {
    "co_not_split": Kind("MOD-07", 4, co_not_split),
    "pair_without_modifier": Kind("MOD-10", 5, pair_without_modifier),
    "never_together": Kind("MOD-12", 4, never_together),
    "needless_59": Kind("MOD-11", 4, needless_59),
    "co_missing": Kind("MOD-04", 5, co_missing),
    "co_without_go": Kind("MOD-06", 4, co_without_go),
    "co_unwarranted": Kind("MOD-05", 4, co_unwarranted),
    "go_missing": Kind("MOD-01", 5, go_missing),
    "wrong_discipline": Kind("MOD-02", 4, wrong_discipline),
}
