"""Rates of claims in error from a random sample, with honest intervals, and the words for them.

Rates, limits and confidence are fractions; intervals are two-sided. Claims found by screening are another
population and never enter. Method: both hypergeometric tails inverted; strata joined by MOVER (Zou and
Donner 2008), its coverage enumerated in `tests/test_estimates.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor, hypot, log, log1p
from typing import Literal

from audit.errors import CountersignError
from audit.estimates.distributions import hypergeometric_at_least, hypergeometric_at_most
from audit.estimates.hundreds import NOISE, hundreds

Stratum = tuple[int, int, int]
"""(frame_size, sampled, errors), in claims."""
Part = tuple[Fraction, Fraction, Fraction]
"""Claims in error in one stratum: best estimate, lower and upper limit."""
Verdict = Literal["within", "above", "unknown"]
WANTED_HALF_WIDTH = 0.03
"""An interval this narrow (3 in 100 either way) is worth having even when the verdict stays open."""
STOPPING_RULE = "The limit is a rule for stopping, not an acceptable error rate."


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval, as fractions of the claims in the frame.

    `strata` and `confidence` are what it was made from, kept to say how many more reviews would help.
    """

    rate: float
    lower: float
    upper: float
    strata: tuple[Stratum, ...] = field(default=(), repr=False, compare=False)
    confidence: float = field(default=0.95, repr=False, compare=False)


def exact_limits(errors: int, sampled: int, frame_size: int, confidence: float = 0.95) -> tuple[int, int]:
    """Fewest and most claims in error in the frame that fit `errors` among `sampled`, both counts inclusive.

    A number fits when neither hypergeometric tail at the observed count is a/2 or less, a = 1 - confidence.
    A whole frame sampled gives the count itself twice. Raises CountersignError for counts that cannot be.
    """
    _check(errors, sampled, frame_size, confidence)
    if sampled == frame_size:
        return errors, errors
    tail = (1 - confidence) / 2 * (1 + NOISE)
    possible = range(errors, frame_size - (sampled - errors) + 1)

    def fits_below(in_error: int) -> bool:
        return hypergeometric_at_least(errors, frame_size, in_error, sampled) > tail

    def too_many(in_error: int) -> bool:
        return hypergeometric_at_most(errors, frame_size, in_error, sampled) <= tail

    lower = bisect_left(possible, True, key=fits_below)
    upper = bisect_left(possible, True, key=too_many) - 1
    return possible[lower], possible[upper]


def simple_rate(errors: int, sampled: int, frame_size: int, confidence: float = 0.95) -> Estimate:
    """The rate of a simple random sample with exact limits."""
    return stratified_rate([(frame_size, sampled, errors)], confidence)


def stratified_rate(strata: Iterable[Stratum], confidence: float = 0.95) -> Estimate:
    """The weighted rate of a stratified sample, by MOVER on the exact limits of each stratum.

    About 95 %, checked by enumeration: .94 and more in frames of thousands. In frames of hundreds, where much
    of a stratum is reviewed and few claims are wrong, the lower limit can be a claim or two too high.
    Strata without claims are left out. Raises CountersignError for counts that cannot be, for no claims at
    all, and for a stratum of which nothing was reviewed: its rate may be anything from 0 to 1.
    """
    given = tuple(strata)
    for frame_size, sampled, errors in given:
        _check(errors, sampled, frame_size, confidence)
    used = tuple(stratum for stratum in given if stratum[0])
    if not used:
        raise CountersignError("there are no claims to give a rate for", do="Freeze a frame with claims")
    empty = sum(sampled == 0 for _, sampled, _ in used)
    if empty:
        wrong = f"no rate can be given: nothing was reviewed in {empty} of {len(used)} strata"
        raise CountersignError(wrong, do="Review at least one drawn claim of every stratum")
    parts = [_part(size, sampled, Fraction(errors), confidence) for size, sampled, errors in used]
    return _mover(parts, used, confidence)


