"""Planted habits, each to be seen in the figures: units that creep up, a payer's claims without GO, totals left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from audit.demo.billing import allowed, billed
from audit.demo.clinic import DREXEL, HALLOWAY, NORTHLAKE
from audit.demo.mistakes.kind import Answer, Slip
from audit.demo.mistakes.modifiers import go_missing_on_all
from audit.demo.mistakes.units import timed_lines
from audit.demo.records import Visit

Alter = Callable[[Random, Visit], Slip | None]
CREEP = {7: 2, 8: 4, 9: 6, 10: 9}
"""Month -> claims with a unit too many of the therapist who drifts, beside those of `units_over`."""
WITHOUT_GO = {7: 31, 8: 23, 9: 21, 10: 23}
"""Month -> claims to Northlake without GO: since July its claims are written from a template that leaves it off."""
WITHOUT_TOTALS = {5: 18, 6: 26}
"""Month -> claims of the therapist who did not know that the note has to say all minutes of treatment, and was told at
the end of June."""


def of_habit(rng: Random, visits: list[Visit], spared: set[int]) -> Iterator[Answer]:
    """Errors that come back, month by month; `spared` grows by the claims at fault."""
    drifting = [v for v in visits if v.patient.therapist == HALLOWAY]
    northlake = [v for v in visits if v.payer == NORTHLAKE]
    told = [v for v in visits if v.patient.therapist == DREXEL == v.author]
    for kind, rule, of, counts, alter in (
        ("units_creep", "UNIT-20", drifting, CREEP, _one_more),
        ("template_without_go", "MOD-01", northlake, WITHOUT_GO, _without_go),
        ("totals_left_out", "DOC-02", told, WITHOUT_TOTALS, _without_total),
    ):
        for month, count in counts.items():
            in_month = [v for v in of if v.day.month == month and id(v) not in spared]
            for visit, slip in _altered(rng, in_month, count, alter):
                spared.add(id(visit))
                yield Answer(visit, slip.line, kind, rule, slip.what, slip.also)


def _altered(rng: Random, visits: list[Visit], count: int, alter: Alter) -> Iterator[tuple[Visit, Slip]]:
    left = count
    for visit in rng.sample(visits, len(visits)):
        if left and (slip := alter(rng, visit)):
            left -= 1
            yield visit, slip


def _one_more(rng: Random, visit: Visit) -> Slip | None:
    """To a payer that counts each code alone."""
    lines = timed_lines(visit)
    if visit.payer.unit_method != "midpoint" or visit.note_type != "daily" or not visit.per_code or not lines:
        return None
    line = rng.choice(lines)
    line.units += 1
    right, now = allowed(visit)[0].get(line.code, 0), billed(visit)[line.code]
    what = f"{line.code} alone, {visit.pool[line.code]} minutes: units earned {right}, billed {now}"
    return Slip(what, line)


def _without_go(_: Random, visit: Visit) -> Slip | None:
    return go_missing_on_all(visit, "GO is missing: the billing template for Northlake leaves it off")


def _without_total(_: Random, visit: Visit) -> Slip | None:
    if not visit.timed or not visit.linked or visit.helper:
        return None
    visit.stated_total = None
    return Slip("the note has no total of treatment minutes")
