"""The checked tables: what the rules may rely on, and the refusal of every row that breaks the contract.

A row that is refused takes its whole claim (or note) with it: half a claim would be judged wrongly. Of some records it
leaves what tells whose they are (`refused_rows`): a day is not undocumented because its note could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from audit import contract
from audit.errors import Refusal
from audit.intake import Batch
from audit.model import PAID, TABLES, WHOSE, Table
from audit.refused_rows import with_others, with_remnants, without_misread
from audit.shared_text import shared

pd.set_option("mode.string_storage", "python")
"""Text as Python strings: rules choose a few rows of wide tables again and again, which Arrow's strings make slow (the
whole book over 4,000 lines: 2.8 s instead of 3.7)."""

WORKED_OUT = ("count", "date", "money", "price")
"""Kinds of columns that are not the text itself."""
FAMILIES = (("claims",), ("notes", "note_services"), PAID)
"""Tables whose rows stand or fall together, record by record."""


@dataclass(frozen=True)
class Tables:
    """One frame per input table. Text and codes: `shared_text`, "" when unknown. Counts: `Int64`. Dates:
    `datetime64[us]`. Money: Decimal or None. Grain and columns: `model.TABLES`."""

    claims: pd.DataFrame
    notes: pd.DataFrame
    note_services: pd.DataFrame
    payers: pd.DataFrame
    plans_of_care: pd.DataFrame
    authorizations: pd.DataFrame
    providers: pd.DataFrame
    fees: pd.DataFrame
    payments: pd.DataFrame
    adjustments: pd.DataFrame

    @classmethod
    def empty(cls) -> Tables:
        return cls(**{name: typed(pd.DataFrame(), table) for name, table in TABLES.items()})

    def of_patients(self, patients: pd.Series[str]) -> Tables:
        """These patients' claims, notes, plans and authorisations; payers, providers and fees whole."""
        kept = {
            f.name: getattr(self, f.name)[lambda t: t["patient_id"].isin(patients)]
            for f in fields(self)
            if "patient_id" in getattr(self, f.name)
        }
        services = self.note_services[self.note_services["note_id"].isin(kept["notes"]["note_id"])]
        return replace(self, note_services=services, **kept)

    def without_doubles(self) -> Tables:
        """Without the note that was read from a document and not confirmed, of a day for which a note of the patient
        and discipline came as a table too: the minutes of one visit do not count twice."""
        told = self.notes["unconfirmed"] == ""
        if told.all():
            return self
        own = self.notes[["patient_id", "service_date", "discipline"]].reset_index()
        both = own[~told.to_numpy()].merge(own[told.to_numpy()], on=["patient_id", "service_date"])
        same = both["discipline_x"] == both["discipline_y"]
        one_untold = (both["discipline_x"] == "") | (both["discipline_y"] == "")
        kept = self.notes[~self.notes.index.isin(both.loc[same | one_untold, "index_x"])]
        services = self.note_services[self.note_services["note_id"].isin(kept["note_id"])]
        return replace(self, notes=kept, note_services=services)


def check(batch: Batch, as_of: date | None = None) -> tuple[Tables, list[Refusal]]:
    """Raw tables into checked ones, and every refusal (those of reading included).

    Claims with services after `as_of` are refused: they cannot have been furnished yet.
    """
    refusals = list(batch.refusals)
    came = {name: contract.normal(_raw(batch, table), table) for name, table in TABLES.items()}
    kept: dict[str, pd.DataFrame] = {}
    for name, rows in came.items():
        whole = without_misread(rows, TABLES[name], batch.refusals)
        found = contract.broken(whole, TABLES[name])
        refusals += found.refusals
        kept[name] = whole[~whole.index.isin(found.rows)] if found.rows else whole
    if as_of:
        late = kept["claims"]["service_date"].astype("str") > as_of.isoformat()
        _refuse(kept, "claims", late, refusals, f"the service is dated after {as_of}", "Correct the date")
    _hold(kept, "claims", refusals, "another line of this claim was refused", "Mend that line")
    services = kept["note_services"]
    without = ~services["note_id"].isin(kept["notes"]["note_id"].unique())
    _refuse(kept, "note_services", without, refusals, "no note with this note_id was taken", "Add or mend the note")
    _hold(kept, "notes", refusals, "a service of this note was refused", "Mend that service")
    _hold(kept, "note_services", refusals, "another part of this note was refused", "Mend that part")
    for name in PAID:
        _hold(kept, name, refusals, "another part of this payment was refused", "Mend that part")
    for name in WHOSE:
        kept[name] = with_remnants(TABLES[name], came[name], kept[name], refusals, _family(name))
    refusals = with_others(refusals, came["claims"], kept["claims"])
    told = [batch.in_their_words(refusal) for refusal in refusals]
    return Tables(**{name: typed(kept[name], table) for name, table in TABLES.items()}), told


def _raw(batch: Batch, table: Table) -> pd.DataFrame:
    found = batch.tables.get(table.name)
    return _no_rows(table.name).copy(deep=False) if found is None else found


@cache
def _no_rows(name: str) -> pd.DataFrame:
    return pd.DataFrame(columns=[*TABLES[name].names, "source_file", "source_row"], dtype="str")


def _family(name: str) -> tuple[str, ...]:
    return next((names for names in FAMILIES if name in names), (name,))


def _hold(kept: dict[str, pd.DataFrame], name: str, refusals: list[Refusal], wrong: str, do: str) -> None:
    """Refuse what is left of a claim, note or payment of which a row was refused."""
    broken = {r.record_id for r in refusals if r.table in _family(name)} - {""}
    if broken:
        _refuse(kept, name, kept[name][TABLES[name].record].isin(broken), refusals, wrong, do)


def _refuse(
    kept: dict[str, pd.DataFrame], name: str, which: pd.Series[bool], refusals: list[Refusal], *why: str
) -> None:
    table, rows = TABLES[name], kept[name]
    if not which.any():
        return
    refusals += [contract.refusal(row, table, table.record, *why) for row in rows[which].to_dict("records")]
    kept[name] = rows[~which]


def typed(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of checked text in the dtypes of `Tables`; columns that are absent come empty."""
    known, every = set(rows.columns) if len(rows) else set(), np.zeros(len(rows), dtype="intp")
    cells = {
        one.name: _once_each(rows[one.name], one.kind) if one.name in known else _nothing(one.kind).take(every)
        for one in table.columns
    }
    return pd.DataFrame(cells, copy=False)


@cache
def _nothing(kind: str) -> Any:
    """One cell of which nothing is known."""
    return _once_each(pd.Series([""], dtype="str"), kind)


def _once_each(cells: pd.Series[Any], kind: str) -> Any:
    """Cells that say the same become one value, which their rows share."""
    told = cells.array
    if not isinstance(told, pd.Categorical):
        told = pd.Categorical(cells.astype("str").fillna(""))
    if kind not in WORKED_OUT:
        return shared(told.codes, told.categories.array)
    used = np.zeros(len(told.categories), dtype="bool")
    used[told.codes] = True
    text = pd.Series(told.categories, dtype="str").where(used, "")  # others are of rows that were refused
    return _typed(text, kind).array.take(told.codes)


def _typed(text: pd.Series[str], kind: str) -> pd.Series[Any]:
    if kind == "count":
        return pd.to_numeric(text.where(text != "")).astype("Int64")
    if kind == "date":
        return pd.to_datetime(text.where(text != ""), format="%Y-%m-%d").astype("datetime64[us]")
    return pd.Series([Decimal(t) if t else None for t in text], index=text.index, dtype="object")
