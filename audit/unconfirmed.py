"""Notes whose values were read from a document and not confirmed: no error may rest on them.

An error rests on such a note when, without the note, the rules do not find just the same. So nothing has to be
declared by the rules, and a finding on one claim that rests on the note of another is known too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from audit.tables import Tables

SAYS = "It rests on values read from a document that nobody has confirmed."
_SAME = ["rule", "claim_id", "line_number", "procedure_code", "service_date", "expected", "observed", "because"]


def demoted(found: pd.DataFrame, tables: Tables, again: Callable[[Tables, list[str]], pd.DataFrame]) -> pd.DataFrame:
    """`found` (columns of the contract) with each error that rests on an unconfirmed note as a warning that says so.

    `again` gives the findings of the rules with these codes over other tables; it is asked only where a note is
    unconfirmed and an error was found.
    """
    doubtful = tables.notes["unconfirmed"] != ""
    errors = found["severity"] == "error"
    if not errors.any() or not doubtful.any():
        return found
    firm = again(_without(tables, doubtful), sorted(found.loc[errors, "rule"].unique()))
    kept = set(_keys(firm[firm["severity"] == "error"]))
    resting = errors & ~_keys(found).isin(kept)
    result = found.copy()
    result["severity"] = result["severity"].mask(resting, "warning")
    result["because"] = result["because"].mask(resting, result["because"] + " " + SAYS)
    return result


def _without(tables: Tables, doubtful: pd.Series[bool]) -> Tables:
    kept = tables.notes[~doubtful]
    services = tables.note_services
    return replace(tables, notes=kept, note_services=services[services["note_id"].isin(kept["note_id"])])


def _keys(found: pd.DataFrame) -> pd.Series[str]:
    told = [found[name].astype("str").fillna("") for name in _SAME]
    return pd.Series(["\n".join(row) for row in zip(*told, strict=True)], index=found.index, dtype="object")
