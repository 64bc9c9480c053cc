"""What went well, and what was upheld, by pattern and not by claim. Counts of reviewed claims, never a rate or a score.

Reviewed claims were drawn more often where a rule flagged something: "6 of 41" tells how often a pattern was seen,
not how often it happens.
"""

from __future__ import annotations

from calendar import day_name
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.feedback.direction import NEITHER, OVER, UNDER, WORDS
from audit.feedback.items import Feedback
from audit.rules import rule_book

SEEN_BY_PEOPLE = "An error that a person saw and no rule found."
TELLING = 4
"""Fewest claims of a pattern of which a day of the week is said."""
FAMILIES = {
    "units": "Units and minutes",
    "evaluations": "Evaluation level",
    "modifiers": "Modifiers",
    "notes": "Notes and plans of care",
    "claims": "The claim's form",
}
EVALUATIONS = ("97165", "97166", "97167", "97168")
COUNTED = "Counts of reviewed claims. Flagged claims are reviewed more often than others: these are no rates of error."


@dataclass(frozen=True)
class Pattern:
    """One rule, one way. `codes`: those it was upheld on; `claims`: with it, of `reviewed` ones that bill one of them;
    `days`: which day of the week stands out, in words ("" when none does); `decision_ids`: its verdicts, the newest
    visit first."""

    rule: str
    title: str
    codes: tuple[str, ...]
    direction: str
    claims: int
    reviewed: int
    days: str
    decision_ids: list[int]

    @property
    def sentence(self) -> str:
        on = f" ({', '.join(self.codes)})" if self.codes else ""
        days = f"; {self.days}" if self.days else ""
        claims = "claim" if self.reviewed == 1 else "claims"
        return f"{self.title.rstrip('.')}{on}: on {self.claims} of {self.reviewed} reviewed {claims}{days}."


def patterns(feedback: Feedback) -> list[Pattern]:
    """Those on most claims first, whichever way they point."""
    rows = feedback.standing
    found = [
        _pattern(feedback, [str(one) for one in key], part)
        for key, part in rows.groupby(["rule", "direction"], sort=True)
    ]
    return sorted(found, key=lambda one: -one.claims)


def _pattern(feedback: Feedback, key: list[str], part: pd.DataFrame) -> Pattern:
    rule, way = key
    book = rule_book()
    title = book[rule].title if rule in book else SEEN_BY_PEOPLE if not rule else f"Rule {rule}"
    reviewed = feedback.reviewed
    codes = tuple(sorted({str(code) for code in part["procedure_code"] if code}))
    bills = _billing(reviewed, codes) if codes else reviewed
    of_code = bills if set(part["claim_id"]) <= set(bills["claim_id"]) else reviewed
    each = part.drop_duplicates("claim_id")
    ids = [int(one) for one in part["decision_id"]]
    return Pattern(rule, title, codes, way, len(each), len(of_code), _days(each, of_code), ids)


def _billing(reviewed: pd.DataFrame, codes: Collection[str]) -> pd.DataFrame:
    """The claims that bill one of these codes."""
    bill = [bool(set(codes) & set(told)) for told in reviewed["procedure_codes"]]
    return reviewed[pd.Series(bill, index=reviewed.index, dtype="bool")]


def _days(each: pd.DataFrame, reviewed: pd.DataFrame) -> str:
    """The weekday on which more than half of the claims lie, where it holds a smaller part of all reviewed ones."""
    if len(each) < TELLING:
        return ""
    days = Counter(day_name[visit.weekday()] for visit in each["service_date"])
    day, most = days.most_common(1)[0]
    every = sum(day_name[visit.weekday()] == day for visit in reviewed["service_date"])
    if 2 * most <= len(each) or most * len(reviewed) <= every * len(each):
        return ""
    return f"{most} of the {len(each)} on {day}s, when {every} of the {len(reviewed)} were"


def by_direction(feedback: Feedback) -> dict[str, int]:
    """Claims with an upheld finding that points each way: billed too much, too little, neither. A claim can count in
    several."""
    rows = feedback.standing
    return {way: int(rows.loc[rows["direction"] == way, "claim_id"].nunique()) for way in (OVER, UNDER, NEITHER)}


@dataclass(frozen=True)
class Well:
    """Of `reviewed` claims that bore on it, `right` had nothing upheld of this family of rules."""

    family: str
    right: int
    reviewed: int

    @property
    def sentence(self) -> str:
        name = FAMILIES[self.family]
        if self.right == self.reviewed:
            claim = "the one reviewed claim" if self.reviewed == 1 else f"all {self.reviewed} reviewed claims"
            return f"{name}: nothing upheld on {claim}."
        return f"{name}: nothing upheld on {self.right} of {self.reviewed} reviewed claims."


def went_well(feedback: Feedback) -> list[Well]:
    """Families of rules by the share of claims that were right, the best first; none without a claim that was right."""
    book, rows, reviewed = rule_book(), feedback.standing, feedback.reviewed
    family_of = rows["rule"].map(lambda rule: book[rule].family if rule in book else "")
    found = []
    for family in FAMILIES:
        bears = reviewed
        if family == "evaluations":
            bears = _billing(reviewed, EVALUATIONS)
        wrong = set(rows.loc[family_of == family, "claim_id"]) & set(bears["claim_id"])
        if len(bears) > len(wrong):
            found.append(Well(family, len(bears) - len(wrong), len(bears)))
    return sorted(found, key=lambda one: -one.right / one.reviewed)


def in_short(feedback: Feedback) -> str:
    """How many claims were reviewed, and how many of them had nothing upheld at all."""
    number = len(feedback.reviewed)
    if not number:
        return "No review of a claim is finished yet."
    wrong = int(feedback.standing["claim_id"].nunique())
    claims = "claim" if number == 1 else "claims"
    sides = by_direction(feedback)
    told = f"{number} {claims} reviewed to the end; on {number - wrong} nothing was upheld."
    ways = ", ".join(f"{WORDS[way]}: {sides[way]}" for way in (OVER, UNDER, NEITHER))
    return f"{told} Claims with something upheld, by which way it points: {ways}." if wrong else told


def example_of(pattern: Pattern, feedback: Feedback) -> dict[str, Any]:
    """The item that shows a pattern best: the newest visit whose claim is still the current one, else the newest."""
    rows = feedback.items[feedback.items["decision_id"].isin(pattern.decision_ids)]
    current = rows[rows["is_current"].astype("bool")]
    best = (current if len(current) else rows).iloc[0]
    return {str(name): value for name, value in best.items()}
