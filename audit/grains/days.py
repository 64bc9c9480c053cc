"""The grain `day`: minutes pooled and units allotted, as `audit.units` does it for one day, but for all days at once.
A test holds the two against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.grains.evaluations import COMPONENTS, evaluates
from audit.grains.notes import PARTS
from audit.grains.numbered import beside, plain, sums, sums_for, whole_numbers, whole_sums
from audit.shared_text import for_all
from audit.texts import Whole, first_true, told_of
from audit.units import PAST_MIDPOINT, UNIT

KEY = ["day", "service"]
VISIT = ["patient_id", "service_date"]
SHARED_MODES = ["group", "concurrent"]


def services_of_day(lines: pd.DataFrame, note_services: pd.DataFrame) -> pd.DataFrame:
    """One row per day and service, billed or documented.

    Billed: `units`, `co_units`, `line_count`. Documented: `minutes` and the three parts (<NA> when a session lacks
    them), `minutes_told` (what is given of them), `minutes_again` (of notes that may repeat another one, which
    all others leave out), `in_note`, `notes_listing` (notes of the day that list services).
    Of several patients at once: `_with_company`. From both: `code_known`, `in_pool`, `timed`, and the columns of
    `_allotted` and `_one_on_one`.
    """
    linked = note_services[note_services["day"].notna()]
    each = pd.concat([table[[*KEY, "in_pool", "timed"]] for table in (lines, linked)], ignore_index=True)
    rows, first, number = _once_each(each)
    rows[["in_pool", "timed"]] = each[["in_pool", "timed"]].take(first).set_axis(rows.index) == "yes"
    of_line, of_noted, most = number[: len(lines)], number[len(lines) :], len(rows)
    co = lines["counting"].where(lines["has_co"], 0)
    rows["units"], rows["co_units"] = sums(lines["counting"], of_line, most), sums(co, of_line, most)
    rows["line_count"] = sums(lines["told_again"] == "", of_line, most)
    rows["code_known"] = sums(~lines["code_known"], of_line, most) + sums(~linked["known"], of_noted, most) == 0
    once = ~linked["again"].to_numpy()
    for name in ["minutes", *PARTS]:
        rows[name] = whole_sums(linked.loc[once, name], of_noted[once], most)
    rows = _with_company(rows, linked[once], of_noted[once])
    rows["minutes_told"] = sums(linked["minutes"][once], of_noted[once], most)
    rows["minutes_again"] = sums(linked["minutes"][~once], of_noted[~once], most)
    lists = linked.loc[~linked["note"].duplicated(), "day"]
    rows["notes_listing"] = sums_for(rows["day"], np.ones(len(lists)), lists)
    rows["in_note"] = sums(np.ones(len(linked)), of_noted, most) > 0
    return _one_on_one(_allotted(rows))


def _one_on_one(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `whole_alone`: the whole quarters of an hour given one-on-one. Where several patients had some of a day's
    minutes at once, units that the others allow fit as well."""
    rows["whole_alone"] = rows["whole"]
    shared = rows["in_pool"] & (rows["shared_sessions"] > 0)
    if not shared.any():
        return rows
    here = rows["day"].isin(rows.loc[shared, "day"])
    days = rows[here].reset_index(drop=True)
    alone = _allotted(days.assign(minutes=(days["minutes"] - days["shared_minutes"]).clip(lower=0)))
    rows.loc[here, "whole_alone"] = alone["whole"].to_numpy()
    rows.loc[here, "day_fits"] |= alone["day_fits"].to_numpy()
    return rows


def _with_company(rows: pd.DataFrame, linked: pd.DataFrame, number: Whole) -> pd.DataFrame:
    """Adds `shared_sessions` and their `shared_minutes`: those that the notes say several patients had at once;
    `individual_sessions`: those that they say one had alone; `sole_sessions`: all but the shared ones; `open_sessions`:
    those of which they do not say how many had them."""
    mode, most = linked["mode"], len(rows)
    shared = mode.isin(SHARED_MODES)
    return rows.assign(
        shared_sessions=sums(shared, number, most),
        shared_minutes=sums(linked["minutes"].where(shared, 0), number, most),
        individual_sessions=sums(mode == "individual", number, most),
        sole_sessions=sums(~shared, number, most),
        open_sessions=sums(mode == "", number, most),
    )


