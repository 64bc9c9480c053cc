"""The tables of counts in a report, with the questions and answers that stand over them on the page *Error rates*."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Engine

from audit.estimates import per_hundred
from audit.estimates.ratios import Share
from audit.exporting.sheets import Kind, Sheet, sheet
from audit.figures import accuracies, breakdowns, differences, upheld
from audit.figures.accuracies import Part
from audit.figures.drawn_lines import drawn_lines
from audit.figures.results import Results

COUNT: Kind = "count"
STRATA: dict[str, str | tuple[str, Kind]] = {
    "stratum": "stratum",
    "frame_size": ("claims in the frame", COUNT),
    "drawn": ("drawn", COUNT),
    "reviewed": ("reviewed", COUNT),
    "in_error": ("in error", COUNT),
}
RULES: dict[str, str | tuple[str, Kind]] = {
    "rule": "rule",
    "title": "what it finds",
    "upheld": ("upheld", COUNT),
    "dismissed": ("dismissed", COUNT),
    "open": ("open", COUNT),
}
RATES: dict[str, str | tuple[str, Kind]] = {
    "group": "therapist",
    "reviewed": ("reviewed", COUNT),
    "in_error": ("in error", COUNT),
    "says": "rate of all their claims",
}
ACCURACIES: dict[str, str | tuple[str, Kind]] = {
    "what": "counted",
    "says": "in error, with its interval",
    "claims": ("from reviewed claims", COUNT),
}
DOLLARS: dict[str, str | tuple[str, Kind]] = {
    "side": "billed",
    "claims": "claims with an amount",
    "found": "in the sample",
    "projected": "in all claims",
    "lower": "at least (two-sided)",
    "upper": "at most",
}


def of_counts(engine: Engine, now: Results, *, months: bool) -> list[Sheet]:
    """The three accuracies, strata, dollars, rules, therapists, payers, codes and, where dates may stand, months; those
    without rows are left out."""
    lines = drawn_lines(engine, now)
    found = [
        *([_accuracies(engine, now, lines)] if now.estimate else []),
        sheet("Sample", "What was drawn and reviewed?", "", STRATA, now.strata),
        sheet("Dollars", "What does it come to in dollars?", _dollars(now), DOLLARS, now.in_dollars),
        sheet("Rules", "Which rules do reviewers uphold?", breakdowns.rules_in_words(now.by_rule), RULES,
              breakdowns.with_titles(now.by_rule)),
        _therapists(now),
        _payers(now, lines),
        *([_rates(now, lines, "code", "code")] if now.estimate else []),
        *([_months(now)] if months else []),
    ]  # fmt: skip
    return [one for one in found if one.rows]


def _groups(group: str) -> dict[str, str | tuple[str, Kind]]:
    return {"group": group, "says": "reviewed claims in error", "drawn": ("claims drawn", COUNT)}


def _dollars(now: Results) -> str:
    return now.dollars.sentence if now.dollars else ""


def _therapists(now: Results) -> Sheet:
    groups = differences.by_therapist(now)
    if groups is None:
        rows = breakdowns.by_therapist(now.claims)
        return sheet("Therapists", "Whose claims?", breakdowns.CAUTION, _groups("therapist"), rows)
    question = "Does a therapist's rate differ by more than chance?"
    return sheet("Therapists", question, groups.sentence, RATES, groups.rows)


def _accuracies(engine: Engine, now: Results, lines: pd.DataFrame) -> Sheet:
    """By claim, by code and by dollars, each named."""
    priced = upheld.with_billed(engine, now.claims)
    counted = {f"{by}s": accuracies.accuracy(now, lines, Part(), by) for by in ("claim", "code")}
    sides = accuracies.dollar_accuracy(now, priced, lines, Part())
    counted |= {f"dollars billed too {word}": sides[side] for side, word in (("over", "much"), ("under", "little"))}
    rows = [
        {
            "what": what,
            "says": _says(now, what, one),
            "claims": one.claims if one else None,
        }
        for what, one in counted.items()
    ]
    without = int(priced["billed"].isna().sum())
    answer = (
        "Three counts of one sample, each with its own interval: claims, codes (claim lines), and dollars of those "
        f"billed. {without:,} claims without a price for what they bill are left out of the dollars."
    )
    question = "How much is in error, by claim, by code and by dollars?"
    return sheet("Accuracies", question, answer, ACCURACIES, pd.DataFrame(rows))


def _says(now: Results, what: str, share: Share | None) -> str:
    """Of all claims, the interval is that of the answer, whose limits are rounded outwards."""
    if share is None:
        return "nothing to tell it from"
    if what == "claims" and now.estimate and share.lower != share.upper:
        return "about {} in 100, reasonably {} to {}".format(*per_hundred(now.estimate, now.limit))
    return accuracies.too_few(share) or accuracies.in_words(share, now.limit)


def _payers(now: Results, lines: pd.DataFrame) -> Sheet:
    if now.estimate:
        return _rates(now, lines, "payer", "claim")
    return sheet("Payers", "Which payer?", breakdowns.CAUTION, _groups("payer"), breakdowns.by_payer(now.claims))


def _rates(now: Results, lines: pd.DataFrame, name: str, by: str) -> Sheet:
    """Weighted rates of each payer or code, as the page gives them."""
    found = accuracies.groups(now, lines, Part(), name, by)
    columns: dict[str, str | tuple[str, Kind]] = {
        "group": name,
        "reviewed": (f"{by}s reviewed", COUNT),
        "in_error": ("in error", COUNT),
        "says": f"rate of all {by}s",
    }
    return sheet(f"{name.capitalize()}s", f"Which {name}?", accuracies.groups_in_words(found, by), columns, found)


def _months(now: Results) -> Sheet:
    found = differences.by_month(now)
    answer = found.sentence if found else breakdowns.CAUTION
    return sheet("Months", "Is the rate moving?", answer, _groups("month of service"), breakdowns.by_month(now.claims))
