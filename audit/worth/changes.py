"""The words in which a finding says what it would change in the units billed, as units of the patient-day."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from audit.grains import Prepared
from audit.grains.supported import AT_LEAST
from audit.money import KEY, UNITS
from audit.units import COGNITIVE, COGNITIVE_SERVICE

ITEM = re.compile(r"(?P<service>.+?)(?P<co> CO)? (?P<number>[+-]\d+)")


def asked(findings: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """A row for each part of each change: `finding` (its label), claim_id, day_key, service, co (bool), number,
    and the whole `change`."""
    some = findings.loc[findings["change"] != "", ["claim_id", "service_date", "change"]]
    if some.empty:
        return some
    read = {text: list(parts(text)) for text in some["change"].unique()}
    rows = some.assign(part=some["change"].map(read)).rename_axis("finding").explode("part").reset_index()
    rows = rows.dropna(subset="part")
    named = pd.DataFrame(rows["part"].tolist(), columns=["service", "co", "number"], index=rows.index)
    claims = prepared.billed[prepared.billed["claim_id"].isin(some["claim_id"].unique())]
    claims = claims.drop_duplicates(["claim_id", "service_date"])
    found = rows.drop(columns="part").join(named)
    return found.merge(claims[["claim_id", "service_date", "day_key"]], on=["claim_id", "service_date"])


def parts(change: str) -> Iterator[tuple[str, bool, int]]:
    """(service, whether it is about CO, number) of each part. Raises ValueError for other words."""
    for item in change.removesuffix(AT_LEAST).split("; "):
        found = ITEM.fullmatch(item)
        if found is None:
            raise ValueError(f"'{item}' is no change of units")
        if int(found["number"]):
            yield found["service"], bool(found["co"]), int(found["number"])


def billed_of(asked: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """What is billed on these days by KEY: UNITS, `payer_id`, `medicare` and `by`, whose fees price it: "medicare",
    "own" or ""."""
    rows = prepared.billed[prepared.billed["day_key"].isin(asked["day_key"])]
    return with_fees(rows.groupby([*KEY, "payer_id", "medicare"], sort=False)[UNITS].sum().reset_index(), prepared)


def with_fees(rows: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """`rows` with `by`: whose fees price them, "medicare", "own" or ""."""
    own = (rows["medicare"] != "yes") & rows["payer_id"].isin(prepared.own_fees["payer_id"])
    by = pd.Series("", index=rows.index, dtype="str").mask(own, "own").mask(rows["medicare"] == "yes", "medicare")
    return rows.assign(by=by)


def changes(asked: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The changes in UNITS by finding and KEY, cut to what the day has."""
    place = days.drop_duplicates("day_key")[["day_key", "service_date", "place"]]
    rows = asked[["finding", "day_key", "service", "co", "number"]].merge(place, on="day_key")
    rows = _by_code(rows, days)
    rows["units"], rows["marked"] = rows["number"].mask(rows["co"], 0), rows["number"].where(rows["co"], 0)
    rows = rows.groupby(["finding", *KEY], sort=False)[["units", "marked"]].sum().reset_index()
    rows = rows.merge(days[["day_key", "procedure_code", *UNITS]], on=["day_key", "procedure_code"], how="left")
    plain, co = (rows[name].fillna(0).astype("int64") for name in UNITS)
    total = (plain + co + rows["units"]).clip(lower=0)
    only_co = (plain == 0) & (co > 0)
    moved = rows["units"].where(only_co, rows["units"].clip(upper=0))
    with_co = ((co + rows["marked"]).clip(0, plain + co) + moved).clip(0, total)
    rows["plain_units"], rows["co_units"] = total - with_co - plain, with_co - co
    return rows[["finding", *KEY, *UNITS]]


def _by_code(rows: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The cognitive service as its two codes: a unit goes from the last, and comes to the first if that has none."""
    one, rest = rows[rows["service"] == COGNITIVE_SERVICE], rows[rows["service"] != COGNITIVE_SERVICE]
    rest = rest.rename(columns={"service": "procedure_code"})
    if one.empty:
        return rest
    first, last = COGNITIVE
    both = days[days["procedure_code"].isin(COGNITIVE)]
    plain, with_co = (
        both.pivot_table(name, "day_key", "procedure_code", aggfunc="sum")
        .reindex(index=one["day_key"], columns=[first, last])
        .fillna(0)
        .astype("int64")
        .set_index(one.index)
        for name in UNITS
    )
    units = plain + with_co
    fewer = (one["number"] + units[last]).clip(upper=0)
    more = one["number"].clip(upper=(1 - units[first]).clip(lower=0))
    marked = one["number"] - one["number"].clip(-with_co[last], plain[last])
    on_first = fewer.mask(one["number"] > 0, more).mask(one["co"], marked)
    halves = [(first, on_first), (last, one["number"] - on_first)]
    parts = [one.assign(procedure_code=code, number=number).drop(columns="service") for code, number in halves]
    return pd.concat([rest, *parts], ignore_index=True)


def by_payer(days: pd.DataFrame, prepared: Prepared) -> Iterator[tuple[pd.DataFrame, pd.DataFrame | None]]:
    """The days that can be priced, with the fees to price them by; None for Medicare's."""
    medicare = days[days["by"] == "medicare"]
    if len(medicare):
        yield medicare, None
    for payer, rows in days[days["by"] == "own"].groupby("payer_id"):
        yield rows, prepared.own_fees[prepared.own_fees["payer_id"] == payer]
