"""What is shipped and what users loaded, made one: which rows are in force, and the dates they can be relied on.

Pairs: a loaded file tells the whole history of its codes of column 1, so it takes the place of older tables for
those. Unit limits: each quarter holds until the next one on file; the last one stays to be looked at after its end,
when it is called old. Fees: a release holds from its first day to the end of its year. Diagnoses: each fiscal year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from audit.facts.fact_loads import PAIRS, Load, rows

EARLIEST, LATEST = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-12-31")
DIAGNOSES = "diagnoses"
DIAGNOSIS_COLUMNS = ["code", "billable", "side", "effective_from", "effective_to", "source", "evidence", "checked_on"]
DAY = pd.Timedelta(days=1)
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Period:
    """Dates of service for which a table can be relied on, both included; for pairs only codes of column 1 from
    `codes_from` to `codes_to`."""

    first: pd.Timestamp
    last: pd.Timestamp
    codes_from: str = ""
    codes_to: str = "~"

    @property
    def words(self) -> str:
        return f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"


Periods = dict[str, tuple[Period, ...]]


def merged(shipped: Tables, periods: Periods, where: Path, loads: Iterable[Load]) -> tuple[Tables, Periods]:
    """The tables and the periods of one state of the facts."""
    tables = {**shipped, DIAGNOSES: typed(pd.DataFrame(columns=DIAGNOSIS_COLUMNS, dtype="str"))}
    spans = {name: list(of_table) for name, of_table in periods.items()}
    in_order = sorted(loads, key=lambda load: (load.covers_to, load.covers_from, load.number))
    for load in in_order:
        partners = {other.source for other in in_order if other.covers_to == load.covers_to} - {load.source}
        for name in load.tables:
            marks = {"source": load.source, "evidence": "file", "checked_on": load.at[:10]}
            added = typed(rows(where, load, name).assign(**marks))
            held = tables.get(name, added[:0])
            tables[name] = _joined(name, held, added.reindex(columns=held.columns, fill_value=""), load, partners)
            if name != "thresholds":
                spans.setdefault(name, []).append(_period(load))
    return tables, {name: tuple(sorted(of_table, key=_end)) for name, of_table in spans.items()}


def typed(found: pd.DataFrame) -> pd.DataFrame:
    """The two dates of rows as dates; an empty one is open."""
    dates = {"effective_from": EARLIEST, "effective_to": LATEST}
    read = {
        name: pd.to_datetime(found[name].where(found[name] != ""), format="%Y-%m-%d").fillna(open_)
        for name, open_ in dates.items()
    }
    return found.assign(**{name: day.astype("datetime64[us]") for name, day in read.items()})


def is_pairs(name: str) -> bool:
    return name == "ncci_pairs" or name.startswith(PAIRS)


def _joined(name: str, held: pd.DataFrame, added: pd.DataFrame, load: Load, partners: set[str]) -> pd.DataFrame:
    """`partners`: sources of the other parts of the same quarter's table, which stand beside this one."""
    if is_pairs(name):
        kept = held[~held["column_1"].between(load.codes_from, load.codes_to) | held["source"].isin(partners)]
        key = ["column_1", "column_2", "effective_from"]
        return pd.concat([kept, added], ignore_index=True).drop_duplicates(key, keep="last", ignore_index=True)
    replaced = pd.Series(True, index=held.index)
    if name == "thresholds":
        replaced = held["parameter"].isin(set(added["parameter"]))
    first, last = pd.Timestamp(load.first), pd.Timestamp(load.last)
    touched = held[replaced]
    before, later = touched[touched["effective_from"] < first], touched[touched["effective_from"] > last]
    before = before.assign(effective_to=before["effective_to"].mask(before["effective_to"] >= first, first - DAY))
    if name == "mue" and len(later):  # a limit is looked up until the next table begins
        added = added.assign(effective_to=later["effective_from"].min() - DAY)
    return pd.concat([held[~replaced], before, added, later], ignore_index=True)


def _period(load: Load) -> Period:
    first, last = pd.Timestamp(load.first), pd.Timestamp(load.last)
    return Period(first, last, load.codes_from, load.codes_to or "~")


def _end(period: Period) -> tuple[pd.Timestamp, pd.Timestamp, str]:
    return period.last, period.first, period.codes_from
