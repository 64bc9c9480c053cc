"""Passages of a note's text that say what its fields say: minutes, totals, clock times, parts of an evaluation.

Nothing is taken from the text here: a passage only shows where the record's own values stand in it. Goals and plans
are no evidence of what was done, so a time in them is no passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES = {word: n for n, word in enumerate(_ONES.split())}
TENS = {word: 10 * n for n, word in enumerate(_TENS.split(), start=2)}
_WORD = f"(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(list(ONES)[1:10])}))?|{'|'.join(sorted(ONES, key=len, reverse=True))}"
_MINUTES = re.compile(rf"\b(\d{{1,3}}|{_WORD})(?:[\s-]?min(?:ute)?s?\b|['’])", re.IGNORECASE)
_UNIT = r"(?:\s?min(?:ute)?s?\b|['’])?"
_BOTH = re.compile(rf"\btimed\s?/\s?total\W{{0,2}}\s?\d{{1,3}}\s?/\s?\d{{1,3}}{_UNIT}", re.IGNORECASE)
_TIMED = re.compile(
    rf"\b(?:total timed|timed services took|timed)\W{{0,2}}\s?\d{{1,3}}{_UNIT}|\b\d{{1,3}}{_UNIT}\s?timed\b",
    re.IGNORECASE,
)
_TREATMENT = re.compile(
    rf"\b(?:total treatment|total)\s\d{{1,3}}\b{_UNIT}"
    rf"|\b\d{{1,3}}{_UNIT}\s?(?:tx\b|total min|of treatment|treatment|in all)",
    re.IGNORECASE,
)
_LOOKS_AHEAD = re.compile(
    r"(?:^|(?<=[.;|]\s)|(?<=\n))(?:the\s)?(?:short[- ]|long[- ]term\s)?"
    r"(?:goals?|aims?|plan(?:ned)?(?:\sfor\snext\stime)?|next(?:\svisit)?|then|p)\b\s?(?:[:/,.-]|set\b|to\b)[^.\n|]*",
    re.IGNORECASE,
)
ASSISTANCE = {"none": "no help", "min-mod": "minimal to moderate", "significant": "significant"}
PARTS_OF_EVALUATION = ("history_level", "performance_deficits", "decision_making", "comorbidities", "assistance")
_LEVEL = ("deficits", "history", "decision")
_OF_EVALUATION_RULES = {
    **dict.fromkeys(("EVAL-01", "EVAL-02", "EVAL-05"), _LEVEL),
    "EVAL-03": ("comorbidities", "assistance"),
    "EVAL-04": ("service", "treatment"),
    "EVAL-08": ("service",),
}
"""By rule, what in the note it rests on; the others rest on dates, plans and codes, and on no passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start` to `end` of a note; `about`: the services, or "timed", "treatment", "times", "history",
    "deficits", "decision", "comorbidities", "assistance"."""

    start: int
    end: int
    about: frozenset[str]


def passages(note: Mapping[str, Any], services: Iterable[Mapping[str, Any]]) -> list[Passage]:
    """Passages of `note["text"]` in their order, none overlapping.

    `note`: a row of the notes table. `services`: its services with `service`, `procedure_code`, `minutes` and the
    minutes by person.
    """
    text = note["text"] or ""
    found = [*_totals(text), *_of_evaluation(text, note), *_clock(text, note), *_minutes(text, list(services))]
    kept: list[Passage] = []
    for one in sorted(found, key=lambda p: (p.start, -p.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def number_of(word: str) -> int:
    """A number in figures or words, below 100 in words."""
    if word.isdigit():
        return int(word)
    tens, _, ones = word.lower().replace("-", " ").partition(" ")
    return TENS.get(tens, 0) + ONES.get(ones or tens, 0) if tens in TENS else ONES[tens]


def _totals(text: str) -> list[Passage]:
    """Where the totals are told; shown even when the field says another number."""
    told = [({"timed", "treatment"}, _BOTH), ({"timed"}, _TIMED), ({"treatment"}, _TREATMENT)]
    return [Passage(*m.span(), frozenset(names)) for names, pattern in told for m in pattern.finditer(text)]


def _clock(text: str, note: Mapping[str, Any]) -> list[Passage]:
    ends = [note.get(name) or "" for name in ("start_time", "end_time")]
    if not all(ends):
        return []
    between = re.compile(rf"{re.escape(ends[0][:5])}.{{1,7}}?{re.escape(ends[1][:5])}")
    return [Passage(*m.span(), frozenset({"times"})) for m in between.finditer(text)]


def _minutes(text: str, services: list[Mapping[str, Any]]) -> list[Passage]:
    """Times that are the minutes of a service or a person's share of it. Where the text between two times names a
    code, only that service is meant."""
    ahead = [m.span() for m in _LOOKS_AHEAD.finditer(text)]
    times = [m for m in _MINUTES.finditer(text) if not any(a <= m.start() < b for a, b in ahead)]
    found = []
    for start, m in zip([0, *(m.end() for m in times)], times, strict=False):
        minutes = number_of(m[1])
        meant = [one for one in services if minutes in _told(one)]
        named = [one for one in meant if str(one["procedure_code"]) in text[start : m.end()]]
        if meant:
            found.append(Passage(*m.span(), frozenset(str(one["service"]) for one in named or meant)))
    return found


def _told(service: Mapping[str, Any]) -> set[int]:
    parts = ("minutes", "therapist_minutes", "assistant_minutes", "together_minutes")
    return {int(service[name]) for name in parts if pd.notna(service[name]) and service[name]}


def _of_evaluation(text: str, note: Mapping[str, Any]) -> list[Passage]:
    told = {name: str(note.get(name) or "") for name in PARTS_OF_EVALUATION}
    said = [
        ("history", told["history_level"]),
        ("decision", f"decision making of {told['decision_making']}" if told["decision_making"] else ""),
        ("comorbidities", "comorbidit" if told["comorbidities"] in ("may", "present") else ""),
        ("assistance", ASSISTANCE.get(told["assistance"], "")),
        *[("deficits", one) for one in told["performance_deficits"].split(";") if not one.strip().isdigit()],
    ]
    found = [
        (part, re.search(rf"\b{re.escape(words.strip())}\w*", text, re.I)) for part, words in said if words.strip()
    ]
    return [Passage(*m.span(), frozenset({part})) for part, m in found if m]


def rests_on_level(rule: str) -> bool:
    """Whether a finding of this rule is about the level of an evaluation, and so about its components."""
    return set(_OF_EVALUATION_RULES.get(rule, ())) & {*_LEVEL, "comorbidities"} != set()


def about(rule: str, service: str) -> list[str]:
    """What the passages are about that a finding of this rule on this service rests on, the nearest first."""
    family = rule.partition("-")[0]
    if family == "EVAL":
        return [service if one == "service" else one for one in _OF_EVALUATION_RULES.get(rule, ())]
    if rule in ("UNIT-01", "UNIT-02", "UNIT-08"):
        return ["timed", "treatment", service]
    return [service, "timed"] if family in ("UNIT", "MOD") else []
