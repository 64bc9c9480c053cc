"""Dated facts: the tables of `data/`, looked up by date of service, never "the latest".

Each row of a fact table has `effective_from`, `effective_to` (both included, empty when open), `source`,
`evidence` and `checked_on`. `data/tables.csv` says which dates of service each table covers. What users loaded
(`fact_loads`) is added to it; each load makes a new state of the facts, and earlier states can still be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from audit import shipped
from audit.errors import FactError
from audit.facts import fact_loads
from audit.facts.fact_loads import Load
from audit.facts.fact_merge import EARLIEST, LATEST, Period, Periods, merged
from audit.facts.fact_tables import DATED, KEYS, Coverage, coverages, fact_table, read_table
from audit.shared_text import spread
from audit.texts import Whole, firsts, group_numbers

P = ParamSpec("P")
T = TypeVar("T")
DATA = shipped.FOLDER / "data"
__all__ = ["DATA", "DATED", "EARLIEST", "KEYS", "LATEST", "Coverage", "Facts", "in_force", "load_facts", "with_facts"]


@dataclass(frozen=True)
class Facts:
    """All fact tables of one folder and the loads added to it, as text except the two dates. `sha256` names this
    state of them; `periods` are the dates each table can be relied on, gaps and all, `coverage` the first and last."""

    folder: Path
    tables: dict[str, pd.DataFrame]
    sources: pd.DataFrame
    coverage: dict[str, Coverage]
    sha256: str
    periods: Periods
    loads: tuple[Load, ...] = ()
    as_of: date | None = None
    """The day on which claims are checked or filed, where the user says it; rules of time go by it."""
    derived: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out of these tables, kept as long as they are."""

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    def value(self, parameter: str, on: date) -> Decimal:
        """The value of a threshold in force on `on`. Raises FactError when none is on file."""
        rows = self["thresholds"]
        rows = rows[(rows["parameter"] == parameter) & in_force(rows, pd.Timestamp(on)) & (rows["value"] != "")]
        if rows.empty:
            raise FactError(
                f"no row for '{parameter}' is in force on {on}",
                where=str(self.folder / "thresholds.csv"),
                do="Add the row with its dates and source, or leave that date out of this audit",
            )
        try:
            return Decimal(rows["value"].iloc[0])
        except InvalidOperation:
            raise FactError(
                f"'{rows['value'].iloc[0]}' is no number",
                where=f"{self.folder / 'thresholds.csv'}, parameter {parameter}",
                do="Write digits with a point",
            ) from None

    def begins(self, parameter: str) -> pd.Timestamp:
        """The first date of service on which a threshold or requirement is in force."""
        rows = self["thresholds"]
        return pd.Timestamp(rows.loc[rows["parameter"] == parameter, "effective_from"].min())

    def covered(self, table: str, dates: pd.Series[pd.Timestamp], codes: pd.Series[str] | None = None) -> pd.DataFrame:
        """By row of `dates`: `coverage`, "within" for a date the table can be relied on, "after" where only an older
        one is on file, "before" where none is; `asked`, the day to look up (the last one covered, for "after");
        `table_period`, the dates of the table that is meant. `codes` are pairs' codes of column 1."""
        number = group_numbers(dates) if codes is None else group_numbers(dates, codes)
        once = firsts(number)
        each = [] if codes is None else [codes.to_numpy(dtype="object")[once]]
        found = self._covered(table, dates.to_numpy()[once], *each)
        return pd.DataFrame({name: spread(told, number) for name, told in found.items()}, index=dates.index)

    def _covered(self, table: str, dates: Any, codes: Any = None) -> dict[str, Any]:
        asked, reach, told = dates.copy(), np.full(len(dates), 0), np.full(len(dates), 0)
        periods = self.periods.get(table, ())
        for place, period in enumerate(periods, 1):
            fits = codes is None or (period.codes_from <= codes) & (codes <= period.codes_to)
            first, last = period.first.to_datetime64(), period.last.to_datetime64()
            within = fits & (first <= dates) & (dates <= last)
            after = fits & (dates > last) & (reach != WITHIN)
            early = fits & (dates < first) & (told == 0)
            asked[within], asked[after] = dates[within], last
            reach[after], reach[within] = AFTER, WITHIN
            told[within | after | early] = place
        words = pd.array(["", *(period.words for period in periods)], dtype="str")
        return {"coverage": REACH.take(reach), "asked": asked, "table_period": words.take(told)}

    @cached_property
    def recalled_sources(self) -> frozenset[str]:
        """Sources whose text nobody has read yet: what rests on them alone is unchecked."""
        return frozenset(self.sources.loc[self.sources["evidence"] == "recalled", "source"])


def once_for_facts(ask: Callable[Concatenate[Facts, P], T]) -> Callable[Concatenate[Facts, P], T]:
    """For a function of facts and of names in them: what it says is kept with the facts."""

    @wraps(ask)
    def asked(facts: Facts, /, *names: P.args, **others: P.kwargs) -> T:
        key = (ask.__module__, ask.__name__, names, *others.items())
        if key not in facts.derived:
            facts.derived[key] = ask(facts, *names, **others)
        told: T = facts.derived[key]
        return told

    return asked


REACH = pd.array(["before", "after", "within"], dtype="str")
AFTER, WITHIN = 1, 2


def in_force(rows: pd.DataFrame, on: pd.Timestamp | pd.Series[pd.Timestamp]) -> pd.Series[bool]:
    """Which rows of a fact table are in force on a date (or on each row's own date)."""
    return (rows["effective_from"] <= on) & (on <= rows["effective_to"])


