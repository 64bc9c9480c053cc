"""What was billed against what is supported, with the arithmetic in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from audit.reviewing.evidence import Evidence
from audit.reviewing.worked import pooled_in_words
from pages.parts.markup import Markup, element, table
from pages.parts.words import count

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
        *[
            element("p", pooled_in_words(one), name="cs-sum")
            for one in evidence.days.to_dict("records")
            if one["pooled"]
        ],
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