def _once_each(each: pd.DataFrame) -> tuple[pd.DataFrame, Whole, Whole]:
    """KEY once each, in order; the first row of `each` that has it; and which of these each row has."""
    service, names = pd.factorize(each["service"], sort=True)
    key = plain(each["day"]) * len(names) + service
    found, first, number = np.unique(key, return_index=True, return_inverse=True)
    day, service = np.divmod(found, max(len(names), 1))
    rows = pd.DataFrame({"day": pd.array(day, dtype="Int64"), "service": names.take(service)})
    return rows, first, number


def _allotted(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `whole` units, `least` and `most` units that the total-minutes method allots, `midpoint` units, and
    `day_fits`: the units of the day are an allocation that the method allows, or a part of one.

    A service that is sure of a remainder unit has both `least` and `most` one higher; tied ones differ.
    """
    pool, every_day = rows["in_pool"].to_numpy(), plain(rows["day"])
    day, units = every_day[pool], rows["units"].to_numpy()[pool]
    whole, rest = np.divmod(rows["minutes"].to_numpy("int64", na_value=0)[pool], UNIT)
    left = (sums_for(day, whole * UNIT + rest, day) + UNIT - PAST_MIDPOINT) // UNIT - sums_for(day, whole, day)
    of_the_day = pd.Series(rest).groupby(day, sort=False)
    best, last = (of_the_day.rank(method=tie, ascending=False).to_numpy() for tie in ("min", "max"))
    sure, able = last <= left, best <= left
    too_many = units > whole + able
    of_the_tied = able & ~sure & (units > whole)
    for_the_tied = left - sums_for(day, sure, day)
    wrong = (sums_for(day, too_many, day) > 0) | (sums_for(day, of_the_tied, day) > for_the_tied)
    midpoint = whole + (rest >= PAST_MIDPOINT)
    for name, number in {"whole": whole, "least": whole + sure, "most": whole + able, "midpoint": midpoint}.items():
        rows[name] = 0
        rows.loc[pool, name] = number
    rows["day_fits"] = ~np.isin(every_day, day[wrong])
    return rows


def days(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The grain `day`: the day's totals, once for each of its claims, on that claim's first pooled line.

    `method`: the payer's; "unknown" too where the payers of a day count differently (`mixed`). A claim told again
    (for a second payer, or replaced) is counted by the method of its own payer, and leaves the others theirs.
    `maybe_noted`: only a modifier (or nothing) tells the discipline of the claim, and a note of the patient and date
    is of another one, without the name of a practitioner or a claim. `units`: pooled units billed on the whole day.
    `shared_minutes`: pooled minutes of several patients at once. `codes_billed`, `codes_of_day`: pooled services
    billed; billed or documented. For `minutes_known`, `minutes_low`, `minutes_high` and the units they support see
    `_judged`.
    """
    totals = _totals(lines, linked, services)
    wanted = ["day", "claim_day", "claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code"]
    pooled, claim_day = lines["in_pool"] == "yes", lines["claim_day"]
    first = pd.concat([claim_day[pooled], claim_day[~pooled]]).drop_duplicates().index.sort_values()
    rows = lines.loc[first, [*wanted, "payer_id", "discipline", "told_again", "unit_method"]].assign(pooled=pooled)
    rows = beside(rows.reset_index(drop=True), totals, plain(rows["day"]))
    rows["maybe_noted"] = _maybe_noted(rows, lines["discipline_known"].loc[first], linked)
    by_itself = (rows["told_again"] != "") & ~rows["mixed"]
    rows["method"] = rows["method"].mask(by_itself, rows["unit_method"])
    return rows.drop(columns="unit_method")


def _maybe_noted(rows: pd.DataFrame, known: pd.Series[bool], linked: pd.DataFrame) -> pd.Series[bool]:
    """Which of the days whose discipline is not `known` have a note beside them that is of nobody who is named."""
    result = pd.Series(False, index=rows.index)
    loose = linked[linked["day"].isna() & (linked["rendering_npi"] == "") & (linked["claim_id"] == "")]
    if known.all() or loose.empty:
        return result
    beside_one = pd.MultiIndex.from_frame(rows[VISIT]).isin(pd.MultiIndex.from_frame(loose[VISIT]))
    return result.mask(beside_one & ~known.to_numpy(), True)


def _totals(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """One row a day, in the order of their numbers."""
    most = len(services["day"].unique())
    pool = services.loc[services["in_pool"], ["day", "units", "in_note", "midpoint", "shared_minutes", "minutes_again"]]
    billed = pool["units"] > 0
    sums_of_pool = {
        "units": pool["units"],
        "codes_billed": billed,
        "codes_of_day": billed | pool["in_note"],
        "over_midpoint": pool["units"] > pool["midpoint"],
        "minutes_again": pool["minutes_again"],
        "midpoint_units": pool["midpoint"],
        "shared_minutes": pool["shared_minutes"],
    }
    totals = pd.DataFrame(
        {
            "codes_known": sums(~lines["code_known"], lines["day"], most) == 0,
            **{name: sums(values, pool["day"], most) for name, values in sums_of_pool.items()},
            **_method(lines, most),
            **_stated(linked, most),
        }
    )
    listing = np.zeros(most, dtype="int64")
    listing[plain(services["day"])] = services["notes_listing"]
    totals["listed"] = (totals["note_count"] > 0) & (listing == totals["note_count"])
    return _judged(totals, services)


def _method(lines: pd.DataFrame, most: int) -> dict[str, Any]:
    """The counting method of the payers that are billed for pooled services, by day; claims told again do not count
    beside others."""
    number, names = pd.factorize(lines["unit_method"])
    day, counting = plain(lines["day"]), np.ones(len(lines), dtype="bool")
    for wanted in (lines["told_again"] == "", (lines["in_pool"] == "yes") | ~lines["code_known"]):
        both = counting & wanted.to_numpy()
        counting = both | (counting & (sums(both, day, most)[day] == 0))
    one = np.zeros(most, dtype="int64")
    one[day[counting]] = number[counting]
    mixed = sums((number != one[day]) & counting, day, most) > 0
    return {"method": pd.Series(names.take(one)).mask(mixed, "unknown"), "mixed": mixed}


def _stated(linked: pd.DataFrame, most: int) -> dict[str, Any]:
    """By day, what its notes state themselves, over all sessions; authors; whether one of them is an evaluation
    (`evaluated`) or was refused (`refused_row`)."""
    wanted = ["day", "author", "note_type", "total_timed_minutes", "total_treatment_minutes", "again", *COMPONENTS]
    told = linked.loc[linked["day"].notna(), wanted]
    again, once = told[told["again"]], told[~told["again"]]
    stated_again = again["total_timed_minutes"].fillna(again["total_treatment_minutes"])
    count = sums(np.ones(len(told)), told["day"], most)
    return {
        "note_count": count,
        "stated_timed": whole_sums(once["total_timed_minutes"], once["day"], most),
        "stated_at_least": sums(once["total_timed_minutes"], once["day"], most),
        "stated_treatment": whole_sums(once["total_treatment_minutes"], once["day"], most),
        "notes_again": sums(told["again"], told["day"], most),
        "stated_again": sums(stated_again, again["day"], most),
        "assistants_only": (count > 0) & (sums(told["author"] != "assistant", told["day"], most) == 0),
        "therapists_only": (count > 0) & (sums(told["author"] != "therapist", told["day"], most) == 0),
        "evaluated": sums(evaluates(told), told["day"], most) > 0,
        "refused_row": _refused(linked, most),
    }


def _refused(linked: pd.DataFrame, most: int) -> pd.Series[str]:
    """By day, where the row of a note of it stands that was refused, "" for none."""
    refused = linked["refused_row"] != ""
    if not refused.any():
        return for_all("", pd.DataFrame(index=range(most)))
    rows = linked[refused & linked["day"].notna()].drop_duplicates("day")
    return told_of(pd.Series(range(most)), rows.set_index("day")["refused_row"])


def _judged(totals: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Adds what is known of the day's pooled minutes, and the units they support by total minutes.

    `minutes_known`: "per_code" for each service; "total_only"; "contradicting": services and totals disagree;
    "twice": a note may repeat another one, and more is billed than without it;
    "unplaced": a code of the day is not on file; "unknown"; "no_note". `minutes_low`, `minutes_high`: the fewest
    and the most minutes the notes can mean, <NA> for no upper bound; `supported_low`, `supported_high`: units.
    """
    bounds = _bounds(totals, services)
    low = np.maximum(bounds["told_low"], bounds["stated_low"])
    high = np.minimum(bounds["told_high"], bounds["stated_high"])
    differ, one, no_note = low > high, low == high, totals["note_count"] == 0
    alone = one & totals["listed"] & (totals["codes_of_day"] == 1)
    twice = ~differ & _needs_both(totals, low)
    told = {
        "no_note": no_note,
        "unplaced": bounds["strange"] | ~totals["codes_known"],
        "contradicting": differ,
        "twice": twice,
        "per_code": np.isfinite(bounds["told_high"]) | alone,
        "total_only": one,
    }
    totals["minutes_known"] = first_true(told, "unknown")
    again = totals[["stated_again", "minutes_again"]].to_numpy().max(axis=1, initial=0)
    high = high + np.where(twice, again, 0)
    for bound, ends in (("low", np.where(differ, high, low)), ("high", np.where(differ, low, high))):
        lacking = no_note.to_numpy() | ~np.isfinite(ends)
        minutes = np.where(lacking, 0, ends)
        totals[f"minutes_{bound}"] = whole_numbers(minutes, lacking)
        totals[f"supported_{bound}"] = whole_numbers((minutes + UNIT - PAST_MIDPOINT) // UNIT, lacking)
    totals["alone"] = alone & (totals["minutes_known"] == "per_code")
    totals["midpoint_units"] = totals["midpoint_units"].mask(totals["alone"], totals["supported_high"]).astype("int64")
    return totals


def _needs_both(totals: pd.DataFrame, low: Any) -> pd.Series[bool]:
    """The day's units are more than its minutes support without the notes that may repeat another one."""
    by_total = totals["units"] > (low + UNIT - PAST_MIDPOINT) // UNIT
    by_midpoint = totals["over_midpoint"] > 0
    over = (by_total & (totals["method"] != "midpoint")) | (by_midpoint & (totals["method"] != "total"))
    needed: pd.Series[bool] = (totals["notes_again"] > 0) & over
    return needed


def _bounds(totals: pd.DataFrame, services: pd.DataFrame) -> dict[str, Any]:
    """The fewest and the most pooled minutes by day: as the services tell (`told_`) and as the notes' totals do,
    less the timed services outside the pool (`stated_`); where no timed total is stated there is no more of it than of
    all treatment. `strange`: a documented code is not on file."""
    day, noted, missing = plain(services["day"]), services["in_note"], services["minutes"].isna()
    unlisted = ~totals["listed"].to_numpy()[day]
    other, strange = services["timed"] & ~services["in_pool"], noted & ~services["code_known"]
    parts = {
        "pool": services["minutes_told"].where(services["in_pool"], 0),
        "other": services["minutes_told"].where(other, 0),
        "unplaced": services["minutes_told"].where(strange, 0),
        "pool_open": (services["in_pool"] & noted & missing) | unlisted,
        "other_open": other & missing & (noted | unlisted),
        "strange_open": strange & missing,
        "strange": strange,
    }
    found = {name: sums(values, day, len(totals)) for name, values in parts.items()}
    unplaced = np.where(found["strange_open"] > 0, np.inf, found["unplaced"])
    least = np.maximum(totals["stated_at_least"] - found["other"] - unplaced, 0)
    stated = totals["stated_timed"].fillna(totals["stated_treatment"]).to_numpy("float64", na_value=np.inf)
    return {
        "told_low": found["pool"],
        "told_high": np.where(found["pool_open"] > 0, np.inf, found["pool"] + unplaced),
        "stated_low": np.where(found["other_open"] > 0, 0, least),
        "stated_high": np.maximum(stated - found["other"], 0),
        "strange": found["strange"] > 0,
    }
