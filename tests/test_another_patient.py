"""Names and birth dates of FMT-09, pair by pair: who is one person, misspelt, or another."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.rules.claims.another_patient import MISSPELT, OTHER, SAME, UNKNOWN, _near, _same_birth, _same_name

NAMES = [
    ("Edda Mossgather", "Mossgather, Edda", SAME),
    ("Edda Mossgather", "Edda Rose Mossgather", SAME),
    ("E. Mossgather", "Edda Mossgather", SAME),
    ("Mary M.", "Mary R. Mossgather", SAME),  # the whole word takes its own place before an initial does
    ("Ed Mossgather", "Edda Mossgather", OTHER),  # two letters are no initial
    ("X. Mossgather", "Edda Mossgather", OTHER),
    ("Mossgather", "Edda Mossgather", OTHER),  # one word names no person
    ("Ann Ann", "Ann R. Smith", OTHER),  # a word stands for one word only
    ("Ann Smith", "Dan R. Jones", OTHER),
    ("Evangeline Hawthorne", "Evangalime Hawthorme", MISSPELT),  # 3 letters of 20 differ: 85 in 100 alike
    ("Mossgather", "Mossgather", SAME),
    ("", "Edda Mossgather", UNKNOWN),
    ("Mr", "Edda Mossgather", UNKNOWN),
]
WORDS = [
    ("anne", "anna", True),
    ("maria", "mraia", True),  # two letters that changed places are one slip
    ("anne", "arna", False),
    ("helen", "hales", False),  # two slips in five letters
    ("helena", "halens", True),  # in six
    ("helena", "halins", False),  # three slips
    ("helen", "heleena", False),  # the shorter word counts
    ("jelena", "helena", True),  # another first letter in six letters
    ("elena", "helena", False),  # in five
    ("ann", "dan", False),
]


@pytest.mark.parametrize(("one", "other", "says"), NAMES)
def test_names(one, other, says):
    assert _same_name(one, other) == says
    assert _same_name(other, one) == says


@pytest.mark.parametrize(("one", "other", "near"), WORDS)
def test_words_of_names(one, other, near):
    assert _near(one, other) is near
    assert _near(other, one) is near


@pytest.mark.parametrize(("one", "other"), [("1957-09-04", None), (None, "1957-09-04"), (None, None)])
def test_a_birth_date_that_one_side_lacks_tells_nothing(one, other):
    assert _same_birth(pd.Timestamp(one), pd.Timestamp(other)) == UNKNOWN
