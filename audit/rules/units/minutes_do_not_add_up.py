from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

MINUTES_OF_A_DAY = 24 * 60


@rule("UNIT-08", grain="note", severity="error", sources=["cms-100-02-ch15-220.3"])
def minutes_do_not_add_up(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """The note's minutes contradict one another.

    Why it matters: billing and documented time must be consistent; a note that contradicts itself supports
    neither figure.
    What to do: ask the therapist for an addendum that says which time is right.
    """
    services = notes["timed_in_note"] != notes["total_timed_minutes"]
    timed = notes["total_timed_minutes"] > notes["total_treatment_minutes"]
    untotalled = notes["total_timed_minutes"].isna() & (notes["timed_in_note"] > notes["total_treatment_minutes"])
    untotalled = untotalled.fillna(False).astype("bool")
    backwards = notes["span"] < 0
    span = notes["span"] < notes["total_treatment_minutes"]
    most = notes[["timed_in_note", "total_timed_minutes", "total_treatment_minutes"]].max(axis=1).astype("Int64")
    endless = notes.assign(most=most)[(most > MINUTES_OF_A_DAY).fillna(False)]
    nothing_to_compare = services.isna() & timed.isna() & span.isna()
    return [
        findings(
            endless,
            expected="1440 minutes at most",
            observed="{most:minute}",
            because="The note gives {most:minute} to one day, which has 1440.",
        ),
        findings(
            notes[services.fillna(False)],
            expected="{timed_in_note:minute} (sum of the services)",
            observed="{total_timed_minutes:minute}",
            because="The timed services of the note add up to {timed_in_note:minute}; its stated total is "
            "{total_timed_minutes}.",
        ),
        findings(
            notes[timed.fillna(False)],
            expected="total treatment of {total_timed_minutes:minute} or more",
            observed="{total_treatment_minutes:minute}",
            because="The note states {total_timed_minutes:minute} of timed treatment, more than the "
            "{total_treatment_minutes} of all treatment.",
        ),
        findings(
            notes[untotalled],
            expected="total treatment of {timed_in_note:minute} or more",
            observed="{total_treatment_minutes:minute}",
            because="The timed services of the note add up to {timed_in_note:minute}, more than the "
            "{total_treatment_minutes} of all treatment.",
        ),
        findings(
            notes[(span & ~backwards).fillna(False)],
            expected="{total_treatment_minutes:minute} or more from start to end",
            observed="{span:minute}",
            because="From {start_time} to {end_time} is {span:minute}; the note states {total_treatment_minutes} of "
            "treatment.",
            severity="warning",
        ),
        findings(
            notes[backwards.fillna(False)],
            expected="an end after {start_time}",
            observed="{end_time}",
            because="The note ends at {end_time}, before it starts at {start_time}.",
            severity="warning",
        ),
        untestable(
            notes[nothing_to_compare & ~untotalled & ~backwards.fillna(False)],
            "The note gives too few times to hold against one another: no two of services, totals, and start and end."
            "|Load notes with both totals, or with start_time and end_time, and note_services with minutes",
        ),
    ]
