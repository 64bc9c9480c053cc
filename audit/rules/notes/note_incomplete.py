from __future__ import annotations

import pandas as pd

from audit.rules import findings, lacks, rule, untestable
from audit.texts import Whole, contains, group_numbers

ELEMENTS = {
    "the services given": "no_services",
    "total timed minutes": "no_timed",
    "total treatment minutes": "no_treatment",
    "a signature": "no_signature",
    "the credential of its author": "no_credential",
    "the name of all who contributed": "no_contributor",
}
COLUMNS = {
    "no_services": "text",
    "no_timed": "total_timed_minutes",
    "no_treatment": "total_treatment_minutes",
    "no_credential": "author_credential",
    "no_contributor": "cosigned_by",
}
"""The column that tells each element. Of the date there is none, of the signature it has its own mark."""
NAMES = {"assistant": r"\bC?OTA\b|\bassistant\b", "therapist": r"\bOTR?\b|\bOTD\b|\btherapist\b"}
"""How a text names each role."""
RECORD = ["claim_id", "day", "author_name", "rendering_npi"]
"""One person's notes of one day: the first, or those that list services, and addenda to them."""


@rule("DOC-02", grain="note", severity="error", sources=["cms-100-02-ch15-220.3"])
def note_incomplete(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """The note lacks something that every treatment note must hold.

    Why it matters: date, services, total timed and total treatment minutes, and a signature with credential are
    required for each treatment day; without them the day is not supported.
    What to do: have the author complete the note by a dated addendum.
    """
    rows = _with_gaps(notes)
    lacks = rows[rows[list(ELEMENTS.values())].any(axis=1)]
    records = lacks[list(ELEMENTS.values())].to_dict("records")
    said = [", ".join(name for name, flag in ELEMENTS.items() if one[flag]) for one in records]
    return [
        findings(
            lacks.assign(lacking=said),
            expected="{lacking}",
            observed="not in the note",
            because="The note of {service_date:%Y-%m-%d} lacks: {lacking}.",
        ),
        untestable(
            rows[~rows["addendum"] & (rows["service_count"] == 0) & (rows["text"] != "")],
            "The note of {service_date:%Y-%m-%d} lists no services; whether its text names each one has to be read."
            "|Load note_services with procedure_code of every service of this day",
        ),
        untestable(
            rows[(rows["contributor"] != "") & (rows["text"] == "") & (rows["cosigned_by"] == "")],
            "Minutes of the note of {service_date:%Y-%m-%d} are a {contributor}'s, who did not write it; whether it "
            "names that person cannot be told without its text.|Load notes with text",
        ),
        untestable(
            rows[rows["untold"] != ""],
            "The notes came without what tells {untold}, so whether the note of {service_date:%Y-%m-%d} holds it is "
            "not known.|Load {wanted}",
        ),
        untestable(
            rows[rows["signature_told"] == "no"],
            "The notes came without the column that tells who signed them, so whether the note of "
            "{service_date:%Y-%m-%d} is signed is not known.|Load notes with signed_by and signed_at",
        ),
        untestable(
            rows[(rows["signed_by"] != "") & (rows["signed_at"] == "")],
            "The note of {service_date:%Y-%m-%d} names who signs but not when; whether it was signed cannot be told."
            "|Load notes with signed_at",
        ),
    ]


def _with_gaps(notes: pd.DataFrame) -> pd.DataFrame:
    """The notes with a flag for each missing element. An addendum states what it adds, and is signed."""
    rows = notes.sort_values([*RECORD, "signed_at", "note_id"])
    session = rows["service_count"] > 0
    record = group_numbers(*(rows[name] for name in RECORD))
    none_listed = ~session.groupby(record).transform("any")
    rows["addendum"] = ~session & ~(none_listed & ~pd.Series(record, index=rows.index).duplicated())
    timed_listed = rows["lists_timed"].groupby(group_numbers(rows["claim_id"], rows["day"])).transform("any")
    timed = rows["timed_billed"] & (rows["lists_timed"] | ~timed_listed)
    own = ~rows["addendum"]
    rows = rows.assign(
        no_services=own & (rows["service_count"] == 0) & (rows["text"] == ""),
        no_timed=own & timed & ~_told(rows, rows["total_timed_minutes"].notna(), record),
        no_treatment=own & ~_told(rows, rows["total_treatment_minutes"].notna(), record),
        no_contributor=own & _unnamed(rows),
        no_signature=(rows["signed_by"] == "") & (rows["signature_told"] != "no"),
        no_credential=~_told(rows, rows["author_credential"] != "", record),
    )
    return _told_by_file(rows)


def _told_by_file(rows: pd.DataFrame) -> pd.DataFrame:
    """What a note lacks and its file has no column for is not missing but `untold` (in words, "" for nothing);
    `wanted`: what to load."""
    rows["untold"] = rows["wanted"] = pd.Series("", index=rows.index, dtype="str")
    if not (rows["columns_untold"] != "").any():
        return rows
    for element, flag in ELEMENTS.items():
        if flag not in COLUMNS:
            continue
        here = rows[flag] & lacks(rows["columns_untold"], COLUMNS[flag])
        more = pd.Series(", ", index=rows.index, dtype="str").where(rows["untold"] != "", "")
        rows["untold"] = rows["untold"].mask(here, rows["untold"] + more + element)
        rows["wanted"] = rows["wanted"].mask(here, rows["wanted"] + more + f"notes with {COLUMNS[flag]}")
        rows[flag] &= ~here
    return rows


def _unnamed(rows: pd.DataFrame) -> pd.Series[bool]:
    """Somebody of the other role furnished minutes; the text of the note does not name the role, nor did it cosign."""
    silent = pd.Series(False, index=rows.index)
    for role, names in NAMES.items():
        asked = rows[(rows["contributor"] == role) & (rows["text"] != "") & (rows["cosigned_by"] == "")]
        named = contains(asked["text"], names)
        silent[named.index[~named]] = True
    return silent


def _told(rows: pd.DataFrame, stated: pd.Series[bool], record: Whole) -> pd.Series[bool]:
    """The note states it itself, or an addendum to it does."""
    if not rows["addendum"].any():
        return stated
    return stated | (stated & rows["addendum"]).groupby(record).transform("any")
