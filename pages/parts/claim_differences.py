"""Adjudication: only what the two reviews differ on, side by side."""

from __future__ import annotations

import json

from audit.evidence import Difference
from audit.review import REASONS
from pages.parts.claim_findings import VERDICTS, corrected_line
from pages.parts.markup import Markup, element, show
from pages.parts.words import moment

Made = dict[str, object]


def show_difference(one: Difference) -> None:
    """What each of the two decided, with their reasons."""
    show(
        element(
            "div",
            _side("First review", one.first),
            _side("Second review", one.second),
            name="cs-sides",
        )
    )


def _side(title: str, made: Made | None) -> Markup:
    if made is None:
        return element("div", element("h3", title), element("p", "no verdict"))
    lines = [corrected_line(**line) for line in json.loads(str(made["corrected"] or "[]"))]
    why = [REASONS.get(str(made["reason"]), ""), str(made["text"] or ""), *lines]
    return element(
        "div",
        element("h3", f"{title} · {made['name']}"),
        element("p", element("strong", VERDICTS[str(made["kind"])])),
        *[element("p", part) for part in why if part],
        element("p", moment(made["at"]), name="cs-small cs-quiet"),  # type: ignore[arg-type]
    )
