from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule


@rule("UNIT-08", grain="note", severity="error", sources=["cms-100-02-ch15-220.3"])
def minutes_do_not_add_up(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """The note's minutes contradict one another.

    Why it matters: billing and documented time must be consistent; a note that contradicts itself supports
    neither figure.
    What to do: ask the therapist for an addendum that says which time is right.
    """
    services = (notes["timed_in_note"] != notes["total_timed_minutes"]).fillna(False)
    timed = (notes["total_timed_minutes"] > notes["total_treatment_minutes"]).fillna(False)
    span = (notes["span"] < notes["total_treatment_minutes"]).fillna(False)
    return [
        findings(
            notes[services],
            expected="{timed_in_note:minute} (sum of the services)",
            observed="{total_timed_minutes:minute}",
            because="The timed services add up to {timed_in_note:minute}; the note's total says "
            "{total_timed_minutes}.",
        ),
        findings(
            notes[timed],
            expected="total treatment of {total_timed_minutes:minute} or more",
            observed="{total_treatment_minutes:minute}",
            because="Timed minutes ({total_timed_minutes}) are more than all treatment minutes "
            "({total_treatment_minutes}).",
        ),
        findings(
            notes[span],
            expected="{total_treatment_minutes:minute} or more from start to end",
            observed="{span:minute}",
            because="From {start_time} to {end_time} are {span:minute}; the note says {total_treatment_minutes} of "
            "treatment.",
            severity="warning",
        ),
    ]
