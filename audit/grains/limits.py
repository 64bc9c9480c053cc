"""Limits of `data/thresholds.csv` as columns of a prepared table, each by the row's own date of service."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts, with_facts


def with_limits(rows: pd.DataFrame, facts: Facts, limits: dict[str, str]) -> pd.DataFrame:
    """`rows` with a whole number (Int64) for each column of `limits`, column -> parameter; <NA> where none is in
    force on the `service_date`."""
    number, different = pd.factorize(rows["service_date"], use_na_sentinel=False)
    dates = pd.DataFrame({"service_date": different})
    asked = dates.merge(pd.DataFrame({"parameter": sorted(set(limits.values()))}), how="cross")
    value = with_facts(asked, facts["thresholds"], ["value"], on="parameter", key="parameter")["value"]
    asked["value"] = pd.to_numeric(value.where(value != "")).astype("Int64")
    by_date = asked.pivot(index="service_date", columns="parameter", values="value")
    by_date = by_date.reindex(index=different, columns=list(limits.values())).astype("Int64")
    return rows.assign(**{column: by_date[parameter].array.take(number) for column, parameter in limits.items()})
