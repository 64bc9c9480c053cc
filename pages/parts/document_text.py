"""A document's text as it was read, with the values that were read from it marked."""

from __future__ import annotations

from audit.store.documents import Kept
from pages.parts.markup import element, note_text, show


def show_text(one: Kept) -> None:
    show(element("h2", "What the document says", name="cs-section"))
    if not one.text.strip():
        show(element("p", "No text could be read from it."))
        return
    show(note_text(one.text, marks(one)))


def marks(one: Kept) -> list[tuple[int, int, str, bool]]:
    """Places of the values in the text, none overlapping; the widest where they do."""
    places = sorted({(value[2], value[3]) for value in one.values if value[3]}, key=lambda place: (place[0], -place[1]))
    kept: list[tuple[int, int, str, bool]] = []
    for start, end in places:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, f"value-{start}", False))
    return kept
