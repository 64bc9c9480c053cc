"""The claim's lines as billed and as they should read, what changes marked in both."""

from __future__ import annotations

from audit.reviewing.proposal import BilledLine, billed
from audit.reviewing.worked import proposal, side_by_side
from pages.parts.markup import Markup, element, table

__all__ = ["as_it_should_read", "billed", "proposal"]


def as_it_should_read(before: list[BilledLine], after: list[BilledLine]) -> Markup:
    """Both versions side by side, one row a line; words alone tell a line taken off or put in."""
    rows: list[list[str]] = []
    for was, now in side_by_side(before, after):
        if was == now:
            rows.append([_words(was), _words(now)])
        else:
            rows.append([_words(was, now, "del", "not billed"), _words(now, was, "ins", "not billed")])
    return table(["as billed", "as it should read"], rows, caption="The claim's lines")


def _words(line: BilledLine | None, other: BilledLine | None = None, tag: str = "", none: str = "") -> str:
    if line is None:
        return element("span", none, name="cs-quiet")
    said = [line.code, *line.modifiers, f"× {line.units}"]
    if not tag:
        return " ".join(said)
    kept = [other.code, *other.modifiers, f"× {other.units}"] if other else []
    pieces = [element(tag, word) if word not in kept else element("span", word) for word in said]
    return element("span", *[piece for word in pieces for piece in (word, " ")], name="cs-whole")
