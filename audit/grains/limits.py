"""Limits of `data/thresholds.csv` as columns of a prepared table, each by the row's own date of service."""

from __future__ import annotations

import pandas as pd

from audit.reference import EARLIEST, LATEST, Facts, with_facts


def with_limits(rows: pd.DataFrame, facts: Facts, limits: dict[str, str]) -> pd.DataFrame:
    """`rows` with a whole number (Int64) for each column of `limits`, column -> parameter; <NA> where none is in
    force on the `service_date`."""
    found = {}
    for column, parameter in limits.items():
        asked = rows[["service_date"]].assign(parameter=parameter)
        value = with_facts(asked, facts["thresholds"], ["value"], on="parameter", key="parameter")["value"]
        found[column] = pd.to_numeric(value.where(value != "")).astype("Int64")
    return rows.assign(**found)


def coverage(date: pd.Series[pd.Timestamp], facts: Facts, table: str) -> pd.Series[str]:
    """For each date of service: "within" the dates that a fact table can be relied on for, "after" or "before"."""
    first, last = covered(facts, table)
    within = pd.Series("within", index=date.index, dtype="str")
    return within.mask(date > last, "after").mask(date < first, "before")


def covered(facts: Facts, table: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and last date of service that a fact table can be relied on for."""
    known = facts.coverage[table]
    return pd.Timestamp(known.covers_from or EARLIEST), pd.Timestamp(known.covers_to or LATEST)


def period(facts: Facts, table: str) -> str:
    """The same two dates in words."""
    first, last = covered(facts, table)
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
