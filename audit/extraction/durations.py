"""Lengths of time in a text, in figures and words."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re
from dataclasses import dataclass

from audit.passages import ONES, TENS, number_of

WORD = rf"(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(list(ONES)[1:10])})\b)?|(?:{'|'.join(sorted(ONES, key=len, reverse=True))})"
NUMBER = rf"(?:(?<![a-zA-Z]-)\b(?:\d{{1,3}}|{WORD}))"
_MIN = r"(?:min(?:ute)?s?\b|['’′](?![\w\"]))"
_HOUR = r"(?:hours?|hrs?|h)\b"
_EXTRA = rf"(?:\s*(?:and|,|&)?\s*(?P<more>{NUMBER})[\s-]*{_MIN})?"
_FORMS = re.compile(
    rf"(?:(?P<low>{NUMBER})\s*(?:{_MIN}\s*)?(?:–|—|to|or| - )\s*|(?P<low_figure>\b\d{{1,3}})\s*(?:{_MIN}\s*)?-\s*)(?P<high>{NUMBER})[\s-]*{_MIN}"
    rf"|(?P<three>three[- ])?quarters?(?P<quarter>) (?:of )?an hour"
    rf"|(?:(?:a )?half (?:an )?|half-)(?P<half>)hour\b"
    rf"|(?:an|one|1) hour and a (?:(?P<and_half>half)|(?P<and_quarter>quarter))"
    rf"|(?P<hours>\b\d(?:\.\d{{1,2}})?|\b(?:an|one|two|three))[\s-]*{_HOUR}{_EXTRA}"
    rf"|(?P<minutes>{NUMBER})[\s-]*{_MIN}"
    rf"|\bmin(?:ute)?s?\.?\s*[:=]\s*(?P<after>\d{{1,3}})\b(?!\s*[/:])",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:\babout|\bapprox\w*\.?|\baround|\broughly|\bnearly|\balmost|~|≈|\bup to|\bat (?:least|most)|<|>|\bless than"
    r"|\bmore than|\bover|\bunder|\bmaximum of|\bminimum of|\bevery)\s*(?:an?\s+)?$",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\s*(?:[x×]\s*\d|each\b|apiece\b|per\b|/\s*(?:day|week|wk|hr|hour|set))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Duration:
    """`minutes` is None where the text does not say exactly how many: a range, about, so many each."""

    start: int
    end: int
    minutes: int | None


def durations(text: str, start: int = 0, end: int | None = None) -> list[Duration]:
    """Every length of time between `start` and `end`, in order."""
    end = len(text) if end is None else end
    return [_one(text, m, start) for m in _FORMS.finditer(text, start, end)]


def _one(text: str, m: re.Match[str], start: int) -> Duration:
    unsure = m["high"] or _ABOUT.search(text, max(start, m.start() - 24), m.start()) or _TIMES.match(text, m.end())
    return Duration(m.start(), m.end(), None if unsure else _minutes(m))


def _minutes(m: re.Match[str]) -> int | None:
    if m["quarter"] is not None:
        return 45 if m["three"] else 15
    if m["half"] is not None:
        return 30
    if m["and_half"] or m["and_quarter"]:
        return 90 if m["and_half"] else 75
    if m["hours"]:
        hours = 1.0 if m["hours"].lower() == "an" else _whole(m["hours"])
        total = hours * 60 + (number_of(m["more"]) if m["more"] else 0)
        return int(total) if total == int(total) else None
    return number_of(m["minutes"] or m["after"])


def _whole(written: str) -> float:
    return float(written) if written[0].isdigit() else float(number_of(written))
