"""How the worth of a finding came about, or why it has none, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd

from audit import money
from audit.grains import Prepared
from audit.grains.supported import AT_LEAST
from audit.money import KEY, UNITS
from audit.texts import combinations
from audit.worth.changes import by_payer, parts

OF_AMOUNT = ["by", "payer_id", "change", "over", "under", "before"]
OF_NOTHING = ["by", "payer_id", "medicare", "service_date", "codes"]
"""What the sentence about a row rests on."""
NATIONAL = "Medicare's national rates, before locality"


def reasons(
    asked: pd.DataFrame, cents: pd.DataFrame, asked_for: pd.DataFrame, days: pd.DataFrame, prepared: Prepared
) -> pd.Series[str]:
    """By finding. `cents`: `over` and `under` by finding, <NA> where not known; the others as in `worth.changes`."""
    first = asked.drop_duplicates("finding").set_index("finding")[["day_key", "change"]]
    of_day = days.drop_duplicates("day_key").set_index("day_key")[["payer_id", "medicare", "by", "service_date"]]
    rows = first.join(of_day, on="day_key").join(cents)
    rows["before"] = rows["day_key"].map(_paid(days, prepared)).astype("Int64")
    lacking = rows[rows["over"].isna() & (rows["by"] != "")]
    rows["codes"] = _codes_without_rate(lacking, days, asked_for, prepared).reindex(rows.index)
    sure = rows["over"].notna()
    covered = prepared.facts.coverage["fees"].covers_to
    nothing = _once_each(rows[~sure], OF_NOTHING, lambda one: _nothing(one, covered))
    return pd.concat([_once_each(rows[sure], OF_AMOUNT, _amount), nothing]).reindex(rows.index)


def _once_each(rows: pd.DataFrame, names: list[str], tell: Callable[[Any], str]) -> pd.Series[str]:
    """What `tell` says of each row; rows that say the same in `names` are told of once."""

    def told(each: pd.DataFrame) -> pd.Series[str]:
        return pd.Series([tell(one) for one in each.itertuples()], dtype="str")

    return combinations(rows[names], {"said": told})["said"]


def _paid(days: pd.DataFrame, prepared: Prepared) -> pd.Series[int]:
    """Cents that the whole day comes to as billed, by day_key; <NA> where a part of it is unknown."""
    parts = [
        money.allowed(rows, prepared.facts, fees=fees)["paid"].groupby(rows["day_key"]).sum(skipna=False)
        for rows, fees in by_payer(days, prepared)
    ]
    total: pd.Series[int] = pd.concat([pd.Series(dtype="Int64"), *parts])
    return total


def _codes_without_rate(
    lacking: pd.DataFrame, days: pd.DataFrame, asked_for: pd.DataFrame, prepared: Prepared
) -> pd.Series[str]:
    """By finding, the codes of its day or its change for which no fee is on file."""
    if lacking.empty:
        return pd.Series("", index=lacking.index, dtype="str")
    billed = lacking[["day_key"]].reset_index().merge(days[KEY], on="day_key")
    changed = asked_for.loc[asked_for["finding"].isin(lacking.index), ["finding", *KEY]]
    rows = pd.concat([billed, changed]).drop_duplicates(ignore_index=True)
    rows = rows.merge(days.drop_duplicates("day_key")[["day_key", "payer_id", "by"]], on="day_key")
    rows = rows.assign(**dict.fromkeys(UNITS, 0))
    told = [part[money.without_rate(part, prepared.facts, fees=fees)] for part, fees in by_payer(rows, prepared)]
    named = pd.concat([rows[:0], *told]).sort_values("procedure_code")
    return named.groupby("finding")["procedure_code"].agg(", ".join)


def _amount(one: Any) -> str:
    whose = NATIONAL if one.by == "medicare" else f"the fees of {one.payer_id}"
    least = "at least " if one.change.endswith(AT_LEAST) else ""
    change = _in_words(one.change)
    told = f"{least}{_dollars(one.over)} too much" if one.over else ""
    if one.under:
        told += f"{' and ' if told else ''}{least}{_dollars(one.under)} too little"
    if pd.isna(one.before):
        return _sentence(f"{told or '$0.00'}: {change} ({whose}; not every code of the day has a fee)")
    if not told:
        return _sentence(f"$0.00: with {change} the day comes to the same {_dollars(one.before)} ({whose})")
    after = one.before - one.over + one.under
    return _sentence(f"{told}: with {change} the day comes to {_dollars(after)}, not {_dollars(one.before)} ({whose})")


def _nothing(one: Any, covered: date | None) -> str:
    if one.by == "own":
        why = f"the fees of {one.payer_id} have none for {one.codes} on {one.service_date:%Y-%m-%d}"
    elif one.by == "medicare" and covered and one.service_date.date() > covered:
        why = f"Medicare's fees are on file up to {covered} only"
    elif one.by == "medicare":
        why = f"no Medicare fee of {one.codes} is on file for {one.service_date:%Y-%m-%d}"
    elif one.medicare == "":
        why = f"whether {one.payer_id} is Medicare is not on file, and neither are its fees"
    else:
        why = f"the fees of {one.payer_id} are not on file"
    return _sentence(f"no amount: {why}")


@lru_cache(maxsize=10_000)
def _in_words(change: str) -> str:
    return ", ".join(_part_in_words(*part) for part in parts(change))


def _part_in_words(service: str, co: bool, number: int) -> str:
    number, more = abs(number), number > 0
    unit = "unit" if number == 1 else "units"
    if co:
        return f"CO {'added to' if more else 'taken off'} {number} {unit} of {service}"
    return f"{number} more {unit} of {service}" if more else f"{number} {unit} of {service} less"


def _dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
