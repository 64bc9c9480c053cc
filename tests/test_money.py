"""Money: the worked day of the rule catalogue, the dates on which prices change, and properties of any day, held
against a second computation in plain Python."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import CountersignError, FactError
from audit.facts.reference import DATA, EARLIEST, LATEST, Facts, load_facts
from audit.money import (
    KEY,
    UNITS,
    Gpci,
    allowed,
    day_total,
    dollars,
    dollars_at_risk,
    dollars_by_finding,
    medicare_rates,
    medicare_share,
)

FACTS = load_facts()
WORKED = {"97530": (2, 0), "97535": (1, 0), "97110": (1, 0)}
FACTOR = ("parameter", "CONVERSION_FACTOR")
EVALUATIONS = ("97165", "97166", "97167")
Day = dict[str, tuple[int, int]]


def frame_of(days: list[tuple[Day, str]], place: str = "nonfacility", key: str = "") -> pd.DataFrame:
    """Days with their dates of service, keyed `key` or "0", "1", ..."""
    rows = [
        (key or str(number), code, on, place, plain, co)
        for number, (day, on) in enumerate(days)
        for code, (plain, co) in day.items()
    ]
    kinds = {"day_key": "str", "procedure_code": "str", "service_date": "datetime64[us]", "place": "str"}
    return pd.DataFrame(rows, columns=[*KEY, *UNITS]).astype(kinds | dict.fromkeys(UNITS, "int64"))


def frame(day: Day, on: str = "2026-03-02", key: str = "a", place: str = "nonfacility") -> pd.DataFrame:
    return frame_of([(day, on)], place, key)


def totals(days: list[tuple[Day, str]], column: str = "allowed", **terms) -> list[int | None]:
    """Cents of whole days, None where a part of one is unknown."""
    rows = frame_of(days)
    cents = allowed(rows, FACTS, **terms)[column].groupby(rows["day_key"]).sum(skipna=False)
    return [None if pd.isna(one) else int(one) for one in cents.reindex([str(n) for n in range(len(days))])]


def total(day: Day, on: str = "2026-03-02", column: str = "allowed", **terms) -> int | None:
    return totals([(day, on)], column, **terms)[0]


def risks(cases: list[tuple[Day, Day, str]], facts: Facts = FACTS) -> list[tuple[int, int] | None]:
    """(over, under) of each (billed, supported, date of service), None where unknown."""
    billed, supported = (frame_of([(case[side], case[2]) for case in cases]) for side in (0, 1))
    found = dollars_at_risk(billed, supported, facts).reindex([str(n) for n in range(len(cases))])
    return [None if pd.isna(over) else (over, under) for over, under in found.itertuples(index=False)]


def risk(billed: Day, supported: Day, on: str = "2026-03-02") -> tuple[int, int] | None:
    return risks([(billed, supported, on)])[0]


def with_tables(**tables: pd.DataFrame) -> Facts:
    return replace(FACTS, tables={**FACTS.tables, **tables})


def old_facts() -> Facts:
    """One invented fee row and conversion factor, in force always, so that the dated reductions can be seen."""
    fee = FACTS["fees"][FACTS["fees"]["code"] == "97530"].iloc[[0]]
    fee = fee.assign(work="0.44", pe_nonfacility="0.60", pe_facility="0.60", mp="0.01", mult_proc="5")
    always = {"effective_from": EARLIEST, "effective_to": LATEST}
    others = FACTS["thresholds"][FACTS["thresholds"]["parameter"] != "CONVERSION_FACTOR"]
    factor = others.iloc[[0]].assign(parameter="CONVERSION_FACTOR", value="30", **always)
    return with_tables(fees=fee.assign(**always), thresholds=pd.concat([others, factor], ignore_index=True))


# The worked day of rules.md section 7


def test_worked_day():
    apart = frame({"97530": (1, 0), "97535": (1, 0), "97110": (1, 0)})
    again = frame({"97530": (1, 0)})
    amounts = allowed(pd.concat([apart, again]), FACTS)["allowed"]
    assert sorted(amounts) == [2221, 2388, 2505, 3507]
    assert total(WORKED) == 10621
    assert dollars(amounts).sum() == Decimal("106.21")


def test_worked_day_without_the_reduction():
    alone = {code: total({code: (1, 0)}) for code in WORKED}
    assert sum(alone[code] * plain for code, (plain, _) in WORKED.items()) == 13160


def test_unsupported_unit_is_worth_its_reduced_price():
    over, under = risk(WORKED, {"97530": (2, 0), "97535": (1, 0)})
    assert (over, under) == (2221, 0)
    amounts = pd.DataFrame({"allowed": [over], "paid": [over]}, dtype="Int64")
    share = medicare_share(amounts, pd.Series([pd.Timestamp("2026-03-02")]), FACTS)
    assert share.iloc[0].tolist() == [1777, 1741]


def test_missing_co_is_worth_twelve_percent_of_the_reduced_unit():
    assert risk(WORKED, WORKED | {"97530": (1, 1)}) == (301, 0)
    assert risk(WORKED | {"97530": (1, 1)}, WORKED) == (0, 301)
    assert total(WORKED | {"97530": (1, 1)}) == total(WORKED)


def test_removing_the_dearest_unit_promotes_another():
    assert risk({"97530": (1, 0), "97110": (1, 0)}, {"97110": (1, 0)}) == (3507 + 2221 - 2906, 0)


# The reduction


def test_cognitive_codes_are_paid_in_full_and_do_not_take_the_full_unit():
    full = total({"97129": (1, 0)}) + 3 * total({"97130": (1, 0)})
    assert total({"97129": (1, 0), "97130": (3, 0)}) == full
    assert total({"97129": (1, 0), "97130": (3, 0), "97110": (1, 0)}) == full + total({"97110": (1, 0)})


def test_a_tie_of_practice_expense_goes_to_the_higher_fee():
    """97012 and 97032 both have 0.18; work 0.24 and 0.25."""
    rows = frame({"97012": (1, 0), "97032": (1, 0)})
    amounts = dict(zip(rows["procedure_code"], allowed(rows, FACTS)["allowed"], strict=True))
    assert amounts["97032"] == total({"97032": (1, 0)})
    assert amounts["97012"] < total({"97012": (1, 0)})


def test_a_tie_of_the_fee_too_goes_to_the_lowest_code():
    assert allowed(frame({"97116": (1, 0), "97110": (1, 0)}), FACTS)["allowed"].tolist() == [2221, 2906]


def test_of_one_code_the_plain_unit_is_the_full_one():
    together, lines = frame({"97530": (1, 1)}), frame({"97530": (0, 1)})
    lines = pd.concat([lines, frame({"97530": (1, 0)})])
    assert allowed(together, FACTS)["paid"].sum() == 3507 + 2204
    assert allowed(lines, FACTS)["paid"].tolist() == [2204, 3507]


@pytest.mark.parametrize(
    ("on", "second"), [("2010-12-31", 3150), ("2011-01-01", 2790), ("2013-03-31", 2790), ("2013-04-01", 2250)]
)
def test_reduction_by_date(on, second):
    """(0.44 + 0.60 + 0.01) x 30 = 31.50; then none, a fifth (0.12) and half (0.30) of the 0.60 off."""
    assert allowed(frame({"97530": (2, 0)}, on), old_facts())["allowed"].tolist() == [3150 + second]


@pytest.mark.parametrize(("on", "paid"), [("2021-12-31", 3150), ("2022-01-01", 2772)])
def test_co_costs_nothing_before_2022(on, paid):
    amounts = allowed(frame({"97530": (0, 1)}, on), old_facts())
    assert amounts.iloc[0].tolist() == [3150, paid]


def test_before_the_first_conversion_factor_and_without_a_reduction_on_file_nothing_is_known():
    facts = old_facts()
    thresholds = facts["thresholds"]
    factor = thresholds["parameter"] == "CONVERSION_FACTOR"
    later = thresholds.assign(effective_from=thresholds["effective_from"].mask(factor, pd.Timestamp("2015-01-01")))
    none = thresholds[thresholds["parameter"] != "MPPR_PE_REDUCTION"]
    days = frame_of([({"97530": (2, 0)}, "2014-12-31"), ({"97530": (2, 0)}, "2015-01-01")])
    for table, known in ((later, [False, True]), (none, [False, False])):
        facts = replace(facts, tables=facts.tables | {"thresholds": table})
        assert allowed(days, facts)["allowed"].notna().tolist() == known


# Dates and prices


@pytest.mark.parametrize(("on", "cents"), [("2024-03-08", 2881), ("2024-03-09", 2929)])
def test_conversion_factor_of_2024_changes_in_march(on, cents):
    """(0.45 + 0.42 + 0.01) x 32.7442 and x 33.2875."""
    assert total({"97110": (1, 0)}, on) == cents


@pytest.mark.parametrize("year", range(2022, 2027))
def test_evaluation_levels_are_worth_the_same(year):
    treated = {"97110": (2, 0), "97530": (1, 0)}
    pairs = [({billed: (1, 0)}, {right: (1, 0)}, f"{year}-06-01") for billed in EVALUATIONS for right in EVALUATIONS]
    both = pairs + [(billed | treated, right | treated, on) for billed, right, on in pairs]
    assert risks(both) == [(0, 0)] * 18
    assert min(totals([(billed, on) for billed, _, on in both])) > 9000


def test_evaluation_that_was_a_reevaluation_is_worth_the_difference():
    difference = total({"97166": (1, 0)}) - total({"97168": (1, 0)})
    assert risk({"97166": (1, 0)}, {"97168": (1, 0)}) == (difference, 0)
    assert risk({"97168": (1, 0)}, {"97166": (1, 0)}) == (0, difference)


def test_nothing_is_known_after_2026():
    assert total(WORKED, "2026-12-31") == 10621
    assert total(WORKED, "2027-01-01") is None
    assert dollars(allowed(frame(WORKED, "2027-01-01"), FACTS)["paid"]).tolist() == [None] * 3
    assert risk(WORKED, {"97530": (2, 0)}, "2027-01-01") is None


def test_before_the_fee_rows_nothing_is_known():
    assert total(WORKED, "2021-12-31") is None


def test_without_a_date_nothing_is_known():
    dateless = frame(WORKED).assign(service_date=pd.NaT).astype({"service_date": "datetime64[us]"})
    assert allowed(dateless, FACTS).isna().all(axis=None)
    assert dollars_at_risk(dateless, frame(WORKED), FACTS).isna().all(axis=None)


def test_place_decides_the_practice_expense():
    """(0.50 + 0.16 or 0.08 + 0.01) x 33.4009."""
    cents = [allowed(frame({"97129": (1, 0)}, place=p), FACTS)["allowed"].sum() for p in ("nonfacility", "facility")]
    assert cents == [2238, 1971]


@pytest.mark.parametrize("place", ["nonfacility", "facility"])
def test_every_code_alone_in_its_day_is_paid_in_full(place):
    """Of all fees on file: work, practice expense of the place and malpractice by the factor of the first day."""
    wanted, days = [], []
    for row in rows_of("fees"):
        on = date.fromisoformat(row["effective_from"])
        code, factor = (row_on(*asked, on) for asked in (("codes", "code", row["code"]), ("thresholds", *FACTOR)))
        if (row["status"] or code["medicare_status"]) == "A":
            values = sum(Fraction(row[name] or 0) for name in ("work", f"pe_{place}", "mp"))
            wanted.append(cents(values * Fraction(factor["value"])))
            days.append(({row["code"]: (1, 0)}, row["effective_from"]))
    found = allowed(frame_of(days, place), FACTS)["allowed"]
    known = found.notna().to_numpy()
    assert known.sum() > 100
    assert found[known].tolist() == [one for one, told in zip(wanted, known, strict=True) if told]
    beside = allowed(frame_of([({"L3808": (1, 0)} | day, on) for day, on in days], place), FACTS)["allowed"]
    assert beside[1::2].tolist() == found.tolist(), "a splint is outside the reduction"


def test_a_code_that_only_the_fees_name_is_priced_after_others():
    facts = with_tables(fees=FACTS["fees"].assign(code=FACTS["fees"]["code"].replace("97110", "0000X")))
    assert allowed(frame({"97535": (1, 0)}), facts)["allowed"].tolist() == [3240]
    assert allowed(frame({"0000X": (1, 0)}), facts)["allowed"].tolist() == [2906]


def test_a_fee_in_force_for_one_day():
    day = pd.Timestamp("2026-03-02")
    facts = with_tables(fees=FACTS["fees"].assign(effective_from=day, effective_to=day).drop_duplicates("code"))
    rows = frame_of([({"97110": (1, 0)}, on) for on in ("2026-03-01", "2026-03-02", "2026-03-03")])
    assert allowed(rows, facts)["allowed"].notna().tolist() == [False, True, False]


def test_locality():
    """0.45 x 1.1 + 0.41 x 1.2 + 0.01 x 0.5 = 0.992, x 33.4009."""
    gpci = Gpci(Decimal("1.1"), Decimal("1.2"), Decimal("0.5"))
    assert total({"97110": (1, 0)}, gpci=gpci) == 3313


def test_bundled_code_is_worth_nothing():
    assert total({"97010": (1, 0), "97110": (1, 0)}) == total({"97110": (1, 0)})
    assert total({"97010": (1, 0)}, "2023-05-01") == 0


@pytest.mark.parametrize("code", ["L3808", "97799", "97545"])
def test_code_priced_elsewhere_is_unknown_but_leaves_the_others(code):
    rows = frame(WORKED | {code: (1, 0)})
    amounts = allowed(rows, FACTS)["allowed"]
    assert amounts.isna().tolist() == [False, False, False, True]
    assert amounts.sum() == 10621
    assert risk(WORKED | {code: (1, 0)}, {"97530": (2, 0), "97535": (1, 0), code: (1, 0)}) == (2221, 0)
    assert risk(WORKED | {code: (1, 0)}, WORKED) is None


def test_code_not_on_file_leaves_the_full_unit_open():
    """An evaluation of physical therapy may be the dearest of the day; no fee row of it is on file."""
    rows = frame({"97161": (1, 0), "97110": (1, 0), "97129": (1, 0)})
    assert allowed(rows, FACTS)["allowed"].isna().tolist() == [True, True, False]
    assert risk({"97161": (1, 0), "97110": (1, 0)}, {"97161": (1, 0)}) is None
    assert risk({"97161": (1, 0), "97129": (1, 0)}, {"97161": (1, 0)}) == (total({"97129": (1, 0)}), 0)
    assert total({"97161": (0, 0), "97110": (1, 0)}) == 2906


def test_sequestration_before_its_first_row_is_unknown():
    """98 % of 6.80 is 6.664, of 8.10 is 7.938."""
    amounts = pd.DataFrame({"allowed": [1000, 1000, 1013], "paid": [1000, 880, 1013]}, dtype="Int64")
    dates = pd.Series(pd.to_datetime(["2022-06-30", "2022-07-01", "2022-07-01"]))
    found = medicare_share(amounts, dates, FACTS)
    assert found["share"].tolist() == [800, 680, 810]
    assert found["after_sequestration"].fillna(-1).tolist() == [-1, 666, 794]


@pytest.mark.parametrize(
    ("work", "pe", "mp", "amounts"),
    [("0.30", "0.31", "0.01", [1860]), ("0", "0.01", "0.01", [60]), ("0", "0", "0", [])],
)
def test_only_a_fee_without_any_value_is_priced_elsewhere(work, pe, mp, amounts):
    """0.62 and 0.02 x 30."""
    facts = old_facts()
    facts.tables["fees"] = facts["fees"].assign(work=work, pe_nonfacility=pe, mp=mp)
    assert allowed(frame({"97530": (1, 0)}), facts)["allowed"].dropna().tolist() == amounts


def test_indicator_that_is_nowhere_on_file_gives_no_amount():
    fees = FACTS["fees"].assign(mult_proc="")
    facts = with_tables(fees=fees, codes=FACTS["codes"].assign(mppr=""))
    assert allowed(frame({"97110": (1, 0)}), facts).isna().all(axis=None)


# Differences


def test_over_and_under_of_one_day_are_not_netted():
    missing_co = total({"97530": (1, 0)}) - total({"97530": (0, 1)}, column="paid")
    cognitive = total({"97129": (1, 0)})
    billed, supported = {"97530": (1, 0)}, {"97530": (0, 1), "97129": (1, 0)}
    assert missing_co > 0
    assert risk(billed, supported) == (missing_co, cognitive)
    for one, other in (("97530", "97168"), ("97150", "97022")):
        assert risk({one: (1, 0)}, {other: (1, 0)}) == (total({one: (1, 0)}), total({other: (1, 0)}))


def test_unit_moved_within_the_pool_is_worth_the_difference():
    """Two of 97530 and one of 97110 billed, one and two supported: 25.05 against 22.21."""
    assert risk({"97530": (2, 0), "97110": (1, 0)}, {"97530": (1, 0), "97110": (2, 0)}) == (284, 0)
    assert risk({"97530": (1, 0), "97110": (2, 0)}, {"97530": (2, 0), "97110": (1, 0)}) == (0, 284)


def test_the_dearer_code_may_be_the_cheaper_one_once_reduced():
    """97124 has 0.89 in all and 0.625 reduced, 97110 has 0.87 and 0.665: 20.88 and 22.21 beside 97530."""
    assert risk({"97124": (1, 0)}, {"97110": (1, 0)}) == (2973 - 2906, 0)
    assert risk({"97530": (1, 0), "97124": (1, 0)}, {"97530": (1, 0), "97110": (1, 0)}) == (0, 2221 - 2088)


def test_days_are_apart():
    billed = pd.concat([frame(WORKED), frame({"97110": (1, 0)}, key="b")])
    supported = pd.concat([frame({"97530": (2, 0), "97535": (1, 0)}), frame({"97110": (2, 0)}, key="b")])
    found = dollars_at_risk(billed, supported, FACTS)
    assert found.loc["a"].tolist() == [2221, 0]
    assert found.loc["b"].tolist() == [0, 2221]


def changes(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """(finding, code, plain, co) of day a."""
    parts = [frame({code: (plain, co)}).assign(finding=finding) for finding, code, plain, co in rows]
    return pd.concat(parts, ignore_index=True)


def test_each_finding_is_priced_alone_in_the_day():
    asked = changes(("one", "97110", -1, 0), ("two", "97530", -1, 1), ("three", "97140", 1, 0))
    found = dollars_by_finding(frame(WORKED), asked, FACTS)
    reduced_97140 = total(WORKED | {"97140": (1, 0)}) - 10621
    assert found.loc[("one", "a")].tolist() == [2221, 0]
    assert found.loc[("two", "a")].tolist() == [301, 0]
    assert found.loc[("three", "a")].tolist() == [0, reduced_97140]


def test_findings_about_the_same_unit_count_once_in_the_day():
    asked = changes(("one", "97110", -1, 0), ("two", "97110", -2, 0), ("three", "97535", -1, 0))
    found = day_total(frame({"97110": (4, 0), "97535": (1, 0)}), asked, FACTS)
    assert found.loc["a"].tolist() == [3240 + 4 * 2221 - 2906 - 2221, 0]
    alone = dollars_by_finding(frame({"97110": (4, 0), "97535": (1, 0)}), asked, FACTS)
    assert alone["over"].tolist() == [2221, 4442, 3240 + 2221 - 2906]


def test_cut_and_missing_co_of_one_code_come_together():
    asked = changes(("one", "97530", -1, 0), ("two", "97530", -1, 1))
    assert day_total(frame(WORKED), asked, FACTS).loc["a", "over"] == risk(WORKED, WORKED | {"97530": (0, 1)})[0]


def test_a_further_unit_holds_beside_missing_co_and_a_cut_beside_co_that_is_not_due():
    """A further unit of 97530, reduced and with CO: 25.05 - 3.01. Of one plain unit and one with CO the latter goes."""
    further = changes(("one", "97530", -1, 1), ("two", "97530", 1, 0))
    assert day_total(frame(WORKED), further, FACTS).loc["a"].tolist() == [0, 2505 - 301]
    cut = changes(("one", "97530", -1, 0), ("two", "97530", 1, -1))
    assert day_total(frame({"97530": (1, 1)}), cut, FACTS).loc["a"].tolist() == [2505 - 301, 0]


def test_a_finding_that_takes_more_than_there_is_is_refused():
    with pytest.raises(CountersignError, match="units are negative"):
        dollars_by_finding(frame(WORKED), changes(("one", "97110", -2, 0)), FACTS)


# Other payers, bad input


def own_fees() -> pd.DataFrame:
    rows = pd.DataFrame({"code": ["97110", "97530"], "amount": ["40.00", "50.50"], "co_factor": ["1", "0.85"]})
    return rows.assign(effective_from=pd.Timestamp("2026-01-01"), effective_to=pd.Timestamp("2026-12-31"))


def test_another_payer_pays_by_its_own_table():
    amounts = allowed(frame({"97110": (2, 1), "97530": (1, 1), "97140": (1, 0)}), FACTS, fees=own_fees())
    assert amounts["allowed"].fillna(-1).tolist() == [12000, 10100, -1]
    assert amounts["paid"].fillna(-1).tolist() == [12000, 9343, -1]
    assert total({"97110": (1, 0)}, "2025-12-31", fees=own_fees()) is None


def test_a_payer_without_a_table_has_no_amounts():
    assert allowed(frame(WORKED), FACTS, fees=own_fees().iloc[:0]).isna().all(axis=None)


def test_no_rows_no_amounts():
    none = frame({})
    assert allowed(none, FACTS).empty
    assert dollars_at_risk(none, none, FACTS).empty
    assert dollars_at_risk(frame(WORKED), none, FACTS)["over"].tolist() == [10621]


def test_nullable_units_and_other_columns_do_no_harm():
    rows = frame(WORKED | {"97140": (0, 1)}).astype(dict.fromkeys(UNITS, "Int64")).assign(rank=1, full="x")
    plain = frame(WORKED | {"97140": (0, 1)})
    pd.testing.assert_frame_equal(allowed(rows, FACTS), allowed(plain, FACTS))
    pd.testing.assert_frame_equal(dollars_at_risk(rows, plain, FACTS), dollars_at_risk(plain, plain, FACTS))


def test_bad_input_says_what_to_do():
    with pytest.raises(CountersignError, match="facility or nonfacility"):
        allowed(frame(WORKED, place="office"), FACTS)
    with pytest.raises(CountersignError, match="lack their day"):
        allowed(frame(WORKED).assign(day_key=None), FACTS)
    with pytest.raises(CountersignError, match="lack their day"):
        dollars_at_risk(frame(WORKED).assign(day_key=None), frame(WORKED), FACTS)
    with pytest.raises(CountersignError, match="lack their day"):
        dollars_at_risk(frame(WORKED), frame(WORKED).assign(day_key=None), FACTS)
    spoiled = with_tables(fees=FACTS["fees"].assign(work="1,5"))
    with pytest.raises(FactError, match=r"'1,5' is no number"):
        allowed(frame(WORKED), spoiled)


def test_rates_do_not_overlap():
    rates = medicare_rates(FACTS, FACTS["fees"]["code"]).sort_values(["priced_as", "effective_from"])
    assert rates.dtypes[["effective_from", "effective_to"]].astype("str").tolist() == ["datetime64[us]"] * 2
    before = rates.groupby("priced_as")["effective_to"].shift()
    assert (before.isna() | (before < rates["effective_from"])).all()


# Any day, against a second computation

CODES = ["97530", "97535", "97110", "97116", "97129", "97165", "97168", "97533", "29125", "97010", "97799", "97161"]
DATES = ["2021-12-31", "2022-01-01", "2023-07-01", "2024-03-08", "2024-03-09", "2025-05-05", "2026-12-31", "2027-01-01"]
counts = st.tuples(st.integers(0, 3), st.integers(0, 2))
some_days = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(CODES), counts, min_size=1, max_size=5), st.sampled_from(DATES)),
    min_size=1,
    max_size=8,
)
priced_day = st.dictionaries(st.sampled_from(CODES[:10]), counts, min_size=1, max_size=5)
priced_date = st.sampled_from(DATES[1:-1])
priced_days = st.lists(st.tuples(priced_day, priced_date), min_size=1, max_size=8)
any_random = st.randoms(use_true_random=False)
tries = settings(max_examples=15, deadline=None)


@cache
def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row_on(name: str, column: str, value: str, on: date) -> dict[str, str] | None:
    for row in rows_of(name):
        begins, ends = row["effective_from"] or "0001-01-01", row["effective_to"] or "9999-12-31"
        if row[column] == value and begins <= on.isoformat() <= ends:
            return row
    return None


def cents(value: Fraction) -> int:
    return floor(value * 100 + Fraction(1, 2))


def oracle(day: Day, on: date) -> dict[str, tuple[int, int] | None]:
    """(allowed, paid) by code, unit by unit, on dates from 2022 on: CO at 85 % of Medicare's part, MPPR at half."""
    factor, fees, prices, unsettled = row_on("thresholds", "parameter", "CONVERSION_FACTOR", on), {}, {}, False
    units = {code: [False] * plain + [True] * co for code, (plain, co) in day.items()}
    for code in day:
        fee, known = row_on("fees", "code", code, on), row_on("codes", "code", code, on)
        status = known and known["medicare_status"]
        mppr = bool(known) and known["mppr"] == "yes"
        if fee and factor and status in ("A", "R", "B"):
            parts = [Fraction(fee[name]) for name in ("work", "pe_nonfacility", "mp")]
            fees[code] = (parts, status, mppr)
        elif units[code] and not (known and not mppr):
            unsettled = True
    ranks = {c: (p[1], sum(p)) for c, (p, _, mppr) in fees.items() if mppr and units[c]}
    best = min((c for c in ranks if ranks[c] == max(ranks.values())), default=None)
    for code, parts_by_unit in units.items():
        if not parts_by_unit:
            prices[code] = (0, 0)
        elif code not in fees or (unsettled and fees[code][2]):
            prices[code] = None
        else:
            (work, pe, mp), status, mppr = fees[code]
            amounts = [0, 0]
            for number, co in enumerate(parts_by_unit):
                kept = Fraction(1, 2) if mppr and not (code == best and number == 0) else 1
                one = 0 if status == "B" else cents((work + kept * pe + mp) * Fraction(factor["value"]))
                share = floor(Fraction(80 * one, 100) + Fraction(1, 2))
                cut = floor(Fraction(80 * 85 * one, 10_000) + Fraction(1, 2))
                amounts[0] += one
                amounts[1] += one - share + cut if co else one
            prices[code] = (amounts[0], amounts[1])
    return prices


