"""The grain `patient_year`: a Medicare therapy line with its place in the yearly total of its patient.

Only this practice's claims are seen: what other practices billed comes on top, so a total is the least it can be.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from audit.facts.reference import Facts
from audit.grains.limits import with_limits
from audit.money import allowed

YEAR = ["patient_id", "bucket", "year"]
BUCKETS = {"OT": "OT", "PT": "PT_SLP", "SLP": "PT_SLP"}
"""Physical therapy and speech-language pathology share one yearly amount."""
LIMITS = {"limit": "KX", "review_at": "MEDICAL_REVIEW"}
NOT_COVERED = ["GA", "GY", "GZ"]
"""On these lines the practice itself expects no payment: they neither count nor need KX."""
REPLACED_BY = {"7", "8"}
"""Frequency codes of claims that replace or void an earlier one."""
SERVICE = ["patient_id", "payer_id", "service_date", "procedure_code"]
MODIFIERS = ["modifier_1", "modifier_2", "modifier_3", "modifier_4"]


def patient_years(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Therapy lines of Medicare (and of payers of whom that is not known) in the order in which they count.

    `amount`: cents allowed for the line at national rates, never more than its charge; <NA> without a fee on file.
    `total`: cents of the year up to and with this line, priced lines only; within a day lines without KX come first,
    which is the order that asks least for KX. `unpriced`: the first code of the year so far that has no fee, "" for
    none. `limit`, `review_at`, `well_below`: cents, <NA> where no amount is on file for the date. `not_covered`: one
    of NOT_COVERED stands on the line.
    """
    rows = lines[_counts(lines)].copy()
    rows["bucket"] = rows["discipline"].map(BUCKETS)
    rows["year"] = rows["service_date"].dt.year
    rows["not_covered"] = rows[MODIFIERS].isin(NOT_COVERED).any(axis=1)
    rows["amount"] = _amounts(rows, facts)
    rows["of_year"] = rows.groupby(YEAR, sort=False).ngroup()
    rows = rows.sort_values(
        ["of_year", "service_date", "has_kx"], kind="stable"
    )  # then by claim and line, as they come
    counted = (rows["medicare"] == "yes") & ~rows["not_covered"]
    by_year = rows.pop("of_year")
    rows["total"] = rows["amount"].where(counted, 0).fillna(0).groupby(by_year).cumsum()
    without = rows["procedure_code"].where(counted & rows["amount"].isna())
    rows["unpriced"] = without.groupby(by_year).ffill().fillna("").astype("str")
    rows = _with_yearly_limits(rows, facts)
    return rows.sort_index().reset_index(drop=True)


def _counts(lines: pd.DataFrame) -> pd.Series[bool]:
    """Lines under a therapy plan as Medicare tells them: by code, or by a discipline modifier. A claim that was
    replaced or voided does not count, nor does the voiding one."""
    named = lines[["has_go", "has_gp", "has_gn"]].any(axis=1)
    therapy = lines["therapy_class"] == "always"
    therapy |= (lines["therapy_class"] != "none") & named
    therapy |= (lines["therapy_class"] == "sometimes") & lines["discipline_known"]
    later = lines["frequency_code"].isin(REPLACED_BY)
    gone = lines["frequency_code"] == "8"
    if later.any():
        service = pd.MultiIndex.from_frame(lines[SERVICE])
        gone |= service.isin(service[later]) & ~later
    return therapy & (lines["medicare"] != "no") & (lines["units"] > 0) & ~gone


def _amounts(rows: pd.DataFrame, facts: Facts) -> pd.Series[int]:
    """Outpatient therapy is paid at the non-facility rate wherever it is given (42 CFR 414.22)."""
    days = rows.groupby(["patient_id", "payer_id", "billing_npi", "service_date"], sort=False).ngroup()
    units = rows["units"].astype("int64")
    priced = rows[["procedure_code", "service_date"]].assign(
        day_key=days,
        place="nonfacility",
        plain_units=units.where(~rows["has_co"], 0),
        co_units=units.where(rows["has_co"], 0),
    )
    fee = allowed(priced, facts)["allowed"].astype("Int64")
    charge = (rows["charge_amount"].astype("float64") * 100).round().astype("Int64")
    return fee.mask((charge > 0).fillna(False) & (charge < fee).fillna(False), charge)


def _with_yearly_limits(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    by_date = pd.DataFrame({"service_date": rows["service_date"].drop_duplicates()})
    named = {f"{name}_{bucket}": f"{parameter}_{bucket}" for name, parameter in LIMITS.items()
             for bucket in set(BUCKETS.values())}  # fmt: skip
    by_date = with_limits(by_date, facts, {**named, "percent": "KX_WELL_BELOW_PERCENT"}).set_index("service_date")
    for name in LIMITS:
        told: dict[str, pd.Series[Any]] = {
            bucket: rows["service_date"].map(by_date[f"{name}_{bucket}"]) for bucket in set(BUCKETS.values())
        }
        rows[name] = told["OT"].where(rows["bucket"] == "OT", told["PT_SLP"]).astype("Int64") * 100
    rows["well_below"] = rows["limit"] * rows["service_date"].map(by_date["percent"]).astype("Int64") // 100
    return rows
