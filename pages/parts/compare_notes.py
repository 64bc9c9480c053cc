"""Two notes side by side with the words marked in which they differ."""

from __future__ import annotations

import streamlit as st

from audit.comparing import Run, differing_words
from audit.evidence import Evidence
from pages.parts.markup import Markup, element, show
from pages.parts.words import day


def show_copied(note_id: str, evidence: Evidence) -> None:
    """The note of a finding beside the note before it; nothing where one of them has no text."""
    pair = evidence.with_note_before(note_id)
    if pair is None:
        return
    earlier, later = pair
    old, new = differing_words(earlier["text"], later["text"])
    for column, note, runs in zip(st.columns(2), (earlier, later), (old, new), strict=True):
        with column:
            show(
                element("p", element("strong", f"{note['note_id']} · {day(note['service_date'])}"), name="cs-small"),
                element("div", *_marked(runs), name="cs-note"),
            )
    show(element("p", "Marked: words that the other note does not have here.", name="cs-small cs-quiet"))


def _marked(runs: list[Run]) -> list[Markup]:
    return [element("mark" if run.differs else "span", f"{run.text} ") for run in runs]