def with_facts(left: pd.DataFrame, facts: pd.DataFrame, columns: list[str], *, on: str, key: str) -> pd.DataFrame:
    """`left` with `columns` of the fact row in force on each row's `service_date`; "" where there is none.

    Adds `known` (bool): one fact row was in force; two that contradict each other tell nothing. Keeps the rows,
    order and index of `left`.
    """
    rows, number = rows_in_force(left, facts, on=on, key=key)
    of_each = {column: facts[column].array.take(rows, allow_fill=True, fill_value="") for column in columns}
    told = {column: spread(said, number) for column, said in of_each.items()}
    return left.assign(known=(rows >= 0)[number], **told)


def rows_in_force(left: pd.DataFrame, facts: pd.DataFrame, *, on: str, key: str) -> tuple[Whole, Whole]:
    """The position in `facts`, -1 for none, for each key and date that differs, and which of these each row has."""
    number = group_numbers(left[on], left["service_date"])
    once = firsts(number)
    names, days = left[on].array.take(once).tolist(), _number(left["service_date"])[once].tolist()
    wanted, spans = set(names), dict[str, list[tuple[int, int, int]]]()
    reach = (_number(facts[name]).tolist() for name in ("effective_from", "effective_to"))
    for row, (named, first, last) in enumerate(zip(facts[key].tolist(), *reach, strict=True)):
        if named in wanted:
            spans.setdefault(named, []).append((row, first, last))
    found = []
    for named, day in zip(names, days, strict=True):
        rows = [row for row, first, last in spans.get(named, ()) if first <= day <= last]
        found.append(rows[0] if len(rows) == 1 else -1)
    return np.array(found, dtype="int64"), number


def _number(dates: pd.Series[pd.Timestamp]) -> Whole:
    return dates.to_numpy().astype("datetime64[us]").astype("int64")


def load_facts(folder: Path = DATA, loads: Path | None = None) -> Facts:
    """The newest state of the facts. Raises FactError naming file, row and what to do.

    What users loaded (`loads`, default: this installation's folder) is added to the shipped `folder` only.
    """
    where = loads or (fact_loads.folder() if folder == DATA else None)
    return _state(folder, where, fact_loads.loads(where) if where else ())


def shipped_facts() -> Facts:
    return _state(DATA, None, ())


def facts_of_run(sha256: str, loads: Path | None = None) -> Facts:
    """The state of the facts with this hash, as a run keeps it. Raises FactError when it cannot be made again."""
    where = loads or fact_loads.folder()
    all_loads = fact_loads.loads(where)
    for number in range(len(all_loads), -1, -1):
        if _digest_of(DATA, all_loads[:number]) == sha256:
            return _state(DATA, where, all_loads[:number])
    raise FactError(
        "no state of the facts on file has this hash",
        where=sha256[:12],
        do="Use the version of Countersign and the folder of loaded facts that the run was made with",
    )


@cache
def _state(folder: Path, where: Path | None, loads: tuple[Load, ...]) -> Facts:
    sources = read_table(folder / "sources.csv", ["source", "title", "citation", "evidence"])
    tables = {name: fact_table(folder, name, set(sources["source"])) for name in KEYS}
    coverage = {c.table: c for c in coverages(folder)}
    periods: Periods = {name: (_period(one),) for name, one in coverage.items()}
    if where and loads:
        tables, periods = merged(tables, periods, where, loads)
        sources = pd.concat([sources, pd.DataFrame([_source(load) for load in loads])], ignore_index=True)
        coverage |= {name: _reach(name, coverage.get(name), spans) for name, spans in periods.items()}
    return Facts(folder, tables, sources, coverage, _digest_of(folder, loads), periods, loads)


def _period(known: Coverage) -> Period:
    return Period(pd.Timestamp(known.covers_from or EARLIEST), pd.Timestamp(known.covers_to or LATEST))


def _source(load: Load) -> dict[str, str]:
    title = f"{load.kind} {load.covers_from} to {load.covers_to}, loaded on {load.at[:10]}"
    return {"source": load.source, "title": title, "citation": load.file, "evidence": "file"}


LOADED = {
    "diagnoses": ("ICD-10-CM codes of the fiscal years", "each October: the ICD-10-CM order file"),
    "pairs:medicaid": ("pairs of codes Medicaid does not pay together on one day", "each quarter: Medicaid's PTP file"),
}
"""What tables are, and how they are renewed, of which nothing is shipped."""


def _reach(name: str, known: Coverage | None, spans: tuple[Period, ...]) -> Coverage:
    own_list = (f"pairs of the payer's list {name.partition(':')[2]}", "when the payer changes it")
    what, refresh = (known.what, known.refresh) if known else LOADED.get(name, own_list)
    first, last = min(one.first for one in spans), max(one.last for one in spans)
    return Coverage(name, None if first == EARLIEST else first.date(), None if last == LATEST else last.date(), what,
                    refresh)  # fmt: skip


@cache
def _digest_of(folder: Path, loads: tuple[Load, ...]) -> str:
    if not loads:
        return _digest(folder)
    return hashlib.sha256("\n".join([_digest(folder), *(load.sha256 for load in loads)]).encode()).hexdigest()


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in sorted([*KEYS, "sources", "tables"]):
        digest.update(f"{name}\n".encode() + (folder / f"{name}.csv").read_bytes())
    return digest.hexdigest()
