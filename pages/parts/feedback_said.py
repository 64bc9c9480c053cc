"""What a therapist answered to a finding, and how it was ruled on, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.feedback.answered import STATES, Answered
from pages.parts.markup import Markup, element
from pages.parts.words import moment


def said_lines(said: Iterable[Mapping[str, Any]]) -> list[Markup]:
    return [element("p", _said(line), name="cs-small cs-quiet") for line in said]


def with_therapist(one: Answered | None) -> list[Markup]:
    """Beside the verdict: where it stands with the therapist, and what was said; nothing where nobody answered."""
    if one is None:
        return []
    return [element("p", f"With the therapist: {STATES[one.state]}", name="cs-small"), *said_lines(one.said)]


def _said(line: Mapping[str, Any]) -> str:
    place = f" In note {line['note_id']}: “{line['passage']}”" if line["passage"] else ""
    text = f": {line['text']}" if line["text"] else ""
    return f"{moment(line['at'])} · {line['who']} {line['what']}{text}{place}"
