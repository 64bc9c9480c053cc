"""Texts asked once for those that are the same, and texts of a group in one."""

from __future__ import annotations

import re

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from audit.rules.notes import note_incomplete, student_or_aide, supervision_not_shown, supervisor_not_named
from audit.texts import combinations, contains, joined, once_each, told_of


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


def test_rows_that_say_the_same_are_looked_at_once():
    rows = pd.DataFrame({"a": ["x", "y", "x"], "b": ["1", "", "1"]}, index=[5, 2, 9]).astype("str")
    asked: list[int] = []

    def both(each: pd.DataFrame) -> pd.Series[str]:
        asked.append(len(each))
        return each["a"] + each["b"]

    assert_series_equal(
        combinations(rows, {"said": both})["said"], (rows["a"] + rows["b"]).rename("said").astype("shared text")
    )
    assert asked == [2]
    assert combinations(rows[:0], {"said": both}).empty


def test_told_of_says_nothing_where_nothing_is_known():
    by_key = pd.Series({"x": "OT", "z": None}, dtype="str")
    found = told_of(pd.Series(["x", "y", "z", "x"], index=[4, 1, 0, 7], dtype="str"), by_key)
    assert found.to_dict() == {4: "OT", 1: "", 0: "", 7: "OT"}
    assert told_of(pd.Series(["x"], dtype="str"), by_key[:0]).tolist() == [""]


SEARCHED = [supervisor_not_named.NAMED, supervision_not_shown.PRESENT, student_or_aide.STUDENT]
SEARCHED += note_incomplete.NAMES.values()
PIECES = ["supervised by", "Supervising OTR", "under the direct supervision of", "OT supervis", "on-site", "during",
          "in the clinic", "assistant", "OTA student", "level II students", "OTS", "sota", "rehabé aide", "rehab techs",
          "COTA", "cota", "OT", "ſtudent", "K", ".", "\n", "/L", "é", "x", "1", "_", "\x0b", " "]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8), st.sampled_from(SEARCHED))
def test_texts_are_searched_as_re_does_it(texts: list[str], pattern: str) -> None:
    found = contains(pd.Series(texts, dtype="str"), pattern)
    assert found.tolist() == [re.search(pattern, text, re.IGNORECASE) is not None for text in texts]
