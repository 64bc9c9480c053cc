"""Which services a visit holds and for how many minutes, so that its payer's method gives one clear answer."""

from __future__ import annotations

from random import Random

from audit.demo.chance import likely, weighted
from audit.demo.clinic import HARBOR
from audit.demo.records import Service, Visit
from audit.units import supported_units

PAIRS = {
    ("97140", "97018"),
    ("97760", "97110"),
    ("97760", "97112"),
    ("97760", "97140"),
    ("97763", "97110"),
    ("97763", "97112"),
    ("97763", "97140"),
}
"""(column 1, column 2) of the NCCI pairs in force that could meet in one visit; all allow a modifier."""
REMOTE_CODES = ("97110", "97112", "97530", "97535", "97129")
REEVALUATION_CODES = ("97110", "97112", "97140", "97530")
"""Codes that make no NCCI pair with 97168."""
LENGTHS = {2: (12, 35), 3: (8, 23), 4: (6, 17)}
"""Number of timed services -> fewest minutes of one, and the first number too many."""
SEPARATE_PERCENT = 85
"""Chance that a Medicare pair, once drawn, is kept and separated (with 59) instead of drawn again."""


def treat(rng: Random, visit: Visit) -> None:
    """Fill a visit with treatment; draws again until the payer's method settles the units."""
    while True:
        codes = _codes(rng, visit)
        services = _cognitive([Service(code, _minutes(rng, code, len(codes))) for code in codes])
        if _settled(visit, services):
            break
    visit.services = services
    visit.clocked = visit.clocked or needs_separation(visit)
    visit.patient.has_orthosis |= "97760" in codes


def add_after_evaluation(rng: Random, visit: Visit) -> None:
    """The few minutes of treatment that often follow an evaluation; some stay under eight and are not billed."""
    draw = rng.randrange(100)
    if draw < 40:
        return
    minutes = rng.randrange(4, 8) if draw < 62 else rng.randrange(9, 22)
    code = "97110" if "97110" in visit.patient.family.codes and likely(rng, 40) else "97535"
    visit.services.append(Service(code, minutes))


def add_to_reevaluation(rng: Random, visit: Visit) -> None:
    codes = [code for code in REEVALUATION_CODES if code in visit.patient.family.codes]
    while True:
        services = [Service(code, rng.randrange(9, 24)) for code in rng.sample(codes, 2)]
        if _settled(visit, services):
            visit.services += services
            return


def pairs_in(codes: set[str]) -> list[tuple[str, str]]:
    return sorted(pair for pair in PAIRS if set(pair) <= codes)


def needs_separation(visit: Visit) -> bool:
    """Whether a payer with Medicare's pair edits needs 59 on this visit."""
    codes = {s.code for s in visit.services}
    return visit.payer.pair_edits == "medicare" and bool(pairs_in(codes))


def _codes(rng: Random, visit: Visit) -> list[str]:
    group = visit.patient.family
    weights = dict(group.codes)
    if visit.modality == "video":
        weights = {code: w for code, w in weights.items() if code in REMOTE_CODES}
    weights.pop("97760" if visit.patient.has_orthosis else "97763", None)
    count = 2 if visit.helper else min(weighted(rng, {2: 18, 3: 54, 4: 28}), len(weights))
    codes: list[str] = []
    while len(codes) < count:
        codes.append(weighted(rng, weights))
        del weights[codes[-1]]
    if visit.modality != "video":
        codes = [m for m, percent in group.modalities.items() if likely(rng, percent)] + codes[:3]
    if _pairs_allowed(rng, visit, set(codes)):
        return codes
    return _codes(rng, visit)


def _pairs_allowed(rng: Random, visit: Visit, codes: set[str]) -> bool:
    """One pair at most, kept apart; none for Medicaid, whose own list this project does not hold."""
    found = pairs_in(codes)
    if not found or visit.payer.pair_edits == "none":
        return True
    if visit.payer.pair_edits != "medicare":
        return False
    alone = visit.per_code and visit.author == visit.patient.therapist and not visit.helper
    return alone and len(found) == 1 and len(codes) < 4 and likely(rng, SEPARATE_PERCENT)


def _minutes(rng: Random, code: str, count: int) -> int:
    if code == "97018":
        return rng.randrange(9, 13)
    if code == "G0283":
        return rng.randrange(12, 17)
    if code == "97035":
        return rng.randrange(8, 11)
    shortest, longest = LENGTHS[max(2, min(count, 4))]
    return rng.randrange(shortest, longest) + (6 if code == "97129" else 0)


def _cognitive(services: list[Service]) -> list[Service]:
    """97129 of 23 minutes or more is written as 15 minutes of 97129 and the rest of 97130."""
    written: list[Service] = []
    for service in services:
        written.append(service)
        if service.code == "97129" and (rest := service.therapist - 15) >= 8:
            service.therapist = 15
            written.append(Service("97130", rest))
    return written


def _settled(visit: Visit, services: list[Service]) -> bool:
    """At least one unit; and both methods agree where the payer's method is not known.

    97129 alone stays at 15 minutes or less: a second unit would be one of 97130, which the note must name.
    """
    if any(s.code == "97129" and s.minutes > 15 for s in services):
        return False
    pool = {s.code: s.minutes for s in services if s.timed}
    total, midpoint = supported_units(pool, "total"), supported_units(pool, "midpoint")
    if visit.payer == HARBOR:
        return total == midpoint != [{}]
    return (midpoint if visit.payer.unit_method == "midpoint" else total) != [{}]
