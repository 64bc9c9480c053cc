"""Evaluation levels: the worked cases, and that the lowest component governs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evaluations import (
    DECISION_MAKING,
    HISTORY,
    LEVEL_CODES,
    components,
    count_deficits,
    limiting,
    sub_criteria_mismatches,
    supported_level,
)
from tests.test_units import examples

SHORT = {"performance deficits": "deficits"}


def test_shared_evaluation_examples():
    for row in examples("eval_examples.csv"):
        said = (row["history_level"], row["performance_deficits"], row["clinical_decision_making"])
        wanted = None if row["supported_code"] == "none" else row["supported_code"]
        assert supported_level(*said) == wanted, row["example_id"]
        names = "+".join(SHORT.get(name, name) for name in limiting(components(*said)))
        assert names == row["limiting_component"], row["example_id"]
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
        ("", None),
        (";", None),
        (None, None),
    ],
)
def test_deficits_come_as_a_number_or_a_list(given_as, count):
    assert count_deficits(given_as) == count


def test_an_undocumented_component_supports_no_level():
    assert supported_level("", 3, "low") is None
    assert supported_level("brief", None, "low") is None
    assert supported_level("brief", 3, "unsure") is None


@given(st.sampled_from(list(HISTORY)), st.integers(1, 12), st.sampled_from(list(DECISION_MAKING)))
def test_the_lowest_component_governs(history, deficits, decision):
    level = supported_level(history, deficits, decision)
    reached = [part.reaches for part in components(history, deficits, decision)]
    assert level == LEVEL_CODES[min(reached)]
