"""What no row says although rules read its absence as a fact: a line without GO is an error, but a file that has no
column for modifiers tells nothing of them. People are told, for the rules cannot know."""

from __future__ import annotations

from audit.model import MODIFIERS
from audit.tables import Tables

UNSAID = [
    (
        "claims",
        MODIFIERS,
        "No claim line has a modifier: every line is judged as billed without one. If the export leaves modifiers out, "
        "add modifier_1 to modifier_4.",
    ),
    (
        "notes",
        ["signed_by", "signed_at"],
        "No note says who signed it or when: every note is judged as unsigned. If the export leaves signatures out, "
        "add signed_by and signed_at.",
    ),
    (
        "plans_of_care",
        ["certified_on", "signed_order_on", "verbal_order_on"],
        "No plan of care says when it was certified or ordered: every plan is judged as uncertified. If the export "
        "leaves the dates out, add certified_on.",
    ),
]
"""Table, the columns that are empty in each of its rows, and what is said then."""


def unsaid(tables: Tables) -> list[str]:
    """A sentence for each of `UNSAID` that holds of these tables."""
    said = []
    for name, columns, sentence in UNSAID:
        rows = getattr(tables, name)[columns]
        if len(rows) and (rows.isna() | (rows == "")).all(axis=None):
            said.append(sentence)
    return said
