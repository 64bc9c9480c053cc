"""Planted errors of modifiers that attest something: KX, 59, telehealth, notices of non-coverage, habilitation."""

from __future__ import annotations

from random import Random

from audit.demo.mistakes.kind import Kind, Slip, is_medicare
from audit.demo.records import Visit
from audit.demo.services import needs_separation, pairs_in

EARLY_DAYS = 4
"""Treatment days in which no patient of the demo comes near half of the yearly amount."""
CLINIC = "11"


def kx_too_early(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """KX by habit from the first weeks on."""
    if not is_medicare(visit) or visit.treatment_day > EARLY_DAYS or _most_modifiers(visit) > 3:
        return None
    for line in visit.lines:
        line.modifiers.append("KX")
    return Slip(f"KX on treatment day {visit.treatment_day}, far below the yearly amount", None)


def times_overlap(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    """59 stands, but by the note the two services of the pair began at the same time."""
    marked = [line for line in visit.lines if "59" in line.modifiers]
    if not needs_separation(visit) or not marked or not visit.clocked or not visit.linked:
        return None
    ((first, second),) = pairs_in({s.code for s in visit.services})
    one, other = (next(s for s in visit.services if s.code == code) for code in (first, second))
    other.start = one.start
    other.end = (one.start or 0) + other.minutes
    return Slip(f"59 on {marked[0].code}, but {first} and {second} began at the same time", marked[0])


def video_as_visit(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if visit.modality != "video":
        return None
    visit.place = CLINIC
    for line in visit.lines:
        line.modifiers.remove("95")
    return Slip("a visit by video is billed as one in the clinic", None)


def notices_at_odds(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    if not is_medicare(visit) or _most_modifiers(visit) > 2:
        return None
    line = rng.choice(visit.lines)
    line.modifiers += ["GA", "GZ"]
    return Slip(f"GA and GZ on {line.code}: a notice was given, and none was", line)


def modifier_expired(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """SZ on a child's line, which 96 replaced in 2018."""
    if visit.patient.family.name != "child" or _most_modifiers(visit) > 3:
        return None
    line = rng.choice(visit.lines)
    line.modifiers.append("SZ")
    return Slip(f"SZ on {line.code}, replaced by 96 in 2018", line)


def _most_modifiers(visit: Visit) -> int:
    return max((len(line.modifiers) for line in visit.lines), default=9)


KINDS = {
    "times_overlap": Kind("MOD-13", 3, times_overlap),
    "video_as_visit": Kind("MOD-15", 3, video_as_visit),
    "modifier_expired": Kind("MOD-21", 3, modifier_expired),
    "notices_at_odds": Kind("MOD-16", 3, notices_at_odds),
    "kx_too_early": Kind("MOD-08", 4, kx_too_early),
}
