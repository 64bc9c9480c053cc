"""The grains `day` and `service`: minutes pooled and units allotted, as `audit.units` does it for one day, but
for all days at once. A test holds the two against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.grains.evaluations import COMPONENTS, evaluates
from audit.grains.notes import PARTS
from audit.texts import told_of
from audit.units import PAST_MIDPOINT, UNIT, supported_units

KEY = ["day", "service"]
WAYS_NAMED = 4
"""Allocations that a message spells out; many equal services can be combined in dozens of ways."""


def services_of_day(lines: pd.DataFrame, note_services: pd.DataFrame) -> pd.DataFrame:
    """One row per day and service, billed or documented.

    Billed: `units`, `co_units`, `largest_co_line`, `line_count`. Documented: `minutes` and the three parts (<NA>
    when a session lacks them), `minutes_told` (what is given of them), `in_note`, `notes_listing` (notes of the
    day that list services). From both: `code_known`, `in_pool`, `timed`, and the columns of `_allotted`.
    """
    once = lines["told_again"] == ""
    billed = lines.assign(co=lines["counting"].where(lines["has_co"], 0), once=once).groupby(KEY, sort=True)
    rows = billed.agg(
        units=("counting", "sum"),
        co_units=("co", "sum"),
        largest_co_line=("co", "max"),
        line_count=("once", "sum"),
        in_pool=("in_pool", "first"),
        timed=("timed", "first"),
        code_known=("code_known", "all"),
    )
    of_day = note_services["day"].notna()
    linked = note_services if of_day.all() else note_services[of_day]
    noted = _documented(linked).reset_index()
    rows = rows.reset_index().merge(noted, how="outer", on=KEY, suffixes=("", "_noted"))
    for name in ("in_pool", "timed"):
        rows[name] = rows[name].fillna(rows[f"{name}_noted"]) == "yes"
    rows["code_known"] = ~(rows["code_known"].eq(False) | rows["code_known_noted"].eq(False))
    rows["notes_listing"] = rows["day"].map(linked.loc[~linked.duplicated("note_id"), "day"].value_counts())
    counts = ["units", "co_units", "largest_co_line", "line_count", "times_listed", "minutes_told", "notes_listing"]
    rows[counts] = rows[counts].fillna(0).astype("int64")
    rows["in_note"] = rows["times_listed"] > 0
    rows["minutes"] = rows["minutes"].astype("Int64")
    return _allotted(rows.drop(columns=["in_pool_noted", "timed_noted", "code_known_noted", "times_listed"]))


def _documented(note_services: pd.DataFrame) -> pd.DataFrame:
    told = note_services.groupby(KEY, sort=True)
    minutes = pd.DataFrame({name: _sum(told, name) for name in ["minutes", *PARTS]})
    return minutes.join(
        told.agg(
            in_pool=("in_pool", "first"),
            timed=("timed", "first"),
            code_known=("known", "all"),
            times_listed=("minutes", "size"),
            minutes_told=("minutes", "sum"),
        )
    )


def _sum(groups: Any, name: str) -> pd.Series[int]:
    """A sum that is <NA> when any part of it is: half a total is no total."""
    total: pd.Series[int] = groups[name].sum()
    return total.where(groups[name].count() == groups.size())


def _allotted(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `whole` units, `least` and `most` units that the total-minutes method allots, `midpoint` units, and
    `day_fits`: the units of the day are an allocation that the method allows, or a part of one.

    A service that is sure of a remainder unit has both `least` and `most` one higher; tied ones differ.
    """
    pool = rows[rows["in_pool"]].copy()
    minutes = pool["minutes"].fillna(0).astype("int64")
    pool["whole"], pool["rest"] = minutes // UNIT, minutes % UNIT
    by_day = pool.groupby("day", sort=False)
    left = (minutes.groupby(pool["day"]).transform("sum") + UNIT - PAST_MIDPOINT) // UNIT
    left -= by_day["whole"].transform("sum")
    rank_of_best_tie = by_day["rest"].rank(method="min", ascending=False)
    rank_of_last_tie = by_day["rest"].rank(method="max", ascending=False)
    pool["sure"], able = rank_of_last_tie <= left, rank_of_best_tie <= left
    pool["least"], pool["most"] = pool["whole"] + pool["sure"], pool["whole"] + able
    pool["midpoint"] = pool["whole"] + (pool["rest"] >= PAST_MIDPOINT)
    pool["too_many"] = pool["units"] > pool["most"]
    pool["of_the_tied"] = able & ~pool["sure"] & (pool["units"] > pool["whole"])
    for_the_tied = left - by_day["sure"].transform("sum")
    wrong = by_day["too_many"].transform("any") | (by_day["of_the_tied"].transform("sum") > for_the_tied)
    for name in ("whole", "least", "most", "midpoint"):
        rows[name] = pool[name].astype("int64").reindex(rows.index, fill_value=0)
    rows["day_fits"] = ~rows["day"].isin(pool.loc[wrong, "day"])
    return rows