@settings(max_examples=60, deadline=None)
@given(some_days)
def test_equals_a_computation_unit_by_unit(days):
    rows = frame_of(days)
    found = allowed(rows, FACTS)
    expected = [oracle(day, date.fromisoformat(on))[code] for day, on in days for code in day]
    for column, place in (("allowed", 0), ("paid", 1)):
        wanted = [None if one is None else one[place] for one in expected]
        assert found[column].astype("object").where(found[column].notna(), None).tolist() == wanted


@tries
@given(some_days, any_random)
def test_order_of_lines_never_matters(days, random):
    rows = frame_of(days)
    order = random.sample(range(len(rows)), len(rows))
    pd.testing.assert_frame_equal(allowed(rows.iloc[order], FACTS).sort_index(), allowed(rows, FACTS))


@tries
@given(some_days, any_random)
def test_splitting_a_line_never_matters(days, random):
    rows = frame_of(days)
    part = rows.assign(**{name: [random.randint(0, n) for n in rows[name]] for name in UNITS})
    rest = rows.assign(**{name: rows[name] - part[name] for name in UNITS})
    halves = allowed(pd.concat([part, rest]), FACTS)
    summed = halves.groupby(level=0).agg(lambda cents: cents.sum(skipna=False))
    pd.testing.assert_frame_equal(summed, allowed(rows, FACTS), check_names=False)


