"""Rows that do not tell all: read from a document and not confirmed, or beside one that was refused. No error may rest
on them.

An error rests on a row when, without the row, the rules do not find just the same. So nothing has to be declared by
the rules, and a finding on one claim that rests on the note of another is known too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from audit.model import WHOSE
from audit.tables import Tables

SAYS = "It rests on values read from a document that nobody has confirmed."
REFUSED = (
    "A row that bears on it (of a note of the day, a plan of care, an authorisation) was refused when it was loaded."
)
RIVALS = (
    "It rests on which of several corrections (frequency code 7) stands, or which claim one of them replaces, which "
    "nothing on file tells."
)
_SAME = ["rule", "claim_id", "line_number", "procedure_code", "service_date", "expected", "observed", "because"]


def without_doubtful(tables: Tables) -> Tables | None:
    """The tables without the notes that nobody confirmed; None where there are none."""
    doubtful = tables.notes["unconfirmed"] != ""
    return _without(tables, doubtful) if doubtful.any() else None


def without_refused(tables: Tables) -> Tables | None:
    """The tables without the notes of patients' days of which a note was refused, and without the plans of care (the
    authorisations) of patients of whom one was; None where nothing of them was refused. Rules about clinicians compare
    notes that are whole: what was refused takes nothing from them."""
    if not any((getattr(tables, name)["refused_row"] != "").any() for name in WHOSE):
        return None
    rest = _without(tables, _beside(tables.notes, ["patient_id", "service_date"]))
    plans, authorizations = tables.plans_of_care, tables.authorizations
    return replace(
        rest,
        plans_of_care=plans[~_beside(plans, ["patient_id"])],
        authorizations=authorizations[~_beside(authorizations, ["patient_id"])],
    )


def _beside(rows: pd.DataFrame, key: list[str]) -> pd.Series[bool]:
    """Which rows share their key with one that was refused."""
    named = pd.MultiIndex.from_frame(rows[key])
    return pd.Series(named.isin(named[rows["refused_row"] != ""]), index=rows.index)


def _without(tables: Tables, which: pd.Series[bool]) -> Tables:
    kept, services = tables.notes[~which], tables.note_services
    return replace(tables, notes=kept, note_services=services[services["note_id"].isin(kept["note_id"])])


def demoted(
    found: pd.DataFrame,
    codes: Iterable[str],
    firm: Callable[[list[str]], pd.DataFrame | None],
    says: str,
    patients: pd.Series[str] | None = None,
) -> pd.DataFrame:
    """`found` (columns of the contract) with each error of these rules that rests on such rows as a warning that says
    so.

    `firm` gives the findings of the rules with these codes over the tables without such rows, None where there is none;
    it is asked only where an error was found, and where `patients` are given, where it is of one of them.
    """
    errors = (found["severity"] == "error") & found["rule"].isin(list(codes))
    if patients is not None:
        errors &= found["patient_id"].isin(patients.unique())
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
