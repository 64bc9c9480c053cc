"""What is left of a note, a plan of care or an authorisation of which a row was refused.

Without it a day looks as if nobody had documented it, a treatment as if nobody had planned or authorised it. Of such a
record only the columns that tell whose and which it is are kept (`model.WHOSE`), and in `refused_row` the
place of the row to mend. What else it says is not known: a rule that needs it is untestable, and an error that rests on
what else of its kind is on file is a warning (`unconfirmed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from audit import contract
from audit.errors import Refusal
from audit.model import WHOSE, Column, Table

DAY = ["patient_id", "service_date"]
NAMED = 5
"""Claims that a refusal names."""


def with_remnants(
    table: Table, came: pd.DataFrame, kept: pd.DataFrame, refusals: Iterable[Refusal], family: Iterable[str]
) -> pd.DataFrame:
    """The rows that were `kept` of those that `came` (as `contract.normal` gives them), none of them refused whatever
    its file says, and what stands for the records that were refused, each once. Nothing stands for a row that lacks
    what its table requires. `refusals`: why, the cause before what followed from it; `family`: the tables whose rows
    stand or fall with this one's."""
    whole: pd.DataFrame = kept.drop(columns="refused_row", errors="ignore")
    if len(kept) == len(came):
        return whole
    must = [column for column in table.columns if column.required]
    can = [column for column in table.columns if column.name in WHOSE[table.name] and not column.required]
    columns = [*WHOSE[table.name], "source_file", "source_row"]
    rows = came.loc[~came.index.isin(kept.index), columns].astype("str")
    rows = rows[~rows.index.isin(_broken(rows, table, *must))]
    for column in can:
        rows.loc[list(_broken(rows, table, column)), column.name] = ""
    key = list(table.key)
    taken = pd.MultiIndex.from_frame(kept[key].astype("str"))
    rows = rows[~pd.MultiIndex.from_frame(rows[key]).isin(taken) & ~rows.duplicated(key).to_numpy()]
    left = rows.assign(refused_row=rows[table.record].map(_places(refusals, set(family))).fillna("a row"))
    columns = [*whole.columns, "refused_row"]
    every: pd.DataFrame = pd.concat([whole, left.reindex(columns=columns, fill_value="")])
    return every


def with_others(refusals: list[Refusal], came: pd.DataFrame, kept: pd.DataFrame) -> list[Refusal]:
    """The refusals; the first of a claim names the claims of its patient's day that were kept of those that `came`.
    Nothing stands for a refused claim, so that they are judged as if it had never been billed."""
    if len(kept) == len(came):
        return refusals
    gone = came.loc[~came.index.isin(kept.index), [*DAY, "claim_id"]].astype("str")
    near = kept.loc[kept["patient_id"].isin(gone["patient_id"]), [*DAY, "claim_id"]].astype("str").drop_duplicates()
    both = gone.merge(near, on=DAY, suffixes=("", "_other"))
    both = both[both["claim_id"] != both["claim_id_other"]]
    others = {one: sorted({*told}) for one, told in both.groupby("claim_id")["claim_id_other"]}
    result = []
    for one in refusals:
        told = others.pop(one.record_id, []) if one.table == "claims" else []
        result.append(replace(one, wrong=f"{one.wrong}; {_without_it(told)}") if told else one)
    return result


def _without_it(claims: list[str]) -> str:
    more = f" and {len(claims) - NAMED} more" if len(claims) > NAMED else ""
    named, verb = ", ".join(claims[:NAMED]) + more, "is" if len(claims) == 1 else "are"
    return f"claim{'' if len(claims) == 1 else 's'} {named} of the same patient and day {verb} judged without it"


def without_misread(rows: pd.DataFrame, table: Table, refusals: Iterable[Refusal]) -> pd.DataFrame:
    """Without the rows that reading refused already: of the tables of `WHOSE` they are here all the same."""
    refused = {(one.file, str(one.row)) for one in refusals if one.table == table.name}
    if table.name not in WHOSE or not refused:
        return rows
    places = zip(rows["source_file"], rows["source_row"].astype("str"), strict=True)
    return rows[[place not in refused for place in places]]


def _places(refusals: Iterable[Refusal], family: set[str]) -> dict[str, str]:
    """By record, where the row stands that was refused first."""
    places: dict[str, str] = {}
    for one in refusals:
        if one.table in family:
            places.setdefault(one.record_id, f"row {one.row} of {one.file}")
    return places


def _broken(rows: pd.DataFrame, table: Table, *columns: Column) -> set[int]:
    """Labels of the rows of which one of these cells breaks the contract."""
    part = replace(table, key=(), columns=columns)
    return contract.broken(contract.normal(rows, part), part).rows
