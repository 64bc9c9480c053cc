"""What Medicare's fee schedule allows for a patient-day, and what a difference in units is worth.

All amounts are whole cents in `Int64`: exact, fast at a million rows, and <NA> where a fee is not on file.
`dollars` turns them into Decimal or None at the edge. Every unit is priced and rounded to the cent (half up), then
multiplied, as CMS publishes a fee and a therapy reduction in cents for one unit. So a line may be split, lines
may come in any order, and the sums of lines, claims and days agree to the cent. Not looked at: deductibles, and
charges below the fee.

Units come as a frame of UNITS (whole numbers) by KEY: `day_key` is a patient-day under one payer, over all
disciplines and claims of the billing group; `place` is one of PLACES, as the columns of `data/fees.csv`.

Sources: fee schedule, 42 CFR 414.22-30; multiple procedure reduction (MPPR), Pub 100-04 ch. 5 s10.7; CO, SSA 1834(v).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from audit.errors import CountersignError, FactError
from audit.facts.reference import EARLIEST, Facts, rows_in_force, with_facts
from audit.texts import firsts, group_numbers

KEY = ["day_key", "procedure_code", "service_date", "place"]
UNITS = ["plain_units", "co_units"]
PLACES = ("facility", "nonfacility")
MEDICARE_SHARE = Decimal("0.80")
"""Medicare's part of the allowed amount; the patient owes the rest, uncut (SSA 1833(a)(1))."""
PRICED, NOT_PAID = ("A", "R"), ("B", "I", "N")
"""Status of a fee row: paid by its relative values; bundled, invalid or not covered, so worth nothing."""
REDUCED = "5"
"""The multiple-procedure indicator of always-therapy codes under the MPPR."""
CONVERSION, REDUCTION, CO_FACTOR = "CONVERSION_FACTOR", "MPPR_PE_REDUCTION", "CO_PAYMENT_FACTOR"
SIDES = ("billed", "supported")
RATES = ["full", "reduced", "co_full", "co_reduced", "rank"]


class Gpci(NamedTuple):
    """The three geographic indices of a payment locality."""

    work: Decimal = Decimal(1)
    practice_expense: Decimal = Decimal(1)
    malpractice: Decimal = Decimal(1)


NATIONAL = Gpci()


def allowed(
    units: pd.DataFrame, facts: Facts, *, gpci: Gpci = NATIONAL, fees: pd.DataFrame | None = None
) -> pd.DataFrame:
    """`allowed` and `paid` cents by row of `units`, on its index; <NA> where they are not known.

    Of a day's units under the MPPR the one with the highest practice expense (then fee, then lowest code; plain
    before CO) is paid in full, the others lose half of it. `paid` is what the provider receives, from Medicare and
    the patient: for CO units 12 % less than `allowed`, from 2022 on. A unit that may be under the MPPR without being
    on file leaves all units under it open. `fees`: another payer's table, see `own_rates`.
    """
    _check(units)
    rated = _rated(units[[*KEY, *UNITS]], facts, gpci, fees)
    return _amounts(rated, rated["plain_units"], rated["co_units"]).set_axis(units.index)


