"""The grains `day` and `service`: minutes pooled and units allotted, as `audit.units` does it for one day, but
for all days at once. A test holds the two against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.grains.notes import PARTS
from audit.units import PAST_MIDPOINT, UNIT, supported_units

KEY = ["day", "service"]


def services_of_day(lines: pd.DataFrame, note_services: pd.DataFrame) -> pd.DataFrame:
    """One row per day and service, billed or documented.

    Billed: `units`, `co_units`, `line_count`, `largest_co_line`. Documented: `minutes` and the three parts (<NA>
    when a session lacks them), `in_note`. From both: `in_pool`, `timed`, whole units and the fewest and most
    units that the total-minutes method allots (`least`, `most`), `midpoint` units.
    """
    billed = lines.assign(co=lines["units"].where(lines["has_co"], 0)).groupby(KEY, sort=True)
    rows = billed.agg(
        units=("units", "sum"),
        co_units=("co", "sum"),
        largest_co_line=("co", "max"),
        line_count=("units", "size"),
        in_pool=("in_pool", "first"),
        timed=("timed", "first"),
    )
    told = note_services[note_services["day"].notna()].groupby(KEY, sort=True)
    documented = pd.DataFrame({name: _sum(told, name) for name in ["minutes", *PARTS]})
    facts = told.agg(in_pool=("in_pool", "first"), timed=("timed", "first"), listed=("minutes", "size"))
    documented = documented.join(facts)
    rows = rows.join(documented, how="outer", rsuffix="_noted").reset_index()
    for name in ("in_pool", "timed"):
        rows[name] = rows[name].fillna(rows[f"{name}_noted"]) == "yes"
    counts = ["units", "co_units", "largest_co_line", "line_count", "listed"]
    rows[counts] = rows[counts].fillna(0).astype("int64")
    rows["in_note"] = rows["listed"] > 0
    rows["minutes"] = rows["minutes"].astype("Int64")
    return _allotted(rows.drop(columns=["in_pool_noted", "timed_noted", "listed"]))


def _sum(groups: Any, name: str) -> pd.Series[int]:
    """A sum that is <NA> when any part of it is: half a total is no total."""
    total: pd.Series[int] = groups[name].sum().where(groups[name].count() == groups[name].size())
    return total


def _allotted(rows: pd.DataFrame) -> pd.DataFrame:
    """`least`, `most`: a service that is sure of a remainder unit has both one higher; tied ones differ."""
    pool = rows[rows["in_pool"]].copy()
    minutes = pool["minutes"].fillna(0).astype("int64")
    pool["whole"], pool["rest"] = minutes // UNIT, minutes % UNIT
    by_day = pool.groupby("day", sort=False)
    pool["left"] = (minutes.groupby(pool["day"]).transform("sum") + UNIT - PAST_MIDPOINT) // UNIT
    pool["left"] -= by_day["whole"].transform("sum")
    rank_of_best_tie = by_day["rest"].rank(method="min", ascending=False)
    rank_of_last_tie = by_day["rest"].rank(method="max", ascending=False)
    least = pool["whole"] + (rank_of_last_tie <= pool["left"])
    most = pool["whole"] + (rank_of_best_tie <= pool["left"])
    midpoint = pool["whole"] + (pool["rest"] >= PAST_MIDPOINT)
    for name, values in (("whole", pool["whole"]), ("least", least), ("most", most), ("midpoint", midpoint)):
        rows[name] = values.astype("int64").reindex(rows.index, fill_value=0)
    return rows


def days(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The grain `day`: the day's totals, once for each of its claims, on that claim's first pooled line.

    `minutes_known`: "per_code", "total_only", "contradicting", "unknown" or "no_note". `minutes_low`,
    `minutes_high`: the pooled timed minutes; they differ only when the note contradicts itself.
    `units`: pooled units billed on the whole day; `supported_low`, `supported_high`: units they support.
    """
    totals = _totals(lines, linked, services)
    pooled = lines.assign(pooled=lines["in_pool"] == "yes").sort_values("pooled", ascending=False, kind="stable")
    rows = pooled.drop_duplicates(["claim_id", "day"]).sort_index()
    wanted = ["day", "claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code", "payer_id"]
    rows = rows[[*wanted, "discipline", "pooled"]].merge(totals, on="day", validate="m:1")
    return rows.reset_index(drop=True)


