from __future__ import annotations

import pandas as pd

from audit.grains.clock import clock
from audit.rules import findings, rule, untestable


@rule("UNIT-12", grain="provider_day", split="rendering_npi", severity="error", sources=["one-on-one"])
def clinician_in_two_places(visits: pd.DataFrame) -> list[pd.DataFrame]:
    """A clinician's one-on-one minutes do not fit into the time in which they were given.

    Why it matters: one-on-one services take the clinician's whole attention; two patients at once are a group
    (97150). Minutes given to two patients at the same time, or told by two notes of one, are paid twice and never hold
    in a review.
    What to do: look at the notes named; correct the times by an addendum, or bill the shared time as a group.
    """
    found = visits[visits["demand"].notna()]
    told = found.assign(
        since=clock(found["from"]), until=clock(found["to"]), length=found["to"] - found["from"], kind=_kind(found)
    )
    rest = visits[visits["demand"].isna() & ((visits["patients"] > 1).fillna(False) | ~visits["noted"])]
    nobody = visits[visits["noted"] & (visits["clinician"] == "")]
    noted = rest[rest["noted"]]
    unknown = noted["one_on_one"].isna()
    busy = unknown | (noted["one_on_one"] > 0)
    return [
        findings(
            told,
            expected="{length:minute} at most",
            observed="{demand:minute}",
            because="From {since} to {until} are {length:minute}; the notes give {name} {demand} in it{kind}, "
            "one-on-one with {shared_by:patient} in {told_by:note}. This claim's visit is one of them.",
            severity=pd.Series("error", index=told.index, dtype="str").mask(told["with_evaluations"], "warning"),
        ),
        untestable(
            rest[~rest["noted"]],
            "There is no note for this day, so it is not known when, how long and by whom the patient was seen."
            "|Load notes with start_time and end_time of this visit",
        ),
        untestable(
            nobody,
            "The note does not say who gave the visit, so it cannot be held against that person's other visits."
            "|Load notes with rendering_npi, or author_name and author_credential",
        ),
        untestable(
            noted[unknown],
            "The note does not give the minutes of {name} with this patient, who had other patients that day."
            "|Load note_services with minutes, or notes with total_timed_minutes",
        ),
        untestable(
            noted[busy & ~unknown & ~noted["clocked"]],
            "{name} had {patients:patient} that day, and this note has no start and end to hold against the others."
            "|Load notes with start_time and end_time",
        ),
        untestable(
            noted[(noted["others"] > 0) & (~busy | noted["clocked"])],
            "A second person gave or shared {others:minute} of this visit whom the note does not name, so their day "
            "cannot be held against the clock."
            "|Load notes with the second person's own note, its author_name, start_time and end_time",
        ),
    ]


def _kind(rows: pd.DataFrame) -> pd.Series[str]:
    said = pd.Series("", index=rows.index, dtype="str")
    return said.mask(rows["with_evaluations"], " with evaluations (which are untimed, but need the therapist)")