def dollars_at_risk(
    billed: pd.DataFrame,
    supported: pd.DataFrame,
    facts: Facts,
    *,
    gpci: Gpci = NATIONAL,
    fees: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`over` and `under` cents by `day_key`, never netted: each day is priced whole as billed, as supported, and as
    what the two have in common; `over` is what billing adds to that, `under` what support adds.

    `over` - `under` is the difference of the day. Where only units (or missing CO) are too many, `over` is that
    difference. Units of the 15-minute pool stand in for one another, as do evaluation codes: a wrong code is worth
    the difference in price. Lines that are the same on both sides need no fee; any other unknown gives <NA>.
    """
    rows = _rated(_side_by_side(billed, supported), facts, gpci, fees)
    rows[["plain_common", "co_common"]] = _in_common(rows, facts)
    sides = (*SIDES, "common")
    paid = pd.DataFrame({s: _amounts(rows, rows[f"plain_{s}"], rows[f"co_{s}"])["paid"] for s in sides})
    unknown = paid.isna().any(axis=1)
    same = (rows["plain_billed"] == rows["plain_supported"]) & (rows["co_billed"] == rows["co_supported"])
    days = paid.where(~unknown, 0).groupby(rows["day_key"]).sum()
    least = days.min(axis=1)
    result = pd.DataFrame({"over": days["billed"] - least, "under": days["supported"] - least}).astype("Int64")
    result.loc[result.index.isin(rows.loc[unknown & ~same, "day_key"])] = pd.NA
    return result


def dollars_by_finding(
    billed: pd.DataFrame,
    changes: pd.DataFrame,
    facts: Facts,
    *,
    gpci: Gpci = NATIONAL,
    fees: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`over` and `under` cents by `finding` and `day_key`: each finding's change made alone to the day as billed.

    `changes`: `finding`, KEY and UNITS, signed: -1 takes a unit away; a missing CO is -1 plain, +1 CO. Findings of
    one day overlap, so their amounts must not be added up: `day_total` is the day's.
    """
    cases = changes[["finding", "day_key"]].drop_duplicates(ignore_index=True)
    cases["case"] = cases.index
    before = billed.merge(cases, on="day_key").assign(day_key=lambda rows: rows["case"])
    change = changes.merge(cases, on=["finding", "day_key"]).assign(day_key=lambda rows: rows["case"])
    after = pd.concat([before[[*KEY, *UNITS]], change[[*KEY, *UNITS]]])
    amounts = dollars_at_risk(before, after, facts, gpci=gpci, fees=fees)
    return cases.join(amounts, on="case").set_index(["finding", "day_key"])[["over", "under"]]


def day_total(
    billed: pd.DataFrame,
    changes: pd.DataFrame,
    facts: Facts,
    *,
    gpci: Gpci = NATIONAL,
    fees: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`over` and `under` cents by `day_key`: the changes of all its findings (see `dollars_by_finding`) together.

    Of several findings about one code the largest cut holds (else the largest addition), and apart from it the most
    CO: the same unit is never taken twice. Where the supported units of a day are known whole, give them to
    `dollars_at_risk` instead.
    """
    days = billed[billed["day_key"].isin(changes["day_key"])]
    before = days.groupby(KEY)[UNITS].sum()
    asked = changes.groupby(["finding", *KEY])[UNITS].sum()
    asked["units"] = asked.sum(axis=1)
    low, high = asked.groupby(KEY).min(), asked.groupby(KEY).max()
    units = low["units"].where(low["units"] < 0, high["units"])
    co = high["co_units"].where(high["co_units"] > 0, low["co_units"])
    total = before.sum(axis=1).add(units, fill_value=0).clip(lower=0)
    after = before["co_units"].add(co, fill_value=0).clip(0, total).to_frame("co_units")
    after["plain_units"] = total - after["co_units"]
    return dollars_at_risk(days, after.astype("int64").reset_index(), facts, gpci=gpci, fees=fees)


def without_rate(units: pd.DataFrame, facts: Facts, *, fees: pd.DataFrame | None = None) -> pd.Series[bool]:
    """Which rows (KEY and UNITS) have a code for which no fee, or not its place in the MPPR, is on file."""
    rated = _rated(units[[*KEY, *UNITS]], facts, NATIONAL, fees)
    return (rated["full"].isna() | rated["rank"].isna()).set_axis(units.index)


def further_unit(units: pd.DataFrame, facts: Facts) -> pd.Series[int]:
    """Cents that Medicare allows for one more unit of each row (KEY and UNITS) of a day that has the full one."""
    reduced: pd.Series[int] = _rated(units[[*KEY, *UNITS]], facts, NATIONAL, None)["reduced"]
    return reduced.set_axis(units.index)


def medicare_share(amounts: pd.DataFrame, service_date: pd.Series[pd.Timestamp], facts: Facts) -> pd.DataFrame:
    """Cents of `amounts` (`allowed`, `paid`) that Medicare itself pays: `share`, and `after_sequestration`, <NA> on
    dates for which no rate of sequestration is on file."""
    percent = int(MEDICARE_SHARE * 100)
    share = amounts["paid"] - amounts["allowed"] + (amounts["allowed"] * percent + 50) // 100
    asked = pd.DataFrame({"parameter": "SEQUESTRATION", "service_date": service_date})
    value = with_facts(asked, facts["thresholds"], ["value"], on="parameter", key="parameter")["value"]
    kept = {text: int(10**6 * (1 - Decimal(text))) for text in value.unique() if text}
    return pd.DataFrame(
        {"share": share, "after_sequestration": (share * value.map(kept).astype("Int64") + 500_000) // 10**6}
    )


def dollars(cents: pd.Series[Any]) -> pd.Series[Any]:
    """Cents as Decimal dollars, None where unknown: the form of money in tables and findings."""
    number, different = pd.factorize(cents)
    values = np.array([*(Decimal(int(one)).scaleb(-2) for one in different), None], dtype="object")
    return pd.Series(values[number], index=cents.index, dtype="object")


def medicare_rates(facts: Facts, codes: pd.Series[str], gpci: Gpci = NATIONAL) -> pd.DataFrame:
    """Cents for one unit of each of `codes`, by `priced_as` (code and place) and dates: `full`, `reduced` by the MPPR,
    the same with CO, and `rank`: the higher takes the full fee, 0 is outside the MPPR, <NA> not known."""
    rows = _with_policy(facts["fees"][facts["fees"]["code"].isin(codes)], facts).to_dict("records")
    for parameter, before in ((CONVERSION, ""), (REDUCTION, "0"), (CO_FACTOR, "1")):
        rows = _overlaps(rows, _values(facts, parameter, before))
    prices = [_price(row, place, gpci, facts) for row in rows for place in PLACES]
    columns = ["priced_as", "effective_from", "effective_to", "code", "mult_proc", "pe", *RATES[:4]]
    rates = pd.DataFrame(prices, columns=columns, dtype="object")
    ranked = rates[rates["mult_proc"] == REDUCED].sort_values(["pe", "full", "code"], ascending=[True, True, False])
    rates["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked.index)
    rates["rank"] = rates["rank"].mask(~rates["mult_proc"].isin([REDUCED, ""]), 0)
    return rates.astype({"priced_as": "str"} | dict.fromkeys(columns[1:3], "datetime64[us]"))


def own_rates(fees: pd.DataFrame) -> pd.DataFrame:
    """Rates from a payer's own table: `code`, `amount` (dollars a unit), `co_factor` (part of it paid with CO, "1" if
    all) as text, `effective_from`, `effective_to`. Every unit is paid in full. An empty table: nothing is known."""
    rows = pd.concat([fees.assign(priced_as=fees["code"] + f" {place}") for place in PLACES], ignore_index=True)
    amounts = [_cents(_number(text, "the payer's fees, column amount") * 100) for text in rows["amount"]]
    factors = [_number(text, "the payer's fees, column co_factor") for text in rows["co_factor"]]
    with_co = [_cents(cents * factor) for cents, factor in zip(amounts, factors, strict=True)]
    return rows.assign(full=amounts, reduced=amounts, co_full=with_co, co_reduced=with_co, rank=0)


def _with_policy(fees: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Fee rows with their status and indicator; where the copy of the file lacks them, as `codes.csv` has them."""
    rows = fees.reset_index(drop=True).assign(service_date=lambda rows: rows["effective_from"])
    rows = with_facts(rows, facts["codes"], ["medicare_status", "mppr"], on="code", key="code")
    rows["status"] = rows["status"].mask(rows["status"] == "", rows["medicare_status"])
    told = rows["mppr"].map({"yes": REDUCED, "no": "0"}).fillna("")
    rows["mult_proc"] = rows["mult_proc"].mask(rows["mult_proc"] == "", told)
    return rows


def _values(facts: Facts, parameter: str, before: str) -> list[dict[Any, Any]]:
    """The dated values of a parameter; `before` its first date the value given, if any."""
    known = facts["thresholds"]
    known = known[(known["parameter"] == parameter) & (known["value"] != "")]
    rows = known[["effective_from", "effective_to"]].assign(**{parameter: known["value"]}).to_dict("records")
    if before and rows:
        eve = known["effective_from"].min() - pd.Timedelta(days=1)
        rows.append({"effective_from": EARLIEST, "effective_to": eve, parameter: before})
    return rows


def _overlaps(rows: list[dict[Any, Any]], others: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Each row with each of the others that is in force at a same time, cut to that time."""
    both = []
    for row in rows:
        for other in others:
            begins = max(row["effective_from"], other["effective_from"])
            ends = min(row["effective_to"], other["effective_to"])
            if begins <= ends:
                both.append(row | other | {"effective_from": begins, "effective_to": ends})
    return both


def _price(row: dict[Any, Any], place: str, gpci: Gpci, facts: Facts) -> dict[str, Any]:
    """The rates of one fee row in one place; without amounts where the fee schedule sets none."""
    names = ("work", f"pe_{place}", "mp", CONVERSION, REDUCTION, CO_FACTOR)
    where = f"{facts.folder}, fees.csv and thresholds.csv, code {row['code']} from {row['effective_from']:%Y-%m-%d}"
    work, pe, mp, conversion, reduction, co_factor = (_number(row[name], where) for name in names)
    rate = row | {"priced_as": f"{row['code']} {place}", "pe": pe}
    if row["status"] in NOT_PAID:
        return rate | dict.fromkeys(RATES[:4], 0)
    if row["status"] not in PRICED or row["mult_proc"] == "" or work + pe + mp == 0:
        return rate
    kept = 1 - reduction if row["mult_proc"] == REDUCED else Decimal(1)
    fixed, local = work * gpci.work + mp * gpci.malpractice, pe * gpci.practice_expense
    full, reduced = (_cents((fixed + part * local) * conversion * 100) for part in (Decimal(1), kept))
    amounts = (full, reduced, _with_co(full, co_factor), _with_co(reduced, co_factor))
    return rate | dict(zip(RATES, amounts, strict=False))


def _with_co(cents: int, factor: Decimal) -> int:
    """Medicare's part cut by `factor`, and the patient's part of the uncut amount."""
    return cents - _cents(cents * MEDICARE_SHARE) + _cents(cents * MEDICARE_SHARE * factor)


def _cents(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _number(text: str, where: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise FactError(f"'{text}' is no number", where=where, do="Write digits with a point") from None


def _check(units: pd.DataFrame) -> None:
    if not units["place"].isin(PLACES).all() or units["day_key"].isna().any():
        raise CountersignError("units lack their day or their place", do=f"Give the day, and {' or '.join(PLACES)}")


def _rated(units: pd.DataFrame, facts: Facts, gpci: Gpci, fees: pd.DataFrame | None) -> pd.DataFrame:
    """`units`, numbered anew, with the RATES in force on each row's date of service."""
    rates = _kept_rates(facts, units["procedure_code"], gpci) if fees is None else _in_cents(own_rates(fees))
    number = group_numbers(*(units[name] for name in KEY[1:]))
    asked = units[KEY[1:]].take(firsts(number))
    asked["priced_as"] = asked["procedure_code"] + " " + asked["place"]
    row, each = rows_in_force(asked, rates, on="priced_as", key="priced_as")
    told = {name: rates[name].array.take(row[each], allow_fill=True) for name in RATES}
    if told["rank"].isna().any():
        codes = with_facts(asked, facts["codes"], ["mppr"], on="procedure_code", key="code")
        told["rank"][told["rank"].isna() & (codes["mppr"] == "no").to_numpy()] = 0
    return units.reset_index(drop=True).assign(**{name: said.take(number) for name, said in told.items()})


def _kept_rates(facts: Facts, codes: pd.Series[str], gpci: Gpci) -> pd.DataFrame:
    """`medicare_rates` of these codes and all of `codes.csv`, worked out once."""
    if gpci not in facts.derived or not facts.derived[gpci][0].issuperset(codes.unique()):
        known = {*facts["codes"]["code"], *codes.unique()}
        facts.derived[gpci] = known, _in_cents(medicare_rates(facts, pd.Series(sorted(known), dtype="str"), gpci))
    rates: pd.DataFrame = facts.derived[gpci][1]
    return rates


def _in_cents(rates: pd.DataFrame) -> pd.DataFrame:
    return rates.astype(dict.fromkeys(RATES, "Int64"))


def _amounts(rows: pd.DataFrame, plain: Any, co: Any) -> pd.DataFrame:
    """`allowed` and `paid` for these units of the rated `rows`."""
    full, reduced, co_full, co_reduced, rank = (rows[name].to_numpy("float64", na_value=np.nan) for name in RATES)
    plain, co = np.asarray(plain), np.asarray(co)
    some_plain, under_mppr, billed = plain > 0, rank > 0, plain + co > 0
    shares = under_mppr & billed
    best = np.zeros(len(rows), dtype="bool")
    best[pd.Series(2 * rank + some_plain)[shares].groupby(rows["day_key"][shares]).idxmax()] = True
    extra = np.where(best, full - reduced, 0)
    cents = {
        "allowed": (plain + co) * reduced + extra,
        "paid": plain * reduced + co * co_reduced + np.where(best & ~some_plain, co_full - co_reduced, extra),
    }
    strange = rows["day_key"].isin(rows.loc[np.isnan(rank) & billed, "day_key"]).to_numpy()
    told = {name: np.where(under_mppr & strange, np.nan, one) for name, one in cents.items()}
    known = {name: pd.array(np.where(billed, one, 0), dtype="Int64") for name, one in told.items()}
    return pd.DataFrame(known, index=rows.index)


def _side_by_side(billed: pd.DataFrame, supported: pd.DataFrame) -> pd.DataFrame:
    _check(billed)
    _check(supported)
    both_sides = zip(SIDES, (billed, supported), strict=True)
    named = [rows[[*KEY, *UNITS]].set_axis([*KEY, f"plain_{side}", f"co_{side}"], axis=1) for side, rows in both_sides]
    both = pd.concat(named).groupby(KEY, dropna=False).sum().astype("int64")
    if (both < 0).any(axis=None):
        raise CountersignError("units are negative", do="Take no more units of a code away than the day has")
    return both.reset_index()


def _in_common(rows: pd.DataFrame, facts: Facts) -> Any:
    """(plain, CO) units by row that both sides have. Each side's units of a service stand on a ladder, a step for each
    price; at or above any step there are in common as many as the side that has fewer there."""
    codes = with_facts(rows, facts["codes"], ["family", "in_pool"], on="procedure_code", key="code")
    service = rows["procedure_code"].mask(codes["in_pool"] == "yes", "pool").mask(codes["family"] == "eval", "eval")
    group = np.tile(group_numbers(rows["day_key"], service), 2)
    price = -np.concatenate([rows[name].to_numpy("int64", na_value=0) for name in ("full", "co_full")])
    ladder = pd.DataFrame({side: np.concatenate([rows[f"plain_{side}"], rows[f"co_{side}"]]) for side in SIDES})
    ladder = ladder.assign(group=group).take(np.lexsort((price, group)))
    at_or_above = ladder.groupby("group")[[*SIDES]].cumsum().min(axis=1)
    own = at_or_above - at_or_above.groupby(ladder["group"]).shift(fill_value=0)
    return own.sort_index().to_numpy().reshape(2, -1).T