@tries
@given(priced_days, st.lists(st.tuples(st.sampled_from(CODES[:10]), st.booleans()), min_size=8, max_size=8))
def test_a_further_unit_never_lowers_the_day(days, added):
    more = []
    for (day, on), (code, co) in zip(days, added, strict=False):
        plain, assisted = day.get(code, (0, 0))
        more.append((day | {code: (plain + (not co), assisted + co)}, on))
    for column in ("allowed", "paid"):
        assert all(one >= other for one, other in zip(totals(more, column), totals(days, column), strict=True))


@tries
@given(some_days)
def test_days_add_up(days):
    first = [allowed(frame(day, on), FACTS) for day, on in days[:2]]
    together = allowed(frame_of(days), FACTS)
    pd.testing.assert_frame_equal(together.iloc[: sum(map(len, first))], pd.concat(first, ignore_index=True))


@tries
@given(priced_days)
def test_a_day_by_the_assistant_pays_88_percent(days):
    plain = [({code: (a + b, 0) for code, (a, b) in day.items()}, on) for day, on in days]
    all_co = [({code: (0, a + b) for code, (a, b) in day.items()}, on) for day, on in days]
    assert totals(all_co) == totals(plain)
    for (day, _), cut, full in zip(days, totals(all_co, "paid"), totals(plain, "paid"), strict=True):
        assert abs(cut - 0.88 * full) <= sum(a + b for a, b in day.values())


