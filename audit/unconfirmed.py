"""Notes that are not fully known: read from a document and not confirmed, or beside one that was refused. No error may
rest on them.

An error rests on a note when, without the note, the rules do not find just the same. So nothing has to be declared by
the rules, and a finding on one claim that rests on the note of another is known too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from audit.tables import Tables

SAYS = "It rests on values read from a document that nobody has confirmed."
REFUSED = "A note of the day was refused when it was loaded, and may say otherwise."
_SAME = ["rule", "claim_id", "line_number", "procedure_code", "service_date", "expected", "observed", "because"]


def without_doubtful(tables: Tables) -> Tables | None:
    """The tables without the notes that nobody confirmed; None where there are none."""
    doubtful = tables.notes["unconfirmed"] != ""
    return _without(tables, doubtful) if doubtful.any() else None


def without_refused_days(tables: Tables) -> Tables | None:
    """The tables without the notes of patients' days of which a note was refused; None where none was."""
    notes = tables.notes
    refused = notes["refused_row"] != ""
    if not refused.any():
        return None
    days = pd.MultiIndex.from_frame(notes.loc[refused, ["patient_id", "service_date"]])
    of_them = pd.MultiIndex.from_frame(notes[["patient_id", "service_date"]]).isin(days)
    return _without(tables, pd.Series(of_them, index=notes.index))


def _without(tables: Tables, which: pd.Series[bool]) -> Tables:
    kept, services = tables.notes[~which], tables.note_services
    return replace(tables, notes=kept, note_services=services[services["note_id"].isin(kept["note_id"])])


def demoted(found: pd.DataFrame, firm: Callable[[list[str]], pd.DataFrame | None], says: str = SAYS) -> pd.DataFrame:
    """`found` (columns of the contract) with each error that rests on a note not fully known as a warning that says so.

    `firm` gives the findings of the rules with these codes over the tables without such notes, None where there is no
    such note; it is asked only where an error was found.
    """
    errors = found["severity"] == "error"
    sure = firm(sorted(found.loc[errors, "rule"].unique())) if errors.any() else None
    if sure is None:
        return found
    kept = set(_keys(sure[sure["severity"] == "error"]))
    resting = errors & ~_keys(found).isin(kept)
    result = found.copy()
    result["severity"] = result["severity"].mask(resting, "warning")
    result["because"] = result["because"].mask(resting, result["because"] + " " + says)
    return result


def _keys(found: pd.DataFrame) -> pd.Series[str]:
    told = [found[name].astype("str").fillna("") for name in _SAME]
    return pd.Series(["\n".join(row) for row in zip(*told, strict=True)], index=found.index, dtype="object")
