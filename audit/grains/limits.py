"""Limits of `data/thresholds.csv` as columns of a prepared table, each by the row's own date of service."""

from __future__ import annotations

import pandas as pd

from audit.reference import Facts, with_facts


def with_limits(rows: pd.DataFrame, facts: Facts, limits: dict[str, str]) -> pd.DataFrame:
    """`rows` with a whole number (Int64) for each column of `limits`, column -> parameter; <NA> where none is in
    force on the `service_date`."""
    found = {}
    for column, parameter in limits.items():
        asked = rows[["service_date"]].assign(parameter=parameter)
        value = with_facts(asked, facts["thresholds"], ["value"], on="parameter", key="parameter")["value"]
        found[column] = pd.to_numeric(value.where(value != "")).astype("Int64")
    return rows.assign(**found)
