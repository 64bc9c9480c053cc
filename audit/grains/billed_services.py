"""The grain `service`: what a claim bills of a day's service beside what the notes and the payer's method allow."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd

from audit.grains.days import KEY
from audit.grains.notes import PARTS
from audit.grains.numbered import beside, plain
from audit.shared_text import for_all
from audit.texts import Whole, joined, told_of
from audit.units import PAST_MIDPOINT, UNIT, supported_units

Numbered: TypeAlias = tuple[tuple[str, int], ...]
GROUP = "97150"
WAYS_NAMED = 4
"""Allocations that a message spells out; many equal services can be combined in dozens of ways."""


def billed_services(lines: pd.DataFrame, services: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The grain `service`: a billed service of the day, once for each claim that bills it, on its first line there.

    Adds the day's totals (`day_units`, `day_over_midpoint` and as in `days`); `co_on_claim`: a line of this claim
    for the service carries CO; `modifiers_told`: "no" where the modifiers of some line for it are not told;
    `under_first`: a further unit whose first code (96112 for 96113) the notes list;
    `sole_minutes_of_day`: see `_sole_minutes`; `in_group`: 97150, and the notes give a pooled service to several
    patients at once, `maybe_in_group`: they do not say of one how many had it; `passed_over`: documented services with
    whole units of which none is billed; `billed`, `allowed`, `by_midpoints`: units in words, on days whose units one of
    the methods does not allow; and the columns of `_with_assistant`.
    """
    number = _places(services, lines)
    of_claim = lines["claim"].to_numpy() * len(services) + number
    first = ~pd.Series(of_claim, index=lines.index).duplicated()
    named = ["claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code", "modifiers"]
    facts = ["assistant_modifier", "family", "label", "once_a_day", "addon_to"]
    rows = lines.loc[first, [*named, *facts, *KEY]].reset_index(drop=True)
    rows = beside(rows, services.drop(columns=KEY), number[first])
    totals = ["minutes_known", "method", "mixed", "note_count", "listed", "evaluated", "codes_billed", "codes_of_day"]
    people = ["change", "alone", "minutes_low", "minutes_high", "supported_high", "assistants_only", "therapists_only"]
    by_day = days.rename(columns={"units": "day_units", "over_midpoint": "day_over_midpoint"})
    by_day = by_day[[*totals, *people, "day_units", "day_over_midpoint"]]
    place = pd.Index(days["claim_day"]).get_indexer(pd.Index(lines["claim_day"].to_numpy()[first]))
    rows = beside(rows, by_day, place)
    rows["under_first"] = _under_first(rows, services)
    untold = np.isin(number[first], number[(lines["modifiers_told"] == "no").to_numpy()])
    rows["modifiers_told"] = for_all("", rows).mask(untold, "no")
    rows["co_on_claim"] = np.isin(of_claim[first], of_claim[lines["has_co"]])
    rows = _with_minutes_of_the_day(rows)
    grouped = services.loc[services["in_pool"] & (services["shared_sessions"] > 0), "day"]
    rows["in_group"] = (rows["service"] == GROUP) & rows["day"].isin(grouped)
    unsaid = services.loc[services["in_pool"] & (services["open_sessions"] > 0), "day"]
    rows["maybe_in_group"] = (rows["service"] == GROUP) & rows["day"].isin(unsaid)
    rows["sole_minutes_of_day"] = _sole_minutes(rows, services)
    rows["passed_over"] = told_of(rows["day"], _passed_over(services))
    words = _in_words(services, rows)
    for name in words:
        rows[name] = told_of(rows["day"], words[name])
    return _with_assistant(rows)


def _places(services: pd.DataFrame, lines: pd.DataFrame) -> Whole:
    """Which row of `services` (KEY once each, in order) has the day and service of each line."""
    service, names = pd.factorize(services["service"], sort=True)
    asked = plain(lines["day"]) * len(names) + names.get_indexer(pd.Index(lines["service"]))
    return np.searchsorted(plain(services["day"]) * len(names) + service, asked)


