"""Limits of `data/thresholds.csv` as columns of a prepared table, each by the row's own date of service."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts, with_facts


def with_limits(rows: pd.DataFrame, facts: Facts, limits: dict[str, str]) -> pd.DataFrame:
    """`rows` with a whole number (Int64) for each column of `limits`, column -> parameter; <NA> where none is in
    force on the `service_date`."""
    number, different = pd.factorize(rows["service_date"], use_na_sentinel=False)
    parameters = sorted(set(limits.values()))
    each = {"service_date": different.repeat(len(parameters)), "parameter": parameters * len(different)}
    value = with_facts(pd.DataFrame(each), facts["thresholds"], ["value"], on="parameter", key="parameter")["value"]
    told = pd.to_numeric(value.where(value != "")).astype("Int64").array
    place = {name: number * len(parameters) + parameters.index(name) for name in parameters}
    return rows.assign(**{column: told.take(place[parameter]) for column, parameter in limits.items()})