def _totals(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    by_line = lines.groupby("day")
    totals = by_line.agg(
        method=("unit_method", "first"),
        methods=("unit_method", "nunique"),
        claim_count=("claim_id", "nunique"),
        codes_known=("code_known", "all"),
    )
    totals["method"] = totals["method"].mask(totals["methods"] > 1, "unknown")
    pool = services[services["in_pool"]].groupby("day")
    billed = services[services["in_pool"] & (services["units"] > 0)].groupby("day")
    totals["units"] = services["units"].where(services["in_pool"], 0).groupby(services["day"]).sum()
    totals["code_minutes"] = _sum(pool, "minutes").reindex(totals.index)
    totals["codes_billed"] = billed.size().reindex(totals.index, fill_value=0)
    totals["complete"] = pool["minutes"].count().eq(pool.size()).reindex(totals.index)
    over = services["in_pool"] & (services["units"] > services["midpoint"])
    totals["over_midpoint"] = over.groupby(services["day"]).sum()
    totals["midpoint_units"] = pool["midpoint"].sum().reindex(totals.index, fill_value=0)
    others = services[services["timed"] & ~services["in_pool"]].groupby("day")["minutes"].sum()
    totals["other_timed"] = others.reindex(totals.index, fill_value=0).fillna(0)
    return _judged(_with_stated(totals, linked, services)).reset_index()


def _with_stated(totals: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """What the day's notes state themselves, over all sessions; authors, and whether services are listed."""
    told = linked[linked["day"].notna()].groupby("day")
    stated = pd.DataFrame(
        {
            "note_count": told.size(),
            "stated_timed": _sum(told, "total_timed_minutes"),
            "stated_treatment": _sum(told, "total_treatment_minutes"),
            "assistants_only": linked["author"].eq("assistant").groupby(linked["day"]).all(),
            "therapists_only": linked["author"].eq("therapist").groupby(linked["day"]).all(),
        }
    )
    result = totals.join(stated)
    result["note_count"] = result["note_count"].fillna(0).astype("int64")
    for name in ("assistants_only", "therapists_only"):
        result[name] = result[name].eq(True)
    result["listed"] = result.index.isin(services.loc[services["in_note"], "day"])
    return result


def _judged(totals: pd.DataFrame) -> pd.DataFrame:
    stated = (totals["stated_timed"] - totals["other_timed"]).astype("Int64")
    told = totals["code_minutes"].astype("Int64")
    told = told.mask(told.isna() & totals["listed"] & totals["complete"].isna(), 0)
    has_codes, has_total = told.notna() & totals["listed"], stated.notna()
    differ = has_codes & has_total & (told != stated).fillna(False)
    totals["minutes_known"] = np.select(
        [totals["note_count"] == 0, differ, has_codes, has_total],
        ["no_note", "contradicting", "per_code", "total_only"],
        default="unknown",
    )
    told, stated = told.where(has_codes), stated.where(has_total)
    both = pd.concat([told, stated], axis=1)
    totals["minutes_low"], totals["minutes_high"] = both.min(axis=1).astype("Int64"), both.max(axis=1).astype("Int64")
    for bound in ("low", "high"):
        totals[f"supported_{bound}"] = (totals[f"minutes_{bound}"] + UNIT - PAST_MIDPOINT) // UNIT
    return totals


def services(lines: pd.DataFrame, services: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The grain `service`: a billed service of the day, once for each claim that bills it, on its first line there.

    Adds the day's totals, `supported_plain` and `supported_co` (units without and with CO that the minutes by
    person support, of the units billed as far as the method allows them), and `parts_known`.
    """
    first = lines.drop_duplicates(["claim_id", *KEY])
    place = ["claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code", "modifiers"]
    facts = ["assistant_modifier", "family", "label", "once_a_day"]
    rows = first[[*place, *facts, *KEY]].merge(services, on=KEY, validate="m:1")
    totals = ["minutes_known", "method", "note_count", "listed", "codes_billed", "supported_high"]
    by_day = days.drop_duplicates("day").set_index("day")
    rows = rows.join(by_day[[*totals, "assistants_only", "therapists_only"]], on="day")
    rows["day_units"] = rows["day"].map(by_day["units"])
    rows["fits"] = rows["units"].between(rows["least"], rows["most"])
    rows = rows.join(_allocations(services, rows), on="day").fillna({"allowed": ""})
    return _with_assistant(rows)


def _allocations(services: pd.DataFrame, rows: pd.DataFrame) -> pd.Series[str]:
    """In words, every allocation that the minutes allow, by day, where a service of the day does not fit."""
    wrong = services[services["in_pool"] & services["minutes"].notna()]
    wrong = wrong[wrong["day"].isin(rows.loc[~rows["fits"] & rows["in_pool"], "day"])]
    said = {
        day: _in_words(supported_units(dict(zip(one["service"], one["minutes"].astype(int), strict=True)), "total"))
        for day, one in wrong.groupby("day")
    }
    return pd.Series(said, dtype="str", name="allowed")


def _in_words(allocations: list[dict[str, int]]) -> str:
    said = [", ".join(f"{code} x {n}" for code, n in one.items()) for one in allocations]
    return "; or ".join(one or "no unit" for one in said)


def _with_assistant(rows: pd.DataFrame) -> pd.DataFrame:
    """Vectorised `units.assistant_share`; where only totals are known, the author's role decides."""
    parts = rows[PARTS].astype("Int64")
    rows["parts_known"] = parts.notna().all(axis=1)
    filled = parts.fillna(0).astype("int64")
    therapist = filled["therapist_minutes"] + filled["together_minutes"]
    assistant = filled["assistant_minutes"]
    allotted = rows["units"].clip(rows["least"], rows["most"])
    plain, co = therapist // UNIT, assistant // UNIT
    left, own, other = allotted - plain - co, therapist % UNIT, assistant % UNIT
    last_is_co = (left == 1) & (own < PAST_MIDPOINT) & (10 * other > own + other)
    co = co + last_is_co + (left >= 2) * (left - 1)
    whole_day = ~rows["parts_known"] & (rows["assistants_only"] | rows["therapists_only"])
    co = co.mask(whole_day & rows["assistants_only"], rows["units"]).mask(whole_day & rows["therapists_only"], 0)
    rows["therapist"], rows["assistant"] = therapist, assistant
    rows["supported_co"] = co.astype("int64")
    rows["supported_plain"] = (allotted.mask(whole_day, rows["units"]) - co).astype("int64")
    rows["parts_known"] |= whole_day
    return rows
