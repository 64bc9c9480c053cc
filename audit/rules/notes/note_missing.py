from __future__ import annotations

import pandas as pd

from audit.grains.again import REPLACED
from audit.rules import findings, rule, untestable


@rule("DOC-01", grain="day", severity="error", sources=["cms-100-02-ch15-220.3", "cert-notes"])
def note_missing(days: pd.DataFrame) -> list[pd.DataFrame]:
    """There is no note for a billed day.

    Why it matters: a missing treatment note is among the most frequent reasons for which therapy is taken back.
    What to do: find the note, or do not bill the day. (A claim that was replaced or voided is not asked for.)
    """
    asked = days[days["told_again"] != REPLACED]
    none = asked["note_count"] == 0
    return [
        findings(
            asked[none & ~asked["maybe_noted"]],
            expected="a note of {service_date:%Y-%m-%d}",
            observed="none",
            because="Services of {service_date:%Y-%m-%d} are billed; no {discipline} note of this patient and "
            "date belongs to them.",
            change="{whole_day}",
        ),
        untestable(
            asked[none & asked["maybe_noted"]],
            "A note of this patient of {service_date:%Y-%m-%d} is of another discipline than {discipline}, which only "
            "the modifiers of the claim tell, and does not say who gave the visit: whether it is this one's is not "
            "known."
            "|Load notes with rendering_npi or claim_id, or providers with discipline",
        ),
        untestable(
            asked[asked["refused_row"] != ""],
            "A note of {service_date:%Y-%m-%d} was refused when it was loaded, so what it documents is not known."
            "|Mend the refused row of this note and load it again",
        ),
    ]
