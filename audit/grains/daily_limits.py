"""The grain `limit`: a code of one day with the most units that Medicare's table (MUE) takes of it."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts, with_facts
from audit.grains.again import REPLACED
from audit.grains.lines import those
from audit.shared_text import SHARED
from audit.texts import group_numbers

DAY = ["day", "payer_id", "procedure_code"]
"""Limits hold for one patient's code of one day under one payer (and one practice)."""
PER_LINE = "1"
"""The indicator of a limit that each claim line is held against, not the day."""


def limits(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Billed codes of a day, on the first line of each claim that bills it; each line where the limit is per line. What
    was replaced is not billed; each payer's claim has the limit for itself.

    `counted`: the units held against the limit, of the day over all claims, or of the line. `most` (Int64) and
    `adjudication` (1 a line, 2 a day and absolute, 3 a day) of the table in force on the date, or on the last date it
    covers for later ones; <NA> and "" where it has no row. `coverage`: within, after or before the dates of the table
    (`table_period`).
    """
    rows = those(lines, (lines["units"] > 0) & (lines["told_again"] != REPLACED))
    rows["practice"] = _practice(rows)
    known = facts.covered("mue", rows["service_date"])
    rows[["coverage", "table_period"]] = known[["coverage", "table_period"]]
    asked = rows[["procedure_code"]].assign(service_date=known["asked"])
    found = with_facts(asked, facts["mue"], ["units_per_day", "adjudication"], on="procedure_code", key="code")
    limit = found["units_per_day"]
    rows["most"] = pd.to_numeric(limit.where(limit != "")).astype("Int64")
    rows["adjudication"] = found["adjudication"]
    per_line = rows["adjudication"] == PER_LINE
    of_practice = group_numbers(*(rows[name] for name in (*DAY, "practice")))
    of_day = rows["units"].groupby(of_practice).transform("sum")
    rows["counted"] = of_day.mask(per_line, rows["units"])
    again = rows[["claim", *DAY]].duplicated() & ~per_line
    return those(rows, ~again)


def _practice(rows: pd.DataFrame) -> pd.Series[str]:
    """The billing practice; a line that names none counts with the day's first that is named."""
    told = rows["billing_npi"] != ""
    if told.all() or not told.any():
        return rows["billing_npi"]
    named = rows["billing_npi"].where(told)
    first = named.groupby([rows[name] for name in DAY]).transform("first")
    return named.fillna(first).fillna("").astype(SHARED)
