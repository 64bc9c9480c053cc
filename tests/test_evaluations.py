"""Evaluation levels: the worked cases, and that the lowest component governs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evaluations import (
    DECISION_MAKING,
    HISTORY,
    LEVEL_CODES,
    asked_by,
    component_table,
    components,
    count_deficits,
    limiting_component,
    sub_criteria_mismatches,
    supported_level,
)
from tests.test_units import examples


def test_shared_evaluation_examples():
    for row in examples("eval_examples.csv"):
        said = (row["history_level"], row["performance_deficits"], row["clinical_decision_making"])
        wanted = None if row["supported_code"] == "none" else row["supported_code"]
        assert supported_level(*said) == wanted, row["example_id"]
        assert limiting_component(*said) == row["limiting_component"], row["example_id"]
        mismatches = sub_criteria_mismatches(
            row["supported_code"], row["comorbidities"], row["modification_or_assistance"]
        )
        assert bool(mismatches) == bool(row["reviewer_note"]), row["example_id"]


@pytest.mark.parametrize(
    ("deficits", "code"), [(0, None), (1, "97165"), (2, "97165"), (3, "97166"), (4, "97166"), (5, "97167")]
)
def test_deficits_limit_at_each_threshold(deficits, code):
    assert supported_level("extensive", deficits, "high") == code


@pytest.mark.parametrize(
    ("given_as", "count"),
    [
        ("3", 3),
        (" 4 ", 4),
        ("dressing; bathing ;grip strength", 3),
        ("Dressing; dressing", 1),
        (["a", "b"], 2),
        ("grip; Grip ; GRIP.", 1),
        ("grip; n/a", 1),
        ("FIVE", 5),
        ("5+", 5),
        ("5 or more", 5),
        ("6 performance deficits", 6),
        ("3.0", 3),
        (4.0, 4),
        (2.5, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (np.int64(3), 3),
        ("none", 0),
        ("N/A", None),
        ("3-5", None),
        ("grip, pinch", None),
        ("grip\npinch", None),
        ("poor pinch and dexterity", 1),
        ("", None),
        (";", None),
        (None, None),
    ],
)
def test_deficits_come_as_a_number_or_a_list(given_as, count):
    assert count_deficits(given_as) == count


@pytest.mark.parametrize(
    ("history", "deficits", "decision", "code", "limits"),
    [
        ("brief", 7, "high", "97165", "history"),
        ("brief", 7, "low", "97165", "history+decision making"),
        ("expanded", 7, "moderate", "97166", "history+decision making"),
        ("extensive", 1, "high", "97165", "deficits"),
        ("extensive", 2, "low", "97165", "deficits+decision making"),
        ("extensive", 3, "high", "97166", "deficits"),
        ("extensive", 4, "moderate", "97166", "deficits+decision making"),
        ("extensive", 5, "moderate", "97166", "decision making"),
        ("extensive", 5, "low", "97165", "decision making"),
        ("extensive", 5, "high", "97167", "history+deficits+decision making"),
        ("extensive", 40, "high", "97167", "history+deficits+decision making"),
        ("expanded", 3, "high", "97166", "history+deficits"),
        ("expanded", 2, "high", "97165", "deficits"),
        ("brief", 3, "moderate", "97165", "history"),
        ("brief", 0, "low", None, "deficits"),
        ("brief", "none", "low", None, "deficits"),
        ("extensive", "0", "high", None, "deficits"),
        ("EXTENSIVE", "5", "High", "97167", "history+deficits+decision making"),
        (" Brief ", " 2 ", " LOW", "97165", "history+deficits+decision making"),
        ("Expanded", "grip; pinch; endurance", "Moderate", "97166", "history+deficits+decision making"),
        ("expanded", "grip; Grip; endurance", "moderate", "97165", "deficits"),
        ("extensive", "grip; pinch; endurance; memory; balance", "high", "97167", "history+deficits+decision making"),
        ("extensive", "grip; pinch; endurance; memory; Memory", "high", "97166", "deficits"),
        ("extensive", "seven", "high", "97167", "history+deficits+decision making"),
        ("extensive", ["a", "b", "c"], "high", "97166", "deficits"),
        ("", 5, "high", None, "deficits+decision making"),
        ("extensive", "", "high", None, "history+decision making"),
        ("extensive", 5, None, None, "history+deficits"),
        ("extensive", "3-5", "high", None, "history+decision making"),
        ("long", 5, "high", None, "deficits+decision making"),
        (None, None, None, None, ""),
    ],
)
def test_level_and_limiting_component(history, deficits, decision, code, limits):
    assert supported_level(history, deficits, decision) == code
    assert limiting_component(history, deficits, decision) == limits


def test_component_table_shows_what_each_level_asks_and_what_limits():
    history, deficits, decision = component_table(components("expanded", "a; b", ""))
    assert history.asked == ("brief", "expanded", "extensive")
    assert history.met == (True, True, False)
    assert (deficits.said, deficits.met, deficits.limits) == ("2", (True, False, False), True)
    assert (decision.said, decision.met, decision.limits) == ("", (False, False, False), False)


def test_where_all_reach_the_same_level_none_limits():
    assert [part.limits for part in component_table(components("brief", 1, "low"))] == [False] * 3
    assert [part.limits for part in component_table(components("brief", 1, "high"))] == [True, True, False]


def test_what_a_level_asks_in_words():
    assert asked_by("97165") == "history brief, performance deficits 1 to 3, decision making low"
    assert asked_by("97167") == "history extensive, performance deficits 5 or more, decision making high"


def test_less_assistance_than_high_complexity_asks_is_told():
    assert len(sub_criteria_mismatches("97167", "present", "min-mod")) == 1
    assert sub_criteria_mismatches("97167", "present", "max") == []


def test_an_undocumented_component_supports_no_level():
    assert supported_level("", 3, "low") is None
    assert supported_level("brief", None, "low") is None
    assert supported_level("brief", 3, "unsure") is None


@given(st.sampled_from(list(HISTORY)), st.integers(1, 12), st.sampled_from(list(DECISION_MAKING)))
def test_the_lowest_component_governs(history, deficits, decision):
    level = supported_level(history, deficits, decision)
    reached = [part.reaches for part in components(history, deficits, decision)]
    assert level == LEVEL_CODES[min(reached)]
