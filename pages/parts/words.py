"""How values are written on screen."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

MARKS = {"error": "■", "warning": "▲", "info": "●", "untestable": "○"}
SEVERITY_WORDS = {"error": "error", "warning": "warning", "info": "note", "untestable": "not testable"}


def day(value: Any) -> str:
    """12 Mar 2026; "" when unknown."""
    if value is None or value is pd.NaT or value == "":
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    return f"{day(value)}, {value:%H:%M} UTC"


def dollars(value: Decimal | None) -> str:
    return "" if value is None else f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def over_under(over: Decimal | None, under: Decimal | None) -> str:
    """Both sides apart, never netted: "$22.21 over, $0.00 under"."""
    if over is None or under is None:
        return "Dollars not known"
    return f"{dollars(over)} over, {dollars(under)} under"


def number(value: Any, noun: str) -> str:
    """1 unit, 2 units; a dash when unknown."""
    if value is None or pd.isna(value):
        return "–"
    return f"{int(value):,} {noun}" if int(value) == 1 else f"{int(value):,} {noun}s"


def count(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else f"{int(value):,}"


def severity(word: str) -> str:
    return f"{MARKS[word]} {SEVERITY_WORDS[word]}"
