"""Frame, plan, seed and draw: a sample that a stranger can draw again.

In this order, each bound to the one before by SHA-256: the frame is frozen, the plan is fixed, the seed is
given, the sample is drawn. Nothing here looks at a result of review.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import ceil, sqrt
from typing import Literal, NamedTuple

from audit.errors import CountersignError, InputError, StateError

FLAGGED, UNFLAGGED = "flagged", "unflagged"
"""The strata of a plan by flag: claims with and without a finding of severity error."""
ALL = "all"
"""The one stratum of a simple plan."""
PLANNING_RATES = {FLAGGED: 0.5, UNFLAGGED: 0.02}
"""Guessed rates of claims in error for a first plan by flag; the last period's replace them."""
FLAGGED_SHARE = 0.4
"""Part of the draws that go to flagged claims in a watched plan: more finds a bad rate sooner and clears a good
one later (benchmarks/monitor.py: at .30, .40, .50 a true 8 % is found after 123, 109, 102, a true 2 % cleared after
217, 247, 291 reviews)."""
LEAST_SEED_DIGITS = 20
CENT = Decimal("0.01")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Line breaks and the like: Python versions quote them differently, so their frame has no one hash."""
SAVED_FRAME = "Use the frame's file as it was saved"


class FrameRow(NamedTuple):
    """One claim of the frame. `amount` is dollars and cents as text, "" when unknown; `excluded` is why the
    claim may not be drawn, "" when it may."""

    claim_id: str
    stratum: str
    amount: str
    excluded: str


@dataclass(frozen=True)
class Frame:
    """The claims a sample stands for, in byte order of their ids. Build it with `freeze`."""

    rows: tuple[FrameRow, ...]

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the UTF-8 bytes of `to_csv()`."""
        return _sha256(self.to_csv())

    @cached_property
    def eligible(self) -> dict[str, tuple[str, ...]]:
        """Stratum -> ids that may be drawn, both in byte order."""
        strata: dict[str, list[str]] = {}
        for row in self.rows:
            if not row.excluded:
                strata.setdefault(row.stratum, []).append(row.claim_id)
        return {stratum: tuple(strata[stratum]) for stratum in sorted(strata)}

    @property
    def size(self) -> int:
        """Number of claims that may be drawn."""
        return sum(map(len, self.eligible.values()))

    def to_csv(self) -> str:
        """Canonical CSV: header, LF, no BOM, RFC 4180 quotes only where needed. Write it with newline=""."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FrameRow._fields)
        writer.writerows(self.rows)
        return text.getvalue()

    @staticmethod
    def from_csv(text: str) -> Frame:
        """The frame in `text`; a BOM, CRLF or another order of rows is forgiven, as the content is the same.

        Raises InputError when the text is no frame, CountersignError as `freeze` does.
        """
        try:
            lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
        except csv.Error as error:
            raise InputError(f"the text is not CSV ({error})", where="frame", do=SAVED_FRAME) from error
        if not lines or tuple(lines[0]) != FrameRow._fields:
            wrong = f"the header is not {','.join(FrameRow._fields)}"
            raise InputError(wrong, where="frame, row 1", do=SAVED_FRAME)
        for number, line in enumerate(lines[1:], start=2):
            if len(line) != len(FrameRow._fields):
                wrong = f"{len(line)} columns instead of {len(FrameRow._fields)}"
                raise InputError(wrong, where=f"frame, row {number}", do=SAVED_FRAME)
        return freeze((a, b, c, d) for a, b, c, d in lines[1:])


def freeze(rows: Iterable[tuple[str, str, str | Decimal, str]]) -> Frame:
    """A frame from (claim_id, stratum, amount, excluded), in any order.

    Raises CountersignError for an id that is empty or there twice, a line break in a text, an amount that is
    not dollars and cents, or when no claim may be drawn. Rows are counted as in a file: the first is row 2.
    """
    checked = [_checked(number, *row) for number, row in enumerate(rows, start=2)]
    _refuse_repeats([row.claim_id for row in checked], "the frame")
    frame = Frame(tuple(sorted(checked, key=lambda row: row.claim_id.encode())))
    if frame.size == 0:
        raise CountersignError("no claim of the frame may be drawn", do="Load claims, or exclude fewer of them")
    return frame


def _checked(number: int, claim_id: str, stratum: str, amount: str | Decimal, excluded: str) -> FrameRow:
    where = f"frame, row {number}"
    if not claim_id:
        raise CountersignError("the claim id is empty", where=where, do="Give every claim an id")
    if CONTROL.search(claim_id + stratum + excluded):
        wrong = "a text holds a line break or another control character"
        raise CountersignError(wrong, where=where, do="Take it out at the source")
    return FrameRow(claim_id, stratum, _dollars(amount, where), excluded)


def _dollars(amount: str | Decimal, where: str) -> str:
    """Dollars and cents as text, one way of writing for one amount; "" stays unknown."""
    if amount == "":
        return ""
    try:
        value = Decimal(amount)
        cents = value.quantize(CENT)
    except InvalidOperation:
        value = cents = Decimal("NaN")
    if value != cents:  # finer than a cent, or no number at all: NaN differs from itself
        wrong = "the amount is not a number of dollars and cents"
        raise CountersignError(wrong, where=where, do="Write it as 120.50, or leave it empty when unknown")
    return str(cents + 0)  # adding nothing turns -0.00 into 0.00


def _refuse_repeats(claim_ids: list[str], place: str) -> None:
    repeated = sum(count > 1 for count in Counter(claim_ids).values())
    if repeated:
        is_there = "claim id is" if repeated == 1 else "claim ids are"
        wrong = f"{repeated:,} {is_there} in {place} more than once"
        raise CountersignError(wrong, do="List every claim once, whatever its number of lines")


class PlannedStratum(NamedTuple):
    """`n` of the `frame_size` claims that may be drawn in this stratum."""

    stratum: str
    frame_size: int
    n: int


@dataclass(frozen=True)
class Plan:
    """What will be drawn and how it will be judged, fixed before there is a seed.

    `confidence` and `tolerable_rate` are fractions. Build it with `simple_plan` or `flag_plan`.
    """

    kind: Literal["simple", "flag"]
    strata: tuple[PlannedStratum, ...]
    confidence: float
    tolerable_rate: float
    frame_sha256: str
    method: str
    stop_rule: str = "when every drawn claim is reviewed; a missing record counts as an error"

    @property
    def n(self) -> int:
        return sum(planned.n for planned in self.strata)

    @property
    def description(self) -> str:
        """The plan in one sentence of a manager's words."""
        size = sum(planned.frame_size for planned in self.strata)
        parts = [f"{p.n:,} of the {p.frame_size:,} {p.stratum}" for p in self.strata]
        split = "" if self.kind == "simple" else f" ({' and '.join(parts)})"
        return (
            f"Review {self.n:,} of {size:,} claims drawn at random{split}, all of them, then give the error "
            f"rate with a {100 * self.confidence:g} % interval beside the limit of "
            f"{100 * self.tolerable_rate:g} %."
        )

    @property
    def plan_sha256(self) -> str:
        """Hex SHA-256 of the UTF-8 bytes of `to_json()`."""
        return _sha256(self.to_json())

    def to_json(self) -> str:
        """Canonical JSON: keys sorted, no spaces, strata as [name, frame size, n]."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Plan:
        """The plan that `to_json` wrote. Raises InputError when the text is no plan."""
        try:
            fields = json.loads(text)
            strata = tuple(PlannedStratum(*planned) for planned in fields.pop("strata"))
            return Plan(strata=strata, **fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError("the text is not a saved plan", where="plan", do="Use it as saved") from error


def simple_plan(frame: Frame, n: int, *, confidence: float = 0.95, tolerable_rate: float = 0.05) -> Plan:
    """A plan that draws `n` claims from the whole frame, flagged or not alike."""
    _check_rates(confidence, tolerable_rate)
    _check_size(n, frame.size)
    strata = (PlannedStratum(ALL, frame.size, n),)
    return Plan("simple", strata, confidence, tolerable_rate, frame.sha256, "exact hypergeometric limits")


def flag_plan(
    frame: Frame,
    n: int,
    *,
    confidence: float = 0.95,
    tolerable_rate: float = 0.05,
    planning_rates: Mapping[str, float] = PLANNING_RATES,
) -> Plan:
    """A plan that draws `n` claims, shared between the strata "flagged" and "unflagged" by `allocate`.

    `planning_rates` are the rates of claims in error expected in each, from the last period where there is
    one. Raises CountersignError for other strata and for an `n` that does not fit.
    """
    _check_rates(confidence, tolerable_rate, *planning_rates.values())
    if not set(frame.eligible) <= {FLAGGED, UNFLAGGED}:
        wrong = f"the frame has strata other than {FLAGGED} and {UNFLAGGED}"
        raise CountersignError(wrong, do="Freeze it by flag, or take a simple plan")
    sizes = {stratum: len(ids) for stratum, ids in frame.eligible.items()}
    shares = allocate(sizes, n, {**PLANNING_RATES, **planning_rates})
    strata = tuple(PlannedStratum(stratum, size, shares[stratum]) for stratum, size in sizes.items())
    method = "MOVER on exact hypergeometric limits of each stratum"
    return Plan("flag", strata, confidence, tolerable_rate, frame.sha256, method)


def allocate(sizes: Mapping[str, int], n: int, rates: Mapping[str, float]) -> dict[str, int]:
    """Share `n` between strata of `sizes` claims each: Neyman's allocation, whole numbers that sum to `n`.

    Every stratum gets max(10, a quarter of n), as far as it and `n` reach; each further claim goes where it
    lowers the variance most: the largest N S / sqrt(n (n + 1)), S = sqrt(p (1 - p)), among those not used up.
    A rate counts as 1 % at least and 99 % at most. Source: Wright 2012, The American Statistician 66(4).
    """
    _check_size(n, sum(sizes.values()), least=len(sizes) or 1)
    floor = min(max(10, ceil(n / 4)), n // len(sizes))
    shares = {stratum: min(floor, size) for stratum, size in sizes.items()}
    planned = {stratum: min(max(rates[stratum], 0.01), 0.99) for stratum in sizes}
    weights = {stratum: size * sqrt(planned[stratum] * (1 - planned[stratum])) for stratum, size in sizes.items()}
    for _ in range(n - sum(shares.values())):
        open_strata = [stratum for stratum in sizes if shares[stratum] < sizes[stratum]]
        neediest = max(open_strata, key=lambda s: weights[s] / sqrt(shares[s] * (shares[s] + 1)))
        shares[neediest] += 1
    return shares


def _check_size(n: int, size: int, least: int = 1) -> None:
    if not least <= n <= size:
        wrong = f"a plan cannot draw {n:,} of {size:,} claims"
        raise CountersignError(wrong, do=f"Choose a number from {least:,} to {size:,}")


def _check_rates(*rates: float) -> None:
    if not all(0 < rate < 1 for rate in rates):
        wrong = "a confidence or a rate of the plan is not between 0 and 1"
        raise CountersignError(wrong, do="Write 95 % as 0.95 and 5 % as 0.05")


def new_seed() -> str:
    """A seed of 40 digits from the system's source of randomness, for the moment after the plan is fixed."""
    return f"{secrets.randbelow(10**40):040d}"