def _part(frame_size: int, sampled: int, errors: Fraction, confidence: float) -> Part:
    """The part of one stratum. Errors that are no whole number, as in a projection, lie between two counts."""
    fewest, most = exact_limits(floor(errors), sampled, frame_size, confidence)
    lower, upper = Fraction(fewest), Fraction(most)
    between = errors - floor(errors)
    if between:
        fewest, most = exact_limits(floor(errors) + 1, sampled, frame_size, confidence)
        lower, upper = lower + between * (fewest - lower), upper + between * (most - upper)
    return errors * frame_size / sampled, lower, upper


def _mover(parts: list[Part], strata: tuple[Stratum, ...], confidence: float) -> Estimate:
    size = sum(frame_size for frame_size, _, _ in strata)
    rate = float(sum(middle for middle, _, _ in parts) / size)
    below = hypot(*(float((middle - lower) / size) for middle, lower, _ in parts))
    above = hypot(*(float((upper - middle) / size) for middle, _, upper in parts))
    return Estimate(rate, rate - below, rate + above, strata, confidence)


def foreseen(strata: Iterable[tuple[int, int, float]], confidence: float = 0.95) -> Estimate:
    """The estimate a plan would end with, if each stratum's sample showed just the rate guessed for it.

    `strata` are (frame_size, planned, guessed rate). Half of `upper - lower` is the expected half-width, and no
    better than the guesses. Raises CountersignError for numbers or a rate that cannot be, or nothing planned.
    """
    given = [(size, planned, Fraction(str(rate)) * planned) for size, planned, rate in strata]
    whole = tuple((size, planned, ceil(errors)) for size, planned, errors in given)
    if not all(planned for _, planned, _ in given):
        raise CountersignError("nothing is planned in a stratum", do="Plan at least one claim of each")
    estimate = _mover([_part(*stratum, confidence) for stratum in given], whole, confidence)
    return replace(estimate, strata=())


def verdict(estimate: Estimate, limit: float) -> Verdict:
    """Whether the whole interval lies within `limit`, above it, or neither."""
    if not 0 <= limit <= 1:
        raise CountersignError(f"a limit of {limit} is no rate", do="Write 5 % as 0.05")
    if round(estimate.upper - limit, 12) <= 0:  # the rounding takes out noise of floating point only
        return "within"
    return "above" if round(estimate.lower - limit, 12) > 0 else "unknown"


def further_reviews(estimate: Estimate, limit: float) -> int:
    """Fewest further reviews that would give a verdict, or narrow the interval to 3 points either way.

    Taken at the present rate of each stratum, shared as the sample was so far, by the same interval; found by
    bisection, so within a few reviews. 0 when the verdict is known; all that are left when nothing less would
    do. An interval that is narrow already is not offered again: then only the verdict counts.
    """
    if not estimate.strata:
        raise CountersignError("the estimate does not say what it was made from", do="Estimate it again")
    if verdict(estimate, limit) != "unknown":
        return 0
    left = sum(frame_size - sampled for frame_size, sampled, _ in estimate.strata)
    wide = _half_width(estimate) > WANTED_HALF_WIDTH

    def helps(further: int) -> bool:
        later = _projected(estimate, further)
        return verdict(later, limit) != "unknown" or (wide and _half_width(later) <= WANTED_HALF_WIDTH)

    return 1 + bisect_left(range(1, left), True, key=helps)


def _half_width(estimate: Estimate) -> float:
    return round((estimate.upper - estimate.lower) / 2, 12)


def _projected(estimate: Estimate, further: int) -> Estimate:
    """The estimate after `further` reviews, were every stratum to go on at its present rate."""
    strata = sorted(estimate.strata, key=lambda s: Fraction(s[0], s[1]))
    weight = sum(sampled for _, sampled, _ in strata)
    to_share = weight + further
    parts = []
    for frame_size, sampled, errors in strata:  # the stratum first used up comes first: the rest share the rest
        share = min(frame_size, ceil(Fraction(to_share * sampled, weight)))
        to_share, weight = to_share - share, weight - sampled
        parts.append(_part(frame_size, share, Fraction(errors * share, sampled), estimate.confidence))
    return _mover(parts, tuple(strata), estimate.confidence)


