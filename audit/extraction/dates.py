"""Dates and times of day as American notes write them."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re
from datetime import date

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
DATE = rf"(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d\d)\b|{_NAME} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{1,2}}(?:st|nd|rd|th)?[ -]{_NAME}[ -,]{{1,2}}\d{{4}})"
CLOCK = r"(?:[01]?\d|2[0-3])(?::?[0-5]\d)(?::[0-5]\d)?\s*(?:[ap]\.?m\b\.?)?"
CENTURY = 2000


def day_first(text: str) -> bool:
    """Whether a date of the text can only be day/month/year, which makes all of them doubtful."""
    return any(
        int(m[1]) > 12 >= int(m[2]) for m in re.finditer(r"(?<![\d/.-])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d\d)\b", text)
    )


def read_date(written: str, *, day_first: bool = False, born: bool = False) -> date | None:
    """A written date; month before day, as American notes have it. None when it is none or may be two."""
    text = written.strip().lower().replace(".", " ") if re.search("[a-z]", written, re.I) else written.strip()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
        if re.search("[a-z]", text):
            month = next(
                n
                for n, name in enumerate(_MONTHS, 1)
                if (w := re.search("[a-z]{3,}", re.sub(r"\d(?:st|nd|rd|th)", "", text))) and name.startswith(w[0][:3])
            )
            day, year = (int(n) for n in re.findall(r"\d+", text))
            return date(year, month, day)
        one, two, year = (int(n) for n in re.split(r"[/.-]", text))
        year += (CENTURY if year < 100 else 0) - (100 if born and year < 100 and year > 26 else 0)
        if one > 12 >= two:
            return date(year, two, one)
        return None if day_first and one != two and two <= 12 else date(year, one, two)
    except (ValueError, StopIteration):
        return None


def read_clock(written: str) -> str:
    """HH:MM of a time of day such as 5:04 PM, 17:04 or 1704; "" when it may be two."""
    m = re.match(r"(\d{1,2}):?([0-5]\d)(?::[0-5]\d)?\s*([ap])?", written.strip(), re.I)
    if not m:
        return ""
    hour, half = int(m[1]), (m[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return f"{hour:02}:{m[2]}" if half == "p" and 12 < hour < 24 else ""
        hour = hour % 12 + (12 if half == "p" else 0)
    elif hour < 7 and not m[1].startswith("0"):
        return ""
    return f"{hour:02}:{m[2]}" if hour < 24 else ""
