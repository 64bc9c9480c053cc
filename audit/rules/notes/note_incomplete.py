from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule

ELEMENTS = {
    "the services given": "no_services",
    "total timed minutes": "no_timed",
    "total treatment minutes": "no_treatment",
    "a signature": "no_signature",
    "the credential of its author": "no_credential",
}


@rule("DOC-02", grain="note", severity="error", sources=["cms-100-02-ch15-220.3"])
def note_incomplete(notes: pd.DataFrame) -> pd.DataFrame:
    """The note lacks something that every treatment note must hold.

    Why it matters: date, services, total timed and total treatment minutes, and a signature with credential are
    required for each treatment day; without them the day is not supported.
    What to do: have the author complete the note by a dated addendum.
    """
    rows = notes.assign(
        no_services=(notes["service_count"] == 0) & (notes["text"] == ""),
        no_timed=notes["timed_billed"] & notes["total_timed_minutes"].isna(),
        no_treatment=notes["total_treatment_minutes"].isna(),
        no_signature=(notes["signed_by"] == "") | (notes["signed_at"] == ""),
        no_credential=notes["author_credential"] == "",
    )
    lacks = rows[list(ELEMENTS.values())].to_dict("records")
    rows["lacking"] = [", ".join(name for name, flag in ELEMENTS.items() if one[flag]) for one in lacks]
    return findings(
        rows[rows["lacking"] != ""],
        expected="{lacking}",
        observed="not in the note",
        because="The note of {service_date:%Y-%m-%d} lacks: {lacking}.",
    )
