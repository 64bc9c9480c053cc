"""What is billed, as `audit.money` prices it: units of patient-days under one payer, over all disciplines and
claims of a practice."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import EARLIEST, LATEST
from audit.grains.again import REPLACED
from audit.shared_text import for_all
from audit.tables import Tables
from audit.texts import group_numbers, joined, told_of

DAY_KEY = ["patient_id", "service_date", "payer_id", "medicare", "practice"]
VISIT = ["patient_id", "service_date"]
THERAPY_PLACE = "nonfacility"
"""Outpatient therapy is paid by these relative values wherever it is given (42 CFR 414.22(b)(5)(i)(C))."""
COLUMNS = ["day_key", "payer_id", "medicare", "claim_id", "procedure_code", "service_date", "place"]


def billed(lines: pd.DataFrame) -> pd.DataFrame:
    """The claim lines with `day_key` (a number), `place`, `plain_units` and `co_units`.

    A line that does not name who bills it belongs to the practice that bills the patient's other lines of the day.
    """
    rows = lines.assign(practice=_practice(lines), place=for_all(THERAPY_PLACE, lines))
    rows["day_key"] = group_numbers(*(rows[name] for name in DAY_KEY))
    units = lines["units"].where(lines["told_again"] != REPLACED, 0).fillna(0).astype("int64")
    co_units = units.where(lines["has_co"], 0)
    return rows[COLUMNS].assign(plain_units=units - co_units, co_units=co_units)


def _practice(lines: pd.DataFrame) -> pd.Series[str]:
    if (lines["billing_npi"] != "").all():
        return lines["billing_npi"]
    named = lines.loc[lines["billing_npi"] != "", [*VISIT, "billing_npi"]].sort_values("billing_npi")
    first = named.drop_duplicates(VISIT).set_index(VISIT)["billing_npi"]
    lacking = lines.loc[lines["billing_npi"] == "", VISIT]
    found = first.reindex(pd.MultiIndex.from_frame(lacking)).set_axis(lacking.index).fillna("")
    return lines["billing_npi"].mask(lines["billing_npi"] == "", found)


def own_fees(tables: Tables) -> pd.DataFrame:
    """The input table `fees` in the shape of `money.own_rates`, with `payer_id`."""
    rows = tables.fees.rename(columns={"procedure_code": "code"})
    return rows.assign(
        amount=rows["amount"].map(str).astype("str"),
        co_factor=rows["co_factor"].mask(rows["co_factor"] == "", "1"),
        effective_from=rows["effective_from"].fillna(EARLIEST),
        effective_to=rows["effective_to"].fillna(LATEST),
    )


def with_whole_day(days: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """`days` with `whole_day`: the change that takes all units of the claim's day away, where it has no note."""
    without = days.loc[days["note_count"] == 0, "day"]
    units = lines[lines["day"].isin(without)].groupby(["claim_day", "procedure_code"])["units"].sum().reset_index()
    units["said"] = units["procedure_code"] + " -" + units["units"].astype("str")
    return days.assign(whole_day=told_of(days["claim_day"], joined(units["said"], units["claim_day"], "; ")))