def in_words(estimate: Estimate, sampled: int, frame_size: int, limit: float) -> str:
    """What a manager reads: what was checked, the rate of claims in error, its range, and what follows.

    An estimate that does not say what it was made from is taken as one simple sample.
    """
    _check(0, sampled, frame_size, estimate.confidence)
    made_from = estimate.strata or ((frame_size, sampled, round(estimate.rate * sampled)),)
    if [sum(column) for column in list(zip(*made_from, strict=True))[:2]] != [frame_size, sampled]:
        wrong = "the estimate was made from other numbers of claims than those to be named"
        raise CountersignError(wrong, do="Name the numbers of the sample it came from")
    answer = _answer(replace(estimate, strata=made_from), limit)
    rate, lower, upper = per_hundred(estimate, limit)
    if sampled == frame_size:
        found = f"We checked all {frame_size:,} claims by hand: {rate} in 100 have a billing error."
    else:
        found = (
            f"We checked {sampled:,} of {frame_size:,} claims by hand. Best estimate: {rate} in 100 have a "
            f"billing error; it could reasonably be {lower} to {upper} in 100."
        )
    return f"{found} {answer} {STOPPING_RULE}"


def _answer(estimate: Estimate, limit: float) -> str:
    known, shown = verdict(estimate, limit), f"{100 * limit:g}"
    if known != "unknown":
        return f"That is {known} your limit of {shown}."
    further = further_reviews(estimate, limit)
    left = sum(frame_size - sampled for frame_size, sampled, _ in estimate.strata)
    about = min(left, _rounded_up(further))
    if about == left:
        more = f"only reviewing the whole frame, {left:,} more, would tell"
    elif verdict(_projected(estimate, further), limit) != "unknown":
        more = f"about {about:,} more review{'s' * (about > 1)} would tell, if the rate stays as it is"
    else:
        width = f"{100 * WANTED_HALF_WIDTH:g}"
        more = f"about {about:,} more review{'s' * (about > 1)} would narrow it to {width} either way"
    return f"That is not enough to say whether you are under your limit of {shown}: {more}."


def _rounded_up(count: int) -> int:
    """Two figures are as much as "about" can bear."""
    step: int = 10 ** max(0, len(str(count)) - 2)
    return ceil(count / step) * step


def per_hundred(estimate: Estimate, limit: float) -> list[str]:
    """Rate, lower and upper per 100 claims, as `hundreds` writes them."""
    return hundreds([estimate.rate, estimate.lower, estimate.upper], limit)


def discovery_size(frame_size: int | None, tolerable_rate: float, risk: float = 0.05) -> int:
    """Smallest sample that, without an error in it, leaves at most `risk` that the rate is above tolerable.

    `frame_size` None is a frame too large to matter (59 for 5 %). A frame above tolerable has at least
    floor(rate * size) + 1 claims in error.
    """
    if not (0 < tolerable_rate < 1 and 0 < risk < 1):
        raise CountersignError("a rate or risk is not between 0 and 1", do="Write 5 % as 0.05")
    if frame_size is None:
        return ceil(log(risk) / log1p(-tolerable_rate) - NOISE)
    if frame_size < 1:
        raise CountersignError("a frame without claims cannot be sampled", do="Freeze a frame with claims")
    too_many = int(Fraction(str(tolerable_rate)) * frame_size) + 1

    def enough(sampled: int) -> bool:
        return hypergeometric_at_most(0, frame_size, too_many, sampled) <= risk * (1 + NOISE)

    return bisect_left(range(frame_size), True, key=enough)


def _check(errors: int, sampled: int, frame_size: int, confidence: float) -> None:
    if not 0 <= errors <= sampled <= frame_size:
        wrong = f"{errors:,} errors in {sampled:,} of {frame_size:,} claims cannot be"
        raise CountersignError(wrong, do="Errors are among the reviewed claims, those among the frame's")
    if not 0 < confidence < 1:
        raise CountersignError(f"a confidence of {confidence} is not between 0 and 1", do="Write 95 % as 0.95")
