"""The grain `patient_year`: a Medicare therapy line with its place in the yearly total of its patient.

Only this practice's claims are seen: what other practices billed comes on top, so a total is the least it can be.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.facts.reference import Facts
from audit.grains.again import REPLACED
from audit.grains.limits import with_limits
from audit.grains.lines import those
from audit.model import MODIFIERS
from audit.money import allowed
from audit.shared_text import SHARED, for_all
from audit.texts import group_numbers

YEAR = ["patient_id", "bucket", "year"]
BUCKETS = {"OT": "OT", "PT": "PT_SLP", "SLP": "PT_SLP"}
"""Physical therapy and speech-language pathology share one yearly amount."""
LIMITS = {"limit": "KX", "review_at": "MEDICAL_REVIEW"}
NOT_COVERED = ["GA", "GY", "GZ"]
"""On these lines the practice itself expects no payment: they neither count nor need KX."""


def patient_years(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Therapy lines of Medicare (and of payers of whom that is not known) in the order in which they count.

    `amount`: cents allowed for the line at national rates, never more than its charge; <NA> without a fee on file.
    `total`: cents of the year up to and with this line, priced lines only; within a day lines without KX come first,
    which is the order that asks least for KX. `unpriced`: the first code of the year so far that has no fee, "" for
    none. `limit`, `review_at`, `well_below`: cents, <NA> where no amount is on file for the date. `not_covered`: one
    of NOT_COVERED stands on the line.
    """
    rows = those(lines, _counts(lines)).reset_index(drop=True)
    rows["bucket"] = rows["discipline"].map(BUCKETS)
    rows["year"] = rows["service_date"].dt.year
    rows["not_covered"] = rows[MODIFIERS].isin(NOT_COVERED).any(axis=1)
    rows["amount"] = _amounts(rows, facts)
    rows[["total", "unpriced"]] = _running(rows)
    return _with_yearly_limits(rows, facts)


def _running(rows: pd.DataFrame) -> pd.DataFrame:
    """`total` and `unpriced` by row: within a year by date, without KX first, then by claim and line, as they come."""
    counted = (rows["medicare"] == "yes") & ~rows["not_covered"]
    each = pd.DataFrame(
        {
            "year": group_numbers(*(rows[name] for name in YEAR)),
            "total": rows["amount"].where(counted, 0).fillna(0),
            "unpriced": rows["procedure_code"].where(counted & rows["amount"].isna()),
        }
    )
    each = each.take(np.lexsort((rows["has_kx"], rows["service_date"], each["year"])))
    each["total"] = each["total"].groupby(each["year"]).cumsum()
    if each["unpriced"].notna().any():
        each["unpriced"] = each["unpriced"].groupby(each["year"]).ffill()
    each["unpriced"] = each["unpriced"].astype(SHARED).fillna("")
    return each[["total", "unpriced"]].sort_index()


def _counts(lines: pd.DataFrame) -> pd.Series[bool]:
    """Lines under a therapy plan as Medicare tells them: by code, or by a discipline modifier. A claim that was
    replaced or voided does not count, nor does the voiding one."""
    named = lines[["has_go", "has_gp", "has_gn"]].any(axis=1)
    therapy = lines["therapy_class"] == "always"
    therapy |= (lines["therapy_class"] != "none") & named
    therapy |= (lines["therapy_class"] == "sometimes") & lines["discipline_known"]
    return therapy & (lines["medicare"] != "no") & (lines["units"] > 0) & (lines["told_again"] != REPLACED)


def _amounts(rows: pd.DataFrame, facts: Facts) -> pd.Series[int]:
    """Outpatient therapy is paid at the non-facility rate wherever it is given (42 CFR 414.22)."""
    days = group_numbers(*(rows[name] for name in ("patient_id", "payer_id", "billing_npi", "service_date")))
    units = rows["units"].astype("int64")
    priced = rows[["procedure_code", "service_date"]].assign(
        day_key=days,
        place=for_all("nonfacility", rows),
        plain_units=units.where(~rows["has_co"], 0),
        co_units=units.where(rows["has_co"], 0),
    )
    fee = allowed(priced, facts)["allowed"].astype("Int64")
    charge = (rows["charge_amount"].astype("float64") * 100).round().astype("Int64")
    return fee.mask((charge > 0).fillna(False) & (charge < fee).fillna(False), charge)


def _with_yearly_limits(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    named = {f"{name}_{bucket}": f"{parameter}_{bucket}" for name, parameter in LIMITS.items()
             for bucket in set(BUCKETS.values())}  # fmt: skip
    told = with_limits(rows[["service_date"]], facts, {**named, "percent": "KX_WELL_BELOW_PERCENT"})
    for name in LIMITS:
        rows[name] = told[f"{name}_OT"].where(rows["bucket"] == "OT", told[f"{name}_PT_SLP"]) * 100
    rows["well_below"] = rows["limit"] * told["percent"] // 100
    return rows
