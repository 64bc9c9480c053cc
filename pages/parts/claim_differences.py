"""Adjudication: only what the two reviews differ on, side by side."""

from __future__ import annotations

import json

from audit.reviewing.review import REASONS
from pages.parts.claim_findings import VERDICTS, corrected_line
from pages.parts.claim_units import Row
from pages.parts.markup import Markup, element

SIDES = {"first": "First review", "second": "Second review"}


def difference(one: Row) -> Markup:
    """What each of the two decided, with their reasons. `one`: a row of `second_review.differences`."""
    return element("div", *[_side(one, side) for side in SIDES], name="cs-sides")


def _side(one: Row, side: str) -> Markup:
    if not one[f"{side}_decision"]:
        return element("div", element("h3", SIDES[side]), element("p", "reported nothing here"))
    lines = [corrected_line(**line) for line in json.loads(one[f"{side}_corrected"] or "[]")]
    why = [REASONS.get(one[f"{side}_reason"], ""), one[f"{side}_text"], *lines]
    return element(
        "div",
        element("h3", f"{SIDES[side]} · {one[f'{side}_by']}"),
        element("p", element("strong", VERDICTS[one[f"{side}_decision"]])),
        *[element("p", part) for part in why if part],
    )
