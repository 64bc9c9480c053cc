"""The component table of an evaluation: what the note says, what each level asks, which component limits."""

from __future__ import annotations

from audit.evaluations import Component, component_table
from pages.parts.markup import Markup, element, table

LEVELS = ["asks for low", "asks for moderate", "asks for high"]


def evaluation_table(parts: list[Component]) -> Markup:
    """Three rows with a tick at each level that the component reaches; the row that limits is marked."""
    rows = []
    for row in component_table(parts):
        name = element("strong", f"{row.name} ▸ limits") if row.limits else row.name
        asked = [f"✓ {said}" if met else said for said, met in zip(row.asked, row.met, strict=True)]
        rows.append([name, row.said or "not stated", *asked])
    return table(["component", "the note says", *LEVELS], rows, caption="Components of the evaluation level")
