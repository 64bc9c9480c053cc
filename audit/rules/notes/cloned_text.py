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
    return [
        findings(
            notes.merge(_copies(notes), on="note_id", validate="m:1"),
            expected="a text of its own",
            observed="{percent} percent the same as note {note_before}",
            because="The text of note {note_id} of {service_date:%Y-%m-%d} is {percent} percent the same as that of "
            "note {note_before} of {date_before:%Y-%m-%d}, the one before it.",
        ),
        untestable(
            notes[(notes["text"] == "") & (notes["service_count"] > 0)],
            "The text of the note of {service_date:%Y-%m-%d} is not on file, so whether it is a copy cannot be told."
            "|Load notes with text",
        ),
    ]


def _copies(notes: pd.DataFrame) -> pd.DataFrame:
    """Notes that are ALIKE to the one before of the same patient and discipline (`note_before`, `date_before`), and
    how much (`percent`)."""
    told = notes[["note_id", "patient_id", "discipline", "service_date", "text"]]
    once = told[~told.duplicated("note_id")].sort_values(["patient_id", "discipline", "service_date", "note_id"])
    text = [_plain(said.lower()) for said in once["text"]]
    now, before = once[1:], once[:-1]
    same = [now[name].to_numpy() == before[name].to_numpy() for name in ("patient_id", "discipline")]
    long = np.array([len(said) >= SHORTEST for said in text], dtype="bool")
    places = np.flatnonzero(same[0] & same[1] & long[1:] & long[:-1])
    pairs = [text[place + 1] for place in places], [text[place] for place in places]
    percent = process.cpdist(*pairs, scorer=fuzz.ratio, score_cutoff=ALIKE)
    copies = places[percent >= ALIKE]
    return pd.DataFrame(
        {
            "note_id": now["note_id"].array[copies],
            "note_before": before["note_id"].array[copies],
            "date_before": before["service_date"].array[copies],
            "percent": percent[percent >= ALIKE].astype("int64"),
        }
    )


def _plain(text: str) -> str:
    """With one space where there are several, or lines; most texts are so, and are not taken apart."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(text.split())