def _with_minutes_of_the_day(rows: pd.DataFrame) -> pd.DataFrame:
    """A billed service that no note lists has 0 minutes, where every note lists its services; the only timed
    service of a day has the minutes of the day, where the notes give only these."""
    rows["minutes"] = rows["minutes"].mask(rows["listed"] & ~rows["in_note"], 0)
    whole_day = rows["alone"] & rows["in_pool"] & rows["minutes"].isna()
    rows["minutes"] = rows["minutes"].mask(whole_day, rows["minutes_high"])
    supported = rows["supported_high"].where(whole_day)
    for name in ("least", "most", "midpoint"):
        rows[name] = rows[name].mask(whole_day, supported).astype("int64")
    rows["day_fits"] = rows["day_fits"].mask(whole_day, rows["units"] <= rows["most"]).astype("bool")
    over = (rows["units"] > rows["midpoint"]).astype("int64")
    rows["day_over_midpoint"] = rows["day_over_midpoint"].mask(whole_day, over)
    return rows


def _under_first(rows: pd.DataFrame, services: pd.DataFrame) -> pd.Series[bool]:
    """Which are a further unit whose first code the notes of the day list."""
    further = rows["addon_to"] != ""
    if not further.any():
        return further
    listed = services.loc[services["in_note"] & services["day"].isin(rows["day"][further]), KEY]
    noted = pd.MultiIndex.from_frame(listed)
    further[further] = pd.MultiIndex.from_frame(rows.loc[further, ["day", "addon_to"]]).isin(noted)
    return further


def _sole_minutes(rows: pd.DataFrame, services: pd.DataFrame) -> pd.Series[int]:
    """By row the day's pooled minutes but those of several patients at once, <NA> where some are not told; worked out
    only for days with such minutes."""
    found = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    here = services["day"].isin(services.loc[services["shared_sessions"] > 0, "day"])
    pool = services[here & services["in_pool"] & services["in_note"]]
    if pool.empty:
        return found
    sole = (pool["minutes"] - pool["shared_minutes"]).groupby(pool["day"]).agg(lambda one: one.sum(skipna=False))
    return rows["day"].map(sole).astype("Int64")


def _passed_over(services: pd.DataFrame) -> pd.Series[str]:
    none = services[services["in_pool"] & (services["units"] == 0) & (services["whole_alone"] > 0)]
    minutes = none["minutes"] - none["shared_minutes"]
    named = none["service"] + " (" + minutes.astype("str") + " minutes)"
    return joined(named, none["day"], ", ")


def _in_words(services: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """By day, in words: the units billed, and every allocation that each method allows."""
    wrong = ~rows["day_fits"] & (rows["method"] != "midpoint")
    wrong |= (rows["day_over_midpoint"] > 0) & (rows["method"] == "unknown")
    wrong &= rows["in_pool"] & (rows["minutes_known"] == "per_code")
    minutes_alone = rows[wrong & rows["alone"]].drop_duplicates("day").set_index("day")["minutes"]
    pool = services[services["in_pool"] & services["day"].isin(rows.loc[wrong, "day"])]
    minutes = pool["minutes"].fillna(pool["day"].map(minutes_alone)).fillna(0).astype("int64")
    days, starts = np.unique(plain(pool["day"]), return_index=True)
    units, documented = (_of_days(pool["service"], numbers, starts) for numbers in (pool["units"], minutes))
    words = {
        "billed": _once_each_day(units, lambda one: _ways([{code: n for code, n in one.items() if n}])),
        "allowed": _once_each_day(documented, lambda one: _ways(supported_units(one, "total"))),
        "by_midpoints": _once_each_day(documented, lambda one: _ways(supported_units(one, "midpoint"))),
    }
    return pd.DataFrame(words, index=days, dtype="str")


def _of_days(services: pd.Series[str], numbers: pd.Series[int], starts: Whole) -> list[Numbered]:
    """The services of each day, which stand together, with their numbers."""
    each = list(zip(services.tolist(), numbers.tolist(), strict=True))
    return [tuple(each[a:b]) for a, b in pairwise([*starts.tolist(), len(each)])]


def _once_each_day(days: list[Numbered], ask: Callable[[dict[str, int]], str]) -> list[str]:
    """Days that say the same are looked at once."""
    said = {one: ask(dict(one)) for one in set(days)}
    return [said[one] for one in days]


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
    fewest = fewest.mask(rows["method"] == "unknown", np.minimum(least, midpoint))
    greatest = most.mask(rows["method"] == "midpoint", midpoint)
    greatest = greatest.mask(rows["method"] == "unknown", np.maximum(most, midpoint))
    return rows["units"].clip(fewest, greatest)
