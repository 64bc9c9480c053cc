"""Sums and places by whole numbers say what groupby and merge say, with <NA> and with numbers that nobody has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.grains.lines import those
from audit.grains.numbered import beside, places, plain, sums, sums_for, whole_sums
from audit.rules import ordered, rule_book
from audit.rules.cases import judge

MAYBE = st.one_of(st.none(), st.integers(0, 5))
ROWS = st.lists(st.tuples(MAYBE, st.one_of(st.none(), st.integers(-9, 99))), max_size=20)


def columns(rows: list[tuple]) -> tuple[pd.Series, pd.Series]:
    number, values = zip(*rows, strict=True) if rows else ((), ())
    return pd.Series(number, dtype="Int64"), pd.Series(values, dtype="Int64")


@given(ROWS)
def test_sums_are_those_of_a_plain_loop(rows):
    number, values = columns(rows)
    by_hand = [sum(value or 0 for one, value in rows if one == n) for n in range(6)]
    assert sums(values, number, 6).tolist() == by_hand
    assert sums_for(pd.Series([0, 5, pd.NA], dtype="Int64"), values, number).tolist() == [by_hand[0], by_hand[5], 0]
    of_each = [[value for one, value in rows if one == n] for n in range(6)]
    wholes = [None if not told or None in told else sum(told) for told in of_each]
    assert [None if pd.isna(one) else one for one in whole_sums(values, number, 6)] == wholes


def test_true_counts_one_and_no_number_belongs_to_nothing():
    assert sums(pd.Series([True, False, True]), np.array([1, 1, -1]), 2).tolist() == [0, 1]
    assert plain(pd.Series([3, pd.NA], dtype="Int64")).tolist() == [3, -1]


def test_the_first_row_with_a_number_stands_beside():
    others = pd.DataFrame({"number": [4, 2, 4], "said": ["a", "b", "c"]})
    rows = pd.DataFrame({"asked": [2, 4, 2]}, index=[7, 8, 9])
    found = beside(rows, others[["said"]], places(rows["asked"], others["number"]))
    assert found["said"].to_dict() == {7: "b", 8: "a", 9: "b"}


@pytest.mark.parametrize("which", [[True, True], [True, False], [False, False]])
def test_those_rows_are_the_ones_meant_and_the_table_stays_as_it_was(which):
    rows = pd.DataFrame({"said": ["a", "b"]})
    found = those(rows, pd.Series(which))
    assert found.equals(rows[which])
    found["said"] = "c"
    assert rows["said"].tolist() == ["a", "b"]


def test_findings_come_in_the_order_of_the_contract_whatever_that_of_their_parts():
    found = pd.concat([one for one in judge(rule_book()["UNIT-01"]).values() if len(one)], ignore_index=True)
    found = pd.concat([found, found.assign(because="Another reason.", note_id="N0")], ignore_index=True)
    order = ["claim_id", "line_number", "rule", "severity", "service_date", "note_id", "procedure_code", "because"]
    wanted = found.sort_values(order, kind="stable")[order].to_numpy().tolist()
    for seed in range(3):
        mixed = found.sample(frac=1, random_state=seed)
        assert ordered([mixed[:5], mixed[5:]])[order].to_numpy().tolist() == wanted
