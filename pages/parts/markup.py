"""Small pieces of HTML in which every value is escaped, for what Streamlit's own elements cannot lay out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_name("style.css")


class Markup(str):
    """Text that is HTML already, made by this module; anything else is escaped."""

    __slots__ = ()


def style() -> None:
    st.html(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")


def show(*pieces: Markup) -> None:
    """Pieces of one element: each element costs a message to the browser. Nothing, when they are empty."""
    if body := "".join(pieces):
        st.html(body)


def element(tag: str, *content: str, name: str = "") -> Markup:
    """<tag class=name>content</tag>, the content escaped unless it is Markup."""
    inside = "".join(piece if isinstance(piece, Markup) else escape(str(piece)) for piece in content)
    return Markup(f'<{tag} class="{escape(name)}">{inside}</{tag}>' if name else f"<{tag}>{inside}</{tag}>")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str, numbers: Sequence[int] = ()) -> Markup:
    """A plain table that a screen reader can read; `numbers` are the columns set to the right."""
    right = ["n" if n in numbers else "" for n in range(len(header))]
    head = [element("th" if text else "td", text, name=side) for text, side in zip(header, right, strict=True)]
    body = [
        element("tr", *[element("td", cell, name=side) for cell, side in zip(row, right, strict=True)]) for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        name="cs-table",
    )


def bar(parts: Sequence[tuple[str, int]], longest: int) -> Markup:
    """Minutes as a bar of its parts ("therapist", "together", "assistant", "unknown"), to the scale of `longest`."""
    pieces = [
        Markup(f'<span class="cs-bar-{escape(who)}" style="width:{100 * minutes / max(longest, 1):.1f}%"></span>')
        for who, minutes in parts
        if minutes
    ]
    return element("span", *pieces, name="cs-bar")


def note_text(text: str, marks: Sequence[tuple[int, int, str, bool]]) -> Markup:
    """A note as it was written, its passages marked. `marks`: start, end, id, whether it counts for what is open."""
    pieces, at = [], 0
    for start, end, name, now in marks:
        kind = ' class="cs-now"' if now else ""
        inside = escape(text[start:end])
        pieces += [escape(text[at:start]), f'<mark id="{escape(name)}"{kind}>{inside}</mark>']
        at = end
    return element("div", Markup("".join([*pieces, escape(text[at:])])), name="cs-note")


def link(anchor: str, *content: str) -> Markup:
    """A link to a place on the same page."""
    return Markup(f'<a href="#{escape(anchor)}">{element("span", *content)}</a>')


def details(title: str, *content: Markup) -> Markup:
    """Content behind its title, opened by a click or Enter; the browser keeps it open while it stays the same."""
    return element("details", element("summary", title), element("div", *content), name="cs-details")


def progress(done: int, total: int) -> Markup:
    """How much of a work is done, as a bar beside its words."""
    return Markup(f'<progress value="{int(done)}" max="{max(int(total), 1)}" aria-hidden="true"></progress>')
