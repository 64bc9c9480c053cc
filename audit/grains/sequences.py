"""The grain `sequence`: services timed in hours, half hours or 20 minutes, outside the 15-minute pool."""

from __future__ import annotations

from typing import Any

import pandas as pd

from audit.facts.reference import Facts, with_facts
from audit.grains.lines import those
from audit.shared_text import SHARED
from audit.units import midpoint_units

FACTS = ["timed", "in_pool", "base_minutes", "addon_to", "unit_rule"]
KEY = ["span", "root"]
FULL = "full base"
"""How `codes.unit_rule` begins where a unit takes its whole minutes; such codes are counted by calendar month."""
COUNTS = ["first", "further", "minutes"]


def sequences(lines: pd.DataFrame, linked: pd.DataFrame, note_services: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Billed services timed outside the pool, once for each claim that bills them, on its first such line.

    A first code and the code of its further units are one service (`root`: the first code; `addon`: the further
    one, "" where there is none), counted over its `span`: the patient's day in one discipline, or the calendar month
    for codes that are counted `monthly`. `first`, `further`: units billed. `minutes`: documented (<NA>: not all
    told; those of notes that may repeat another one (`twice`) are left out). `most_first`, `most_further` (Int64):
    units that the minutes support, <NA> where minutes or bases are not known; `needs_both`: the units are more than
    these, and no more than with the minutes of the notes left out. `note_count`: notes of the span. `code_known`:
    False for a code that is not on file.
    """
    rows = with_facts(lines, facts["codes"], FACTS, on="procedure_code", key="code").drop(columns="known")
    outside = (rows["timed"] == "yes") & (rows["in_pool"] != "yes")
    rows = those(rows, (outside | ~rows["code_known"]) & (rows["counting"] > 0))
    if rows.empty:
        return rows
    rows = _spanned(rows, rows["day"])
    is_first = rows["procedure_code"] == rows["root"]
    rows["first"], rows["further"] = rows["units"].where(is_first, 0), rows["units"].where(~is_first, 0)
    for name in ("first", "further"):
        rows[name] = rows.groupby(KEY)[name].transform("sum").astype("int64")
    rows = rows.drop_duplicates(["claim_id", *KEY]).reset_index(drop=True)
    return _supported(_with_minutes(rows, linked, note_services, facts), facts)


def _spanned(rows: pd.DataFrame, day: pd.Series[int]) -> pd.DataFrame:
    """Adds `root`, `monthly` and `span`."""
    rows = rows.assign(root=rows["addon_to"].mask(rows["addon_to"] == "", rows["procedure_code"]))
    rows["monthly"] = rows["unit_rule"].str.startswith(FULL)
    month = rows["service_date"].dt.strftime("%Y-%m") + " " + rows["discipline"] + " " + rows["patient_id"]
    rows["span"] = month.where(rows["monthly"], "day " + day.reindex(rows.index).astype("str"))
    return rows


def _with_minutes(rows: pd.DataFrame, linked: pd.DataFrame, note_services: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Minutes of the span's notes; 0 where each of them lists its services and none is this one."""
    told = linked[["note_id", "day", "patient_id", "service_date", "discipline"]]
    told = told[told["patient_id"].isin(rows["patient_id"])]
    codes = facts["codes"]
    meant = {*rows["root"], *codes.loc[codes["addon_to"].isin(rows["root"]), "code"]}
    served = note_services[note_services["procedure_code"].isin(meant)]
    served = served.drop(columns=["day", "patient_id", "service_date", "timed", "in_pool"])
    served = served.merge(told, on="note_id", how="inner", validate="m:1")
    served = with_facts(served, facts["codes"], FACTS, on="procedure_code", key="code")
    served = _spanned(served, served["day"])
    again = served["note_id"].isin(linked.loc[linked["again"], "note_id"])
    minutes = served[~again].groupby(KEY)["minutes"]
    sums = pd.DataFrame({"minutes": minutes.sum().where(minutes.count() == minutes.size()), "listed": True})
    sums["minutes_again"] = served[again].groupby(KEY)["minutes"].sum()
    result = rows.drop(columns="minutes", errors="ignore").merge(sums.reset_index(), how="left", on=KEY)
    result["minutes"] = result["minutes"].astype("Int64")
    notes = _notes_of_span(rows, told, note_services["note_id"])
    result["note_count"], unlisted = (result["span"].map(notes[name]).fillna(0) for name in ("count", "unlisted"))
    absent = (result["note_count"] > 0) & (unlisted == 0) & ~result["listed"].eq(True)
    result["minutes"] = result["minutes"].mask((unlisted > 0) | (result["note_count"] == 0)).mask(absent, 0)
    return result


def _notes_of_span(rows: pd.DataFrame, told: pd.DataFrame, listing: pd.Series[str]) -> pd.DataFrame:
    """By span: its number of notes, and of those that list no services."""
    days = "day " + told["day"].astype("str")
    months = told["service_date"].dt.strftime("%Y-%m") + " " + told["discipline"] + " " + told["patient_id"]
    both = pd.concat([told.assign(span=days), told.assign(span=months)])
    both = both[both["span"].isin(rows["span"])]
    both["unlisted"] = ~both["note_id"].isin(listing)
    found: pd.DataFrame = both.groupby("span")["unlisted"].agg(["size", "sum"]).set_axis(["count", "unlisted"], axis=1)
    return found


def _supported(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    codes = facts["codes"]
    addons = codes[codes["addon_to"] != ""].drop_duplicates("addon_to").set_index("addon_to")
    bases = codes.drop_duplicates("code").set_index("code")["base_minutes"]
    rows["addon"] = rows["root"].map(addons["code"]).astype(SHARED).fillna("")
    base, further_base = (_whole(rows[name].map(bases)) for name in ("root", "addon"))
    base = base.mask(rows["unit_rule"].isin(["band", "carrier priced"]))
    asked = zip(rows["minutes"], base, further_base, rows["monthly"], strict=True)
    units = [_units(*one) for one in asked]
    rows["most_first"] = pd.array([u[0] for u in units], dtype="Int64")
    rows["most_further"] = pd.array([u[1] for u in units], dtype="Int64")
    rows["base"], rows["further_base"] = base, further_base
    return rows.assign(needs_both=_needs_both(rows))


def _needs_both(rows: pd.DataFrame) -> pd.Series[bool]:
    """The minutes do not support the units, and would with those of the notes that may repeat another one."""
    over = (rows["first"] > rows["most_first"]) | (rows["further"] > rows["most_further"])
    asked = over.fillna(False).astype("bool") & (rows["minutes_again"].fillna(0) > 0)
    again = rows[asked]
    both = again["minutes"] + again["minutes_again"].astype("Int64")
    asked_of = zip(both, again["base"], again["further_base"], again["monthly"], strict=True)
    billed = zip(again["first"], again["further"], (_units(*one) for one in asked_of), strict=True)
    enough = [first <= most[0] and further <= most[1] for first, further, most in billed]
    return asked & pd.Series(enough, index=again.index, dtype="bool").reindex(rows.index, fill_value=False)


def _units(minutes: Any, base: Any, further_base: Any, monthly: bool) -> tuple[Any, Any]:
    """(first units, further units) that minutes support; a code without a further one takes all its units itself."""
    if pd.isna(minutes) or pd.isna(base):
        return pd.NA, pd.NA
    whole = (lambda m, b: m // b) if monthly else midpoint_units
    first = whole(minutes, base)
    if pd.isna(further_base):
        return min(first, 1) if monthly else first, 0
    return min(first, 1), whole(max(minutes - base, 0), further_base)


def _whole(text: pd.Series[str]) -> pd.Series[int]:
    return pd.to_numeric(text.astype("object").where(text.notna() & (text != ""))).astype("Int64")
