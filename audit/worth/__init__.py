"""What findings are worth in dollars.

A finding says in `change` what it would change in the units billed; here that change is priced in the whole
patient-day (`audit.money`). Its words: "97110 -1" one unit less (or "+1" more), "97110 CO +1" one more of the billed
units with CO; several are parted by "; ". "97129+97130" is the one cognitive service: its last unit goes first.
" at least" at the end: only the number of units is sure, and the cheapest are meant. A unit less is one with CO, if
there is one: what is told is never more than what is sure.

`dollars_at_risk` is what the bill is too high by, `dollars_under` what it is too low by; both None, and
`dollars_because` says why, where that is not known. Findings of one day overlap: totals come from `by_claim` and
`by_day`, never from adding up.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from audit import money
from audit.grains import Prepared
from audit.worth.changes import asked, billed_of, by_payer, changes, with_fees
from audit.worth.words import reasons

CENTS = ["over", "under"]


def priced(findings: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """`findings` with `dollars_at_risk`, `dollars_under` (Decimal or None) and `dollars_because` filled in where
    there is a `change`. Keeps rows, order and index."""
    parts = asked(findings, prepared)
    if parts.empty:
        return findings
    days = billed_of(parts, prepared)
    asked_for = changes(parts, days)
    cents = _alone(days, asked_for, prepared).reindex(parts["finding"].unique())
    told = {
        name: money.dollars(cents[column].reindex(findings.index).astype("Int64"))
        for name, column in (("dollars_at_risk", "over"), ("dollars_under", "under"))
    }
    because = reasons(parts, cents, asked_for, days, prepared)
    return findings.assign(**told, dollars_because=because.reindex(findings.index).fillna("").astype("str"))


def by_claim(findings: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """`over` and `under` (Decimal or None) by claim_id: the changes of a claim's findings together, each unit once.
    `unpriced`: its findings with a change that has no price, which are not in the sums.

    Claims of one patient-day may each be told of the same unit: to add up, take `by_day`.
    """
    return _totals(findings, prepared, "claim_id")


def by_day(findings: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """As `by_claim`, by the `day_key` of `Prepared.billed`: the changes of all claims of a day together. These sums
    may be added up."""
    return _totals(findings, prepared, "day_key")


def billed_by_claim(prepared: Prepared) -> pd.Series[Any]:
    """What each claim bills (Decimal) as its units are allowed in their patient-day, by claim_id; None where a unit of
    it has no price."""
    rows = with_fees(prepared.billed, prepared).reset_index(drop=True)
    parts = [money.allowed(part, prepared.facts, fees=fees)["paid"] for part, fees in by_payer(rows, prepared)]
    cents = pd.concat([pd.Series(dtype="Int64"), *parts]).reindex(rows.index).astype("Int64")
    return money.dollars(cents.groupby(rows["claim_id"]).agg(lambda one: one.sum(skipna=False)).astype("Int64"))


def _totals(findings: pd.DataFrame, prepared: Prepared, by: str) -> pd.DataFrame:
    parts = asked(findings, prepared)
    if parts.empty:
        return pd.DataFrame(columns=[*CENTS, "unpriced"]).rename_axis(by)
    days = billed_of(parts, prepared)
    asked_for = changes(parts, days)
    alone = _alone(days, asked_for, prepared)
    found = parts.drop_duplicates("finding").assign(group=lambda rows: rows.groupby([by, "day_key"]).ngroup())
    known = found["finding"].isin(alone.index[alone["over"].notna()])
    groups = found.drop_duplicates("group").set_index("group")
    apart = groups[["day_key"]].reset_index().merge(days, on="day_key").assign(day_key=lambda rows: rows["group"])
    together = asked_for.merge(found.loc[known, ["finding", "group"]], on="finding")
    together = together.assign(day_key=together["group"])
    totals = [money.day_total(rows, together[together["day_key"].isin(rows["day_key"])], prepared.facts, fees=fees)
              for rows, fees in by_payer(apart, prepared)]  # fmt: skip
    cents = pd.concat([_NO_CENTS, *totals])
    sums = cents.groupby(groups[by].reindex(cents.index)).sum(min_count=1)
    every = pd.Index(found[by].unique(), name=by)
    result = pd.DataFrame({name: money.dollars(sums[name].reindex(every)) for name in CENTS})
    left = found[~known].groupby(by).size()
    return result.assign(unpriced=left.reindex(every).fillna(0).astype("int64"))


def _alone(days: pd.DataFrame, asked_for: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """CENTS by finding, each priced alone; days that have no price are left out."""
    parts = [money.dollars_by_finding(rows, asked_for[asked_for["day_key"].isin(rows["day_key"])], prepared.facts,
                                      fees=fees).droplevel("day_key")
             for rows, fees in by_payer(days, prepared)]  # fmt: skip
    return pd.concat([_NO_CENTS, *parts])


_NO_CENTS = pd.DataFrame(columns=CENTS, dtype="Int64")
