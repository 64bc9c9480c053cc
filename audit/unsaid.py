"""What no row says although rules read its absence as a fact: a line without GO is an error. Where the file has no
such column (`model.UNTOLD`), the rules call it untestable. Where it has one that is empty throughout, people are told:
the rules cannot know."""

from __future__ import annotations

from audit.model import UNTOLD
from audit.tables import Tables

UNSAID = {
    "claims": (
        "No claim line has a modifier: every line is judged as billed without one. If the export leaves modifiers out, "
        "add modifier_1 to modifier_4.",
        "The claims came without a column for modifiers: what rests on modifiers is not judged. Add modifier_1 to "
        "modifier_4.",
    ),
    "notes": (
        "No note says who signed it or when: every note is judged as unsigned. If the export leaves signatures out, "
        "add signed_by and signed_at.",
        "The notes came without a column that tells who signed them: their signatures are not judged. Add signed_by "
        "and signed_at.",
    ),
    "plans_of_care": (
        "No plan of care says when it was certified or ordered: every plan is judged as uncertified. If the export "
        "leaves the dates out, add certified_on.",
        "The plans of care came without a column for the date of their certification, which is not judged. Add "
        "certified_on.",
    ),
}
"""By table, what is said where its columns of LOOKED_AT are empty in each row, and where a file came without them."""
LOOKED_AT = {
    "claims": UNTOLD["claims"][1],
    "notes": ("signed_by", "signed_at"),
    "plans_of_care": ("certified_on", "signed_order_on", "verbal_order_on"),
}


def unsaid(tables: Tables) -> list[str]:
    """A sentence for each of `UNSAID` that holds of these tables."""
    said = []
    for name, (empty, absent) in UNSAID.items():
        rows = getattr(tables, name)
        untold = rows[UNTOLD[name][0]] == "no"
        looked_at = rows.loc[~untold, list(LOOKED_AT[name])]
        if untold.any():
            said.append(absent)
        if len(looked_at) and (looked_at.isna() | (looked_at == "")).all(axis=None):
            said.append(empty)
    return said
