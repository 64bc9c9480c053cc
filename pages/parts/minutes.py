"""Minutes as bars: by service, along the clock, and by person against the units."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from html import escape
from typing import Any

import pandas as pd

from pages.parts.markup import Markup, bar, element, table

PARTS = {"therapist": "therapist_minutes", "together": "together_minutes", "assistant": "assistant_minutes"}
Row = Mapping[Hashable, Any]


def by_service(services: pd.DataFrame) -> Markup:
    """Documented services: code and label, a bar by person, minutes, by whom in words."""
    longest = int(services["minutes"].fillna(0).max())
    rows = [[_named(one), bar(parts(one), longest), _time(one["minutes"]), by_whom(one)] for one in _rows(services)]
    return table(["service", "by whom", "minutes", ""], rows, caption="Documented minutes", numbers=[2])


def along_the_clock(sessions: pd.DataFrame) -> Markup:
    """Services with a start and an end as bars on one clock; the times stand beside them in words."""
    told = sessions[(sessions["start_time"] != "") & (sessions["end_time"] != "")].sort_values("start_time")
    if told.empty:
        return Markup("")
    first, last = _clock(told["start_time"].min()), max(_clock(one) for one in told["end_time"])
    span = max(last - first, 1)
    rows = [[str(one["service"]), _on_clock(one, first, span), _times(one), by_whom(one)] for one in _rows(told)]
    return table(["service", "when", "", "by whom"], rows, caption="Along the clock")


def by_person(shares: pd.DataFrame) -> Markup:
    """Of each pooled service an assistant had a part in: minutes by person, and the units they support."""
    told = shares[shares["in_pool"] & shares["parts_known"] & (shares["assistant_minutes"].fillna(0) > 0)]
    if told.empty:
        return Markup("")
    longest = int(told["minutes"].max())
    rows = [
        [str(one["service"]), bar(parts(one), longest), by_whom(one), *_units_by_person(one)] for one in _rows(told)
    ]
    header = ["service", "therapist, together, assistant", "minutes", "units billed", "supported"]
    return table(header, rows, caption="Who furnished it: units without and with CO")


def parts(service: Row) -> list[tuple[str, int]]:
    """Minutes by person, those of nobody known as "unknown"."""
    told = [(who, int(service[column])) for who, column in PARTS.items() if pd.notna(service[column])]
    if not told and pd.notna(service["minutes"]):
        return [("unknown", int(service["minutes"]))]
    return told


def by_whom(service: Row) -> str:
    told = [f"{who} {minutes}" for who, minutes in parts(service) if minutes and who != "unknown"]
    return " + ".join(told) if len(told) > 1 else told[0].split()[0] if told else "not said"


def _rows(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.to_dict("records")


def _named(service: Row) -> Markup:
    label = element("span", f" {service['label']}", name="cs-label")
    return element("span", element("strong", str(service["service"])), label)


def _time(minutes: Any) -> Markup:
    return element("span", "–" if pd.isna(minutes) else f"{minutes} min", name="cs-whole")


def _units_by_person(one: Row) -> list[str]:
    def said(plain: int, co: int) -> str:
        return " + ".join(part for part in (str(plain) if plain or not co else "", f"{co} CO" if co else "") if part)

    billed = said(int(one["units"] - one["co_units"]), int(one["co_units"]))
    supported = said(int(one["supported_plain"]), int(one["supported_co"]))
    return [element("span", billed, name="cs-off") if billed != supported else billed, supported]


def _clock(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:5])


def _times(one: Row) -> Markup:
    return element("span", f"{one['start_time'][:5]}–{one['end_time'][:5]}", name="cs-whole")


def _on_clock(one: Row, first: int, span: int) -> Markup:
    start, end = _clock(one["start_time"]), _clock(one["end_time"])
    who = max(parts(one), key=lambda part: part[1], default=("unknown", 0))[0]
    place = f"margin-left:{100 * (start - first) / span:.1f}%;width:{100 * max(end - start, 0) / span:.1f}%"
    return element(
        "span", Markup(f'<span class="cs-bar-{escape(who)}" style="{place}"></span>'), name="cs-bar cs-clock"
    )
