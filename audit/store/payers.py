"""Payer profiles of the store: those saved in the app before those that came with a batch, by date of service.

A saved profile holds from its first day until the next one that was saved; a later one that begins earlier or on the
same day takes its place from there on. Rows are only added.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from audit import model
from audit.store.schema import accounts, payer_profiles

COLUMNS = model.PAYERS.names
DAY = timedelta(days=1)


def history(connection: Connection) -> pd.DataFrame:
    """Every saved row, oldest first: the contract's columns with `effective_to` as it came to be (None: open), `id`,
    `reason`, `by`, `at`; and `replaced` (bool): a later row took its place on all its days."""
    query = select(payer_profiles, accounts.c.name.label("by")).join(accounts).order_by(payer_profiles.c.id)
    found = [dict(row) for row in connection.execute(query).mappings()]
    columns = ["id", *COLUMNS, "reason", "by", "at", "replaced"]
    return pd.DataFrame([_closed(row, found) for row in found], columns=columns, dtype="object")


def _closed(row: dict[str, Any], rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    later = [one for one in rows if one["payer_id"] == row["payer_id"] and one["id"] > row["id"]]
    first = min((one["effective_from"] for one in later), default=None)
    replaced = first is not None and first <= row["effective_from"]
    return {**row, "effective_to": None if first is None or replaced else first - DAY, "replaced": replaced}


def with_saved(connection: Connection, loaded: pd.DataFrame) -> pd.DataFrame:
    """The payers that came with a batch, as checked rows, under those saved in the app: a saved profile counts from
    its first day on, what was loaded counts for the days before."""
    saved = history(connection)
    saved = saved[~saved["replaced"].astype("bool")]
    if saved.empty:
        return loaded
    first = saved.groupby("payer_id")["effective_from"].min()
    kept = [_before(row, first.get(row["payer_id"])) for row in loaded.to_dict("records")]
    rows = [row for row in kept if row] + saved[COLUMNS].to_dict("records")
    result = pd.DataFrame(rows, columns=COLUMNS, dtype="object")
    for name in ("effective_from", "effective_to"):
        result[name] = pd.to_datetime(result[name]).astype("datetime64[us]")
    texts = [name for name in COLUMNS if not name.startswith("effective_")]
    return result.assign(**{name: result[name].fillna("").astype("str") for name in texts})


def _before(row: dict[Any, Any], first: date | None) -> dict[Any, Any] | None:
    """A loaded row as far as it holds before the first saved day; None when nothing is left of it."""
    if first is None:
        return row
    last = pd.Timestamp(first) - DAY
    if pd.notna(row["effective_from"]) and row["effective_from"] > last:
        return None
    ends = row["effective_to"]
    return {**row, "effective_to": last if pd.isna(ends) or ends > last else ends}
