"""Two notes side by side with the words marked in which they differ."""

from __future__ import annotations

from audit.reviewing.comparing import Run, differing_words
from audit.reviewing.evidence import Evidence
from pages.parts.markup import Markup, element
from pages.parts.words import day


def copied(note_id: str, evidence: Evidence) -> list[Markup]:
    """The note of a finding beside the note before it; nothing where one of them has no text."""
    pair = evidence.with_note_before(note_id)
    if pair is None:
        return []
    earlier, later = pair
    old, new = differing_words(earlier["text"], later["text"])
    sides = [
        element(
            "div",
            element("h4", f"{note['note_id']} · {day(note['service_date'])}"),
            element("div", *_marked(runs), name="cs-note"),
        )
        for note, runs in ((earlier, old), (later, new))
    ]
    says = "Marked: words that the other note does not have here."
    return [element("div", *sides, name="cs-sides"), element("p", says, name="cs-small cs-quiet")]


def _marked(runs: list[Run]) -> list[Markup]:
    return [element("mark" if run.differs else "span", f"{run.text} ") for run in runs]
