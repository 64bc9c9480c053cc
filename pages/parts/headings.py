"""Headings of a page's parts, one level below its title, and small print that can be read on light and dark."""

from __future__ import annotations

from pages.parts.markup import element, show


def heading(text: str) -> None:
    show(element("h2", text, name="cs-heading"))


def small(text: str) -> None:
    show(element("p", text, name="cs-quiet cs-small"))
