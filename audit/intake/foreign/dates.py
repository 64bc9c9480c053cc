"""Dates and times as other programs write them. Whether day or month comes first is found in the values or asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

FORMS = {
    "%Y-%m-%d": "2026-03-12",
    "%m/%d/%Y": "month first, 03/12/2026",
    "%d/%m/%Y": "day first, 12/03/2026",
    "%m/%d/%y": "month first, 03/12/26",
    "%d/%m/%y": "day first, 12/03/26",
    "%Y/%m/%d": "2026/03/12",
    "%Y%m%d": "20260312",
    "%m%d%Y": "month first, 03122026",
    "%d%m%Y": "day first, 12032026",
    "%d %b %Y": "12 Mar 2026",
    "%b %d %Y": "Mar 12, 2026",
    "serial": "46093, days as a spreadsheet counts them",
}
"""Form -> how 12 March 2026 is written in it. "/", "-", "." and spaces between the parts are taken for one another."""
_TIME = re.compile(r"[ T]+(\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?) *([AaPp])?\.?[Mm]?\.?$")
_FIRST_DAY = date(1899, 12, 30)
"""Day 0 of a spreadsheet, as its days after February 1900 are counted."""


def iso(value: str, form: str) -> str | None:
    """The date as YYYY-MM-DD, None when it is not written in `form`. A time of day behind it is left out."""
    return _iso(_day_part(value), form)


@lru_cache(maxsize=100_000)
def _iso(value: str, form: str) -> str | None:
    if form == "serial":
        whole = re.fullmatch(r"([1-6]\d{4})(\.\d+)?", value)
        return (_FIRST_DAY + timedelta(days=int(whole[1]))).isoformat() if whole else None
    sign = {"%Y-%m-%d": "-", "%Y/%m/%d": "/"}.get(form, "/" if "/" in form else " " if " " in form else "")
    spelt = re.sub(r"[\s,./-]+", sign, value) if sign else value
    if re.search(r"%[mdYb]", form) and not sign and len(value) != 8:
        return None
    if "%y" in form and not re.search(r"\D\d\d$", spelt):
        return None
    for one in (form, form.replace("%b", "%B")):
        try:
            return datetime.strptime(spelt, one).date().isoformat()  # noqa: DTZ007  a calendar date has no zone
        except ValueError:
            continue
    return None


def _day_part(value: str) -> str:
    return _TIME.sub("", value.strip())


def moment(value: str, form: str) -> str | None:
    """A date with its time as YYYY-MM-DDTHH:MM[:SS]; the date alone where no time stands."""
    day, told = iso(value, form), _TIME.search(value.strip())
    if day is None or not told:
        return day
    time = clock("".join(part or "" for part in told.groups()) + ("m" if told[2] else ""))
    return time and f"{day}T{time}"


def clock(value: str) -> str | None:
    """A time of day as HH:MM[:SS]. "2:30" without a.m. or p.m. is none: it may be the afternoon."""
    told = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)? *(?:([AaPp])\.?[Mm]\.?)?", value.strip())
    if not told:
        return None
    hour, half = int(told[1]), (told[4] or "").lower()
    if (half and not 1 <= hour <= 12) or (not half and len(told[1]) < 2):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{told[2]}" + (f":{told[3]}" if told[3] else "")


class Forms:
    """Which forms the values of a column are written in. Look at every value: a single one may tell day from month."""

    def __init__(self) -> None:
        self.fits = dict.fromkeys(FORMS, 0)
        self.values = 0
        self._seen: dict[str, dict[str, str]] = {}
        self._differ: set[frozenset[str]] = set()

    def look(self, value: str) -> None:
        part = _day_part(value)
        self.values += 1
        found = self._seen.get(part)
        if found is None:
            found = {form: day for form in FORMS if (day := _iso(part, form))}
            if len(self._seen) < 20_000:
                self._seen[part] = found
        for form in found:
            self.fits[form] += 1
        if len(set(found.values())) > 1:
            self._differ |= {frozenset((a, b)) for a in found for b in found if found[a] != found[b]}

    @property
    def likely(self) -> tuple[str, ...]:
        """No form: these are no dates. One: all agree. Several: nobody can tell, a person has to."""
        most = max(self.fits.values())
        if not most or 2 * most < self.values:
            return ()
        best = [form for form, number in self.fits.items() if number == most]
        rest = [form for form in best[1:] if frozenset((best[0], form)) in self._differ]
        return (best[0], *rest)


def likely_forms(values: Iterable[str]) -> tuple[str, ...]:
    """As `Forms.likely`, of values at hand; empty ones do not count."""
    forms = Forms()
    for value in values:
        if value.strip():
            forms.look(value)
    return forms.likely
