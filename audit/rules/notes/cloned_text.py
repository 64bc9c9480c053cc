from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from audit.rules import findings, rule, untestable

ALIKE = 90
"""Percent of the characters of two notes that agree in order, from which on one is taken for a copy of the other.
No source names a number. In the demo clinic's notes, none of them copied, the closest two reach 73."""
SHORTEST = 200
"""Characters under which texts are not judged: short notes are alike because there is little to say."""


@rule("DOC-10", grain="note", severity="warning", sources=["oig-cloned-notes"])
def cloned_text(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """The note is nearly the same, word for word, as the patient's note before it.

    Why it matters: copied notes do not show what was done and needed on the day; reviewers take such days back.
    What to do: read both notes side by side; when the day's own findings are missing, do not bill on this note. A
    plateau or unchanged goals are not judged: skilled maintenance is covered without improvement, so a word in a text
    would raise false alarms.
    """
    rows = notes.merge(_with_previous(notes), on="note_id", how="left", validate="m:1")
    alike = rows[rows["alike"] >= ALIKE]
    return [
        findings(
            alike.assign(percent=alike["alike"].astype("int64")),
            expected="a text of its own",
            observed="{percent} percent the same as note {note_before}",
            because="The text of note {note_id} of {service_date:%Y-%m-%d} is {percent} percent the same as that of "
            "note {note_before} of {date_before:%Y-%m-%d}, the one before it.",
        ),
        untestable(
            rows[(rows["text"] == "") & (rows["service_count"] > 0)],
            "The text of the note of {service_date:%Y-%m-%d} is not on file, so whether it is a copy cannot be told."
            "|Load notes with text",
        ),
    ]


def _with_previous(notes: pd.DataFrame) -> pd.DataFrame:
    """By note: the note before it of the same patient and discipline (`note_before`, `date_before`), and `alike`
    (0 to 100; 0 where there is none or a text is short)."""
    told = notes[["note_id", "patient_id", "discipline", "service_date", "text"]]
    once = told[~told.duplicated("note_id")].sort_values(["patient_id", "discipline", "service_date", "note_id"])
    text = once["text"].map(lambda said: " ".join(said.lower().split())).astype("str")
    by_patient = [once["patient_id"], once["discipline"]]
    before = text.groupby(by_patient).shift().fillna("")
    long = (text.str.len() >= SHORTEST) & (before.str.len() >= SHORTEST)
    alike = np.zeros(len(once))
    alike[long.to_numpy()] = process.cpdist(text[long].tolist(), before[long].tolist(), scorer=fuzz.ratio)
    return pd.DataFrame(
        {
            "note_id": once["note_id"],
            "note_before": once["note_id"].groupby(by_patient).shift(),
            "date_before": once["service_date"].groupby(by_patient).shift(),
            "alike": alike,
        }
    )
