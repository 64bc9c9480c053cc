"""Texts asked once for those that are the same, and texts of a group in one."""

from __future__ import annotations

import pandas as pd
from pandas.testing import assert_series_equal

from audit.texts import joined, once_each


def test_a_text_is_asked_once_and_told_in_every_row_that_says_it():
    asked: list[str] = []

    @once_each
    def length(texts: pd.Series[str]) -> pd.Series[int]:
        asked.extend(texts)
        return texts.str.len()

    rows = pd.Series(["ab", "c", "ab", ""], index=[7, 3, 9, 1], dtype="str", name="said")
    assert_series_equal(length(rows), pd.Series([2, 1, 2, 0], index=[7, 3, 9, 1], name="said"))
    assert asked == ["ab", "c", ""]


def test_no_text_is_told_nothing():
    assert once_each(lambda texts: texts.str.len())(pd.Series([], dtype="str")).empty


def test_joined_says_what_grouping_says():
    rows = pd.DataFrame({"day": [2, 1, 2, 1], "who": ["x", "y", "x", "z"], "said": ["b", "a", "c", "d"]})
    rows["said"] = rows["said"].astype("str")
    by_day = joined(rows["said"], rows["day"], "; ")
    assert by_day.to_dict() == {1: "a; d", 2: "b; c"} == rows.groupby("day")["said"].agg("; ".join).to_dict()
    by_both = joined(rows["said"], [rows["day"], rows["who"]], "")
    assert_series_equal(by_both, rows.groupby(["day", "who"])["said"].agg("".join))


def test_joined_of_nothing_is_nothing():
    none = pd.DataFrame({"day": [], "who": [], "said": []}).astype({"who": "str", "said": "str"})
    assert joined(none["said"], none["day"], ", ").empty
    assert joined(none["said"], [none["day"], none["who"]], ", ").empty
