"""Several visits in one text, parted at the headings that name the date of each."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re
from itertools import pairwise

from audit.extraction.dates import DATE, day_first, read_date

_DATED = re.compile(
    rf"^[ \t]*(?:[-*#=|]+[ \t]*)?(?:(?:date of (?:service|visit|treatment|session)|service date|visit date|session date|treatment date|DOS)\b[^\n\d]{{0,20}}|date[ \t]*[:|][ \t|]*|visit \d{{1,2}}\b[^\n\d]{{0,20}})(?P<d>{DATE})",
    re.I | re.M,
)
MOST_VISITS = 60
SEVERAL = "the document seems to hold several visits that cannot be told apart"


def parted(text: str) -> tuple[list[str], str]:
    """The text of each visit, with the head that they share before it; and why they cannot be parted, else "".

    Where they cannot be parted the whole text comes as one."""
    doubtful = day_first(text)
    marks = [(m, read_date(m["d"], day_first=doubtful)) for m in _DATED.finditer(text)]
    days = [day for _, day in marks]
    if len({day for day in days if day}) < 2:
        return [text], ""
    if None in days or len(days) > MOST_VISITS or len(set(days)) != len(days):
        return [text], SEVERAL
    starts = [_begin(text, m.start()) for m, _ in marks]
    head = text[: starts[0]].strip("\n")
    bodies = [text[a:b].strip("\n") for a, b in pairwise([*starts, len(text)])]
    if any(len(body.splitlines()) < 3 for body in bodies):
        return [text], SEVERAL
    return [f"{head}\n\n{body}" if head else body for body in bodies], ""


def _begin(text: str, at: int) -> int:
    """Where the visit begins: the lines right above its date, up to a blank line, belong to it."""
    gap = re.compile(r"\n[ \t]*\n")
    last = [m.end() for m in gap.finditer(text, 0, at)]
    return last[-1] if last else 0