def days(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The grain `day`: the day's totals, once for each of its claims, on that claim's first pooled line.

    `method`: the payer's; "unknown" too where the payers of a day count differently (`mixed`).
    `units`: pooled units billed on the whole day. `codes_billed`, `codes_of_day`: pooled services billed; billed
    or documented. For `minutes_known`, `minutes_low`, `minutes_high` and the units they support see `_judged`.
    """
    totals = _totals(lines, linked, services)
    wanted = ["day", "claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code", "payer_id"]
    place = lines[["claim_id", "day"]].assign(pooled=lines["in_pool"] == "yes")
    first = (
        place.sort_values("pooled", ascending=False, kind="stable").drop_duplicates(["claim_id", "day"]).sort_index()
    )
    rows = lines.loc[first.index, [*wanted, "discipline", "told_again"]].assign(pooled=first["pooled"])
    rows = rows.merge(totals, on="day", validate="m:1")
    return rows.reset_index(drop=True)


def _totals(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    totals = lines.groupby("day").agg(codes_known=("code_known", "all"))
    totals.insert(0, "claim_count", lines[~lines.duplicated(["claim_id", "day"])].groupby("day").size())
    pool = services[services["in_pool"]].assign(
        billed=services["units"] > 0, over=services["units"] > services["midpoint"]
    )
    pool["of_day"] = pool["billed"] | pool["in_note"]
    sums = pool.groupby("day")[["units", "billed", "of_day", "over", "midpoint"]].sum()
    names = {"billed": "codes_billed", "of_day": "codes_of_day", "over": "over_midpoint", "midpoint": "midpoint_units"}
    totals = totals.join(sums.rename(columns=names).reindex(totals.index, fill_value=0).astype("int64"))
    return _judged(_with_stated(totals.join(_method(lines)), linked, services), services).reset_index()


def _method(lines: pd.DataFrame) -> pd.DataFrame:
    """The counting method of the payers that are billed for pooled services, by day."""
    number, names = pd.factorize(lines["unit_method"])
    told = pd.DataFrame({"day": lines["day"], "number": number})
    counting = told[(lines["in_pool"] == "yes") | ~lines["code_known"]]
    counting = pd.concat([counting, told[~told["day"].isin(counting["day"])]])
    methods = counting.groupby("day")["number"].agg(["min", "max"])
    mixed = methods["min"] < methods["max"]
    method = pd.Series(names.take(methods["min"].to_numpy()), index=methods.index, dtype="str")
    return pd.DataFrame({"method": method.mask(mixed, "unknown"), "mixed": mixed})


def _with_stated(totals: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """What the day's notes state themselves, over all sessions; authors; whether every note lists its services
    (`listed`) and one of them is an evaluation (`evaluated`)."""
    wanted = ["day", "author", "note_type", "total_timed_minutes", "total_treatment_minutes", *COMPONENTS]
    linked = linked.loc[linked["day"].notna(), wanted]
    told = linked.groupby("day")
    stated = pd.DataFrame(
        {
            "note_count": told.size(),
            "stated_timed": _sum(told, "total_timed_minutes"),
            "stated_at_least": told["total_timed_minutes"].sum(),
            "stated_treatment": _sum(told, "total_treatment_minutes"),
            "assistants_only": linked["author"].eq("assistant").groupby(linked["day"]).all(),
            "therapists_only": linked["author"].eq("therapist").groupby(linked["day"]).all(),
            "evaluated": evaluates(linked).groupby(linked["day"]).any(),
        }
    )
    result = totals.join(stated)
    result[["note_count", "stated_at_least"]] = result[["note_count", "stated_at_least"]].fillna(0).astype("int64")
    for name in ("assistants_only", "therapists_only", "evaluated"):
        result[name] = result[name].eq(True)
    listing = services.groupby("day")["notes_listing"].first().reindex(result.index, fill_value=0)
    result["listed"] = (result["note_count"] > 0) & (listing == result["note_count"])
    return result


def _judged(totals: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Adds what is known of the day's pooled minutes, and the units they support by total minutes.

    `minutes_known`: "per_code" for each service; "total_only"; "contradicting": services and totals disagree;
    "unplaced": a code of the day is not on file; "unknown"; "no_note". `minutes_low`, `minutes_high`: the fewest
    and the most minutes the notes can mean, <NA> for no upper bound; `supported_low`, `supported_high`: units.
    """
    bounds = _bounds(totals, services)
    low, high = bounds[["told_low", "stated_low"]].max(axis=1), bounds[["told_high", "stated_high"]].min(axis=1)
    differ, one = low > high, low == high
    alone = one & totals["listed"] & (totals["codes_of_day"] == 1)
    unplaced = bounds["strange"] | ~totals["codes_known"]
    totals["minutes_known"] = np.select(
        [totals["note_count"] == 0, unplaced, differ, np.isfinite(bounds["told_high"]) | alone, one],
        ["no_note", "unplaced", "contradicting", "per_code", "total_only"],
        default="unknown",
    )
    ends = pd.DataFrame({"low": low.where(~differ, high), "high": high.where(~differ, low)})
    ends = ends.where(np.isfinite(ends)).where(totals["note_count"] > 0).astype("Int64")
    for bound in ("low", "high"):
        totals[f"minutes_{bound}"] = ends[bound]
        totals[f"supported_{bound}"] = (ends[bound] + UNIT - PAST_MIDPOINT) // UNIT
    totals["alone"] = alone & (totals["minutes_known"] == "per_code")
    totals["midpoint_units"] = totals["midpoint_units"].mask(totals["alone"], totals["supported_high"]).astype("int64")
    return totals


def _bounds(totals: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The fewest and the most pooled minutes by day: as the services tell (`told_`) and as the notes' totals do,
    less the timed services outside the pool (`stated_`). `strange`: a documented code is not on file."""
    day, noted, missing = services["day"], services["in_note"], services["minutes"].isna()
    listed = day.map(totals["listed"]).astype("bool")
    other, strange = services["timed"] & ~services["in_pool"], noted & ~services["code_known"]
    told = services["minutes_told"]
    parts = pd.DataFrame(
        {
            "pool": told.where(services["in_pool"], 0),
            "other": told.where(other, 0),
            "unplaced": told.where(strange, 0).astype("float64").mask(strange & missing, np.inf),
            "pool_open": (services["in_pool"] & noted & missing) | ~listed,
            "other_open": other & missing & (noted | ~listed),
            "strange": strange,
        }
    )
    sums = parts.groupby(day).sum()
    some = sums["other_open"] > 0
    low = (totals["stated_at_least"] - sums["other"] - sums["unplaced"]).clip(lower=0).mask(some, 0)
    high = (totals["stated_timed"] - sums["other"]).astype("Float64").astype("float64").clip(lower=0).fillna(np.inf)
    bounds = {
        "told_low": sums["pool"],
        "told_high": (sums["pool"] + sums["unplaced"]).mask(sums["pool_open"] > 0, np.inf),
        "stated_low": low,
        "stated_high": high,
        "strange": sums["strange"] > 0,
    }
    return pd.DataFrame(bounds)


def services(lines: pd.DataFrame, services: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The grain `service`: a billed service of the day, once for each claim that bills it, on its first line there.

    Adds the day's totals (`day_units`, `day_over_midpoint` and as in `days`); `passed_over`: documented services
    with whole units of which none is billed; `billed`, `allowed`, `by_midpoints`: units in words, on days whose
    units one of the methods does not allow; and the columns of `_with_assistant`.
    """
    first = ~lines.duplicated(["claim_id", *KEY])
    place = ["claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code", "modifiers"]
    facts = ["assistant_modifier", "family", "label", "once_a_day"]
    rows = lines.loc[first, [*place, *facts, *KEY]].merge(services, on=KEY, validate="m:1")
    totals = ["minutes_known", "method", "mixed", "note_count", "listed", "evaluated", "codes_billed", "codes_of_day"]
    people = ["change", "alone", "minutes_low", "minutes_high", "supported_high", "assistants_only", "therapists_only"]
    by_day = days.drop_duplicates("day").set_index("day")
    renamed = by_day.rename(columns={"units": "day_units", "over_midpoint": "day_over_midpoint"})
    rows = rows.join(renamed[[*totals, *people, "day_units", "day_over_midpoint"]], on="day")
    rows = _with_minutes_of_the_day(rows)
    for name, said in {"passed_over": _passed_over(services), **_in_words(services, rows)}.items():
        rows[name] = told_of(rows["day"], pd.Series(said, dtype="str"))
    return _with_assistant(rows)


def _with_minutes_of_the_day(rows: pd.DataFrame) -> pd.DataFrame:
    """A billed service that no note lists has 0 minutes, where every note lists its services; the only timed
    service of a day has the minutes of the day, where the notes give only these."""
    rows["minutes"] = rows["minutes"].mask(rows["listed"] & ~rows["in_note"], 0)
    whole_day = rows["alone"] & rows["in_pool"] & rows["minutes"].isna()
    rows["minutes"] = rows["minutes"].mask(whole_day, rows["minutes_high"])
    supported = rows["supported_high"].where(whole_day)
    for name in ("least", "most", "midpoint"):
        rows[name] = rows[name].mask(whole_day, supported).astype("int64")
    rows["whole"] = rows["whole"].mask(whole_day, rows["minutes"] // UNIT).astype("int64")
    rows["day_fits"] = rows["day_fits"].mask(whole_day, rows["units"] <= rows["most"]).astype("bool")
    over = (rows["units"] > rows["midpoint"]).astype("int64")
    rows["day_over_midpoint"] = rows["day_over_midpoint"].mask(whole_day, over)
    return rows


def _passed_over(services: pd.DataFrame) -> dict[Any, str]:
    none = services[services["in_pool"] & (services["units"] == 0) & (services["whole"] > 0)]
    named = none["service"] + " (" + none["minutes"].astype("str") + " minutes)"
    return dict(named.groupby(none["day"]).agg(", ".join))


def _in_words(services: pd.DataFrame, rows: pd.DataFrame) -> dict[str, dict[Any, str]]:
    """By day, in words: the units billed, and every allocation that each method allows."""
    wrong = ~rows["day_fits"] & (rows["method"] != "midpoint")
    wrong |= (rows["day_over_midpoint"] > 0) & (rows["method"] == "unknown")
    wrong &= rows["in_pool"] & (rows["minutes_known"] == "per_code")
    minutes_alone = rows[wrong & rows["alone"]].drop_duplicates("day").set_index("day")["minutes"]
    pool = services[services["in_pool"] & services["day"].isin(rows.loc[wrong, "day"])]
    minutes = pool["minutes"].fillna(pool["day"].map(minutes_alone)).fillna(0).astype("int64")
    documented: dict[Any, dict[str, int]] = {day: {} for day in pool["day"]}
    billed: dict[Any, dict[str, int]] = {day: {} for day in pool["day"]}
    for day, service, m, units in zip(pool["day"], pool["service"], minutes, pool["units"], strict=True):
        documented[day][service] = m
        billed[day] |= {service: units} if units else {}
    return {
        "billed": {day: _ways([one]) for day, one in billed.items()},
        "allowed": {day: _ways(supported_units(one, "total")) for day, one in documented.items()},
        "by_midpoints": {day: _ways(supported_units(one, "midpoint")) for day, one in documented.items()},
    }


def _ways(allocations: list[dict[str, int]]) -> str:
    said = [", ".join(f"{code} x {n}" for code, n in one.items()) or "no unit" for one in allocations[:WAYS_NAMED]]
    if len(allocations) > WAYS_NAMED:
        said.append(f"{len(allocations) - WAYS_NAMED} more ways to place the last units")
    return "; or ".join(said)


def _with_assistant(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `therapist` and `assistant` minutes, `supported_plain` and `supported_co`: the units without and with
    CO that the minutes by person support, of the units billed as far as the payer's method allows them. (They
    mean nothing for a service outside the pool, or whose minutes do not add up.)

    Vectorised `units.assistant_share`; where only totals are known, the author's role decides. `parts_known`:
    the minutes by person are documented and add up.
    """
    parts = rows[PARTS].astype("Int64")
    filled = parts.fillna(0).astype("int64")
    known = ~parts.isna().any(axis=1)
    rows["parts_known"] = known & (filled.sum(axis=1) == rows["minutes"]).eq(True).fillna(False).astype("bool")
    therapist = filled["therapist_minutes"] + filled["together_minutes"]
    assistant = filled["assistant_minutes"]
    allotted = _allotted_of_billed(rows)
    plain, co = therapist // UNIT, assistant // UNIT
    left, own, other = allotted - plain - co, therapist % UNIT, assistant % UNIT
    last_is_co = (left == 1) & (own < PAST_MIDPOINT) & (10 * other > own + other)
    co = co + last_is_co + (left >= 2) * (left - 1)
    whole_day = ~known & (rows["assistants_only"] | rows["therapists_only"])
    co = co.mask(whole_day & rows["assistants_only"], rows["units"]).mask(whole_day & rows["therapists_only"], 0)
    rows["therapist"], rows["assistant"] = therapist, assistant
    rows["supported_co"] = co.astype("int64")
    rows["supported_plain"] = (allotted.mask(whole_day, rows["units"]) - co).clip(lower=0).astype("int64")
    rows["parts_known"] |= whole_day
    return rows


def _allotted_of_billed(rows: pd.DataFrame) -> pd.Series[int]:
    """The units billed, moved as little as needed to what the payer's method (or, unknown, either) allows."""
    least, most, midpoint = rows["least"], rows["most"], rows["midpoint"]
    fewest = least.mask(rows["method"] == "midpoint", midpoint)
    fewest = fewest.mask(rows["method"] == "unknown", least.where(least < midpoint, midpoint))
    greatest = most.mask(rows["method"] == "midpoint", midpoint)
    greatest = greatest.mask(rows["method"] == "unknown", most.where(most > midpoint, midpoint))
    return rows["units"].clip(fewest, greatest)