@tries
@given(priced_days, st.lists(priced_day, min_size=8, max_size=8))
def test_over_less_under_is_the_difference_of_the_day(days, others):
    cases = [(billed, supported, on) for (billed, on), supported in zip(days, others, strict=False)]
    found = risks(cases)
    assert all(over >= 0 and under >= 0 for over, under in found)
    as_billed, as_supported = totals(days, "paid"), totals([(case[1], case[2]) for case in cases], "paid")
    difference = [one - other for one, other in zip(as_billed, as_supported, strict=True)]
    assert [over - under for over, under in found] == difference
    assert risks([(supported, billed, on) for billed, supported, on in cases]) == [one[::-1] for one in found]


def part_of(day: Day, random: Random) -> Day:
    """Some of the units, some of them with CO added."""
    part = {}
    for code, (plain, co) in day.items():
        kept, assisted = random.randint(0, plain), random.randint(0, co)
        marked = random.randint(0, kept)
        part[code] = (kept - marked, assisted + marked)
    return part


@tries
@given(priced_days, any_random)
def test_where_support_is_a_part_of_billing_nothing_is_under(days, random):
    cases = [(billed, part_of(billed, random), on) for billed, on in days]
    assert {under for _, under in risks(cases)} == {0}
    assert {over for over, _ in risks([(supported, billed, on) for billed, supported, on in cases])} == {0}


@tries
@given(priced_days, any_random)
def test_a_lone_finding_is_the_whole_day(days, random):
    asked, cases = [], []
    for day, on in days:
        code = random.choice(sorted(day))
        cut = tuple(random.randint(0, n) for n in day[code])
        asked.append(({code: (-cut[0], -cut[1])}, on))
        cases.append((day, day | {code: (day[code][0] - cut[0], day[code][1] - cut[1])}, on))
    change = frame_of(asked).assign(finding=lambda rows: "of " + rows["day_key"])
    alone = dollars_by_finding(frame_of(days), change, FACTS).droplevel("finding")
    pd.testing.assert_frame_equal(alone.sort_index(), day_total(frame_of(days), change, FACTS))
    assert list(alone.itertuples(index=False, name=None)) == risks(cases)
