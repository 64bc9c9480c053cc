"""What was billed against what is supported, with the arithmetic in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from audit.reviewing.evidence import Evidence
from pages.parts.markup import Markup, element, table
from pages.parts.words import count

METHODS = {"total": "total minutes", "midpoint": "midpoints", "unknown": "a method nobody has told yet"}
Row = Mapping[Hashable, Any]


def units(evidence: Evidence) -> list[Markup]:
    """Billed against supported, under the payer's method and the other one, and the pooled sum in words."""
    billed = evidence.services[evidence.services["units"] > 0]
    methods = dict(zip(evidence.days["day"], evidence.days["method"], strict=True))
    modifiers = evidence.lines.groupby("service")["modifiers"].agg(" / ".join)
    rows = [
        [one["service"], modifiers.get(one["service"], ""), *_units(one, methods.get(one["day"], "unknown"))]
        for one in billed.to_dict("records")
    ]
    used = set(methods.values())
    header = ["code", "modifiers", "billed", "documented", *[_method(name, used) for name in ("total", "midpoint")]]
    others = ", ".join(evidence.other_claims)
    return [
        element("h2", "What was billed, and what is supported", name="cs-section"),
        table(header, rows, caption="Units by code", numbers=[2, 3, 4, 5]),
        *[element("p", _pooled(one), name="cs-sum") for one in evidence.days.to_dict("records") if one["pooled"]],
        *([element("p", f"Counted together with the same day's claim {others}.", name="cs-small")] if others else []),
    ]


def _method(name: str, used: set[str]) -> str:
    says = {"total": "by total minutes", "midpoint": "by midpoints"}[name]
    return element("strong", f"{says} ✓") if used == {name} else says


def _units(one: Row, method: str) -> list[str]:
    """Units billed, minutes documented, units supported by total minutes and by midpoints."""
    if not one["in_pool"]:
        return [count(one["units"]), _minutes(one["minutes"]), "not pooled", "not pooled"]
    if pd.isna(one["minutes"]):
        return [count(one["units"]), "not by code", "–", "–"]
    total = str(one["least"]) if one["least"] == one["most"] else f"{one['least']} or {one['most']}"
    wrong = one["units"] > (one["midpoint"] if method == "midpoint" else one["most"])
    billed = element("span", str(one["units"]), name="cs-off") if wrong else str(one["units"])
    return [billed, _minutes(one["minutes"]), total, str(one["midpoint"])]


def _minutes(value: Any) -> str:
    return "–" if pd.isna(value) else element("span", f"{value} min", name="cs-whole")


def _pooled(one: Row) -> str:
    counts = f"This payer counts by {METHODS[one['method']]}."
    if pd.isna(one["minutes_high"]):
        return f"Units billed on this day: {one['units']}. The pooled minutes are not known. {counts}"
    over = int(one["units"]) - int(one["supported_high"])
    verdict = f"{over} over" if over > 0 else f"{-over} fewer than supported" if over < 0 else "as supported"
    minutes, units = int(one["minutes_high"]), int(one["supported_high"])
    table_row = f" ({15 * units - 7}–{15 * units + 7})" if units else " (under 8)"
    return (
        f"{minutes} min pooled = {units} unit{'' if units == 1 else 's'}{table_row} · {one['units']} billed · "
        f"{verdict}. {counts}"
    )