def check_seed(text: str) -> None:
    """Raises CountersignError unless `text` is digits 0-9 only, 20 of them or more."""
    if not re.fullmatch(rf"[0-9]{{{LEAST_SEED_DIGITS},}}", text):
        wrong = f"the seed is not {LEAST_SEED_DIGITS} digits or more and nothing else"
        raise CountersignError(wrong, do="Type digits without spaces, or let the system draw a seed")


def draw(claim_ids: Iterable[str], n: int, seed: str) -> list[str]:
    """The first `n` ids by ascending hex SHA-256 of seed + "," + id (UTF-8), ties by id.

    The order of `claim_ids` does not matter; a draw of n is the start of a draw of n + 1.
    Raises CountersignError when an id is there twice or `n` is below 0 or above the number of ids.
    """
    ids = list(claim_ids)
    _refuse_repeats(ids, "the list to draw from")
    if not 0 <= n <= len(ids):
        wrong = f"{n:,} claims cannot be drawn from {len(ids):,}"
        raise CountersignError(wrong, do=f"Choose a number from 0 to {len(ids):,}")
    return sorted(ids, key=lambda claim_id: (_sha256(f"{seed},{claim_id}"), claim_id))[:n]


@dataclass(frozen=True)
class Sample:
    """The claims to review: stratum -> ids in the order drawn, with what is needed to draw them again."""

    seed: str
    frame_sha256: str
    plan_sha256: str
    selected: Mapping[str, tuple[str, ...]]

    @property
    def claim_ids(self) -> tuple[str, ...]:
        return tuple(claim_id for ids in self.selected.values() for claim_id in ids)


def draw_sample(frame: Frame, plan: Plan, seed: str) -> Sample:
    """Draw what `plan` says from `frame`; excluded claims are never drawn.

    Raises StateError when the plan is not of this frame, CountersignError for a bad seed.
    """
    check_seed(seed)
    groups = frame.eligible
    if plan.kind == "simple":
        groups = {ALL: tuple(claim_id for ids in frame.eligible.values() for claim_id in ids)}
    planned = {p.stratum: p.frame_size for p in plan.strata}
    if plan.frame_sha256 != frame.sha256 or planned != {name: len(ids) for name, ids in groups.items()}:
        raise StateError("the plan was made for another frame", do="Draw from the frame the plan names")
    selected = {p.stratum: tuple(draw(groups[p.stratum], p.n, seed)) for p in plan.strata}
    return Sample(seed, frame.sha256, plan.plan_sha256, selected)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
