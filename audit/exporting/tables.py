"""The tables of counts in a report, with the questions and answers that stand over them on the page *Error rates*."""

from __future__ import annotations

from audit import breakdowns, differences
from audit.exporting.sheets import Kind, Sheet, sheet
from audit.results import Results

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
DOLLARS: dict[str, str | tuple[str, Kind]] = {
    "side": "billed",
    "claims": "claims with an amount",
    "found": "in the sample",
    "projected": "in all claims",
    "lower": "at least (two-sided)",
    "upper": "at most",
}


def of_counts(now: Results, *, months: bool) -> list[Sheet]:
    """Strata, dollars, rules, therapists, payers and, where dates may stand, months; those without rows are left
    out."""
    found = [
        sheet("Sample", "What was drawn and reviewed?", "", STRATA, now.strata),
        sheet("Dollars", "What does it come to in dollars?", _dollars(now), DOLLARS, now.in_dollars),
        sheet("Rules", "Which rules do reviewers uphold?", breakdowns.rules_in_words(now.by_rule), RULES,
              breakdowns.with_titles(now.by_rule)),
        _therapists(now),
        sheet("Payers", "Whose payers' claims?", breakdowns.CAUTION, _groups("payer"), breakdowns.by_payer(now.claims)),
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


def _months(now: Results) -> Sheet:
    found = differences.by_month(now)
    answer = found.sentence if found else breakdowns.CAUTION
    return sheet("Months", "Is the rate moving?", answer, _groups("month of service"), breakdowns.by_month(now.claims))
