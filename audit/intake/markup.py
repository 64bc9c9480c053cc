"""Text out of HTML and of the narrative of C-CDA and FHIR: a line a block, a table's cells parted by " | "."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

BLOCKS = {
    *("p", "div", "br", "hr", "ul", "ol", "dl", "dt", "dd", "table", "thead", "tbody", "caption", "section", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "text", "paragraph", "list", "title", "footnote"),
}
ITEMS = {"li", "item"}
ROWS = {"tr"}
CELLS = {"td", "th"}
UNSEEN = {"script", "style", "head"}
CELL = "\x1f"
BREAK = "\x1e"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = _local(tag)
        self.hidden = 0 if name == "body" else self.hidden + (name in UNSEEN)
        if name in BLOCKS or name in ROWS:
            self.said.append(BREAK)
        elif name in ITEMS:
            self.said.append(f"{BREAK}- ")
        elif name in CELLS:
            self.said.append(CELL)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if _local(tag) in BLOCKS:
            self.said.append(BREAK)

    def handle_endtag(self, tag: str) -> None:
        name = _local(tag)
        self.hidden = max(0, self.hidden - (name in UNSEEN))
        if name in BLOCKS or name in ROWS or name in ITEMS:
            self.said.append(BREAK)

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.said.append(re.sub(r"\s+", " ", data))


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def readable(markup: str) -> str:
    """What a reader would see of it. Never raises; what is no markup comes back with its spaces made single."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return _laid_out("".join(reader.said))


def narrative(text: Element) -> str:
    """The same of an element of parsed XML, such as the text of a section of C-CDA."""
    return _laid_out("".join(_said(text)))


def _said(element: Element) -> Iterator[str]:
    name = element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else "script"
    if name in UNSEEN:
        return
    ends = name in BLOCKS or name in ROWS or name in ITEMS
    yield f"{BREAK}- " if name in ITEMS else BREAK if ends else CELL if name in CELLS else ""
    yield re.sub(r"\s+", " ", element.text or "")
    for child in element:
        yield from _said(child)
        yield re.sub(r"\s+", " ", child.tail or "")
    yield BREAK if ends else ""


def _laid_out(said: str) -> str:
    lines = said.split(BREAK)
    told = [" | ".join(cell.strip() for cell in line.strip(f"{CELL} ").split(CELL)) for line in lines]
    return "\n".join(line for line in told if line.strip(" |-"))
