"""The same rate reads the same in words, on charts and on paper: to the digit, and on its side of the limit."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from audit.estimates import Estimate, per_hundred
from audit.estimates.hundreds import hundreds
from audit.estimates.ratios import Share
from audit.figures import accuracies
from pages.parts import charts

RATES = [(0.08, 0.0512, 0.12), (0.004, 0.0, 0.0496), (0.03, 0.012, 0.0504), (0.0004, 0.0, 0.01), (0.05, 0.02, 0.09),
         (0.018, 0.0004, 0.13), (0.996, 0.91, 0.9999), (0.5204, 0.316, 0.724)]  # fmt: skip


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?(?= in 100| to |$)", text)


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("limit", [0.05, 0.1])
def test_words_and_chart_say_the_same_digits(rates: tuple[float, float, float], limit: float) -> None:
    share = Share(*rates, 60, 5, 0.95)
    said = numbers(accuracies.in_words(share, limit))
    drawn = [one.text.split()[-1] for one in charts.share(share, limit, "claims").layout.annotations
             if one.text.startswith(("best", "at least", "at most"))]  # fmt: skip
    assert said == drawn == per_hundred(Estimate(*rates), limit)
    assert len({len(one.partition(".")[2]) for one in said}) == 1, "one number of decimals for all three"
    for shown, rate in zip(said, rates, strict=True):
        assert abs(float(shown) - 100 * rate) <= 0.5
        assert (float(shown) > 100 * limit) == (rate > limit)


@pytest.mark.parametrize(
    ("rates", "limit", "shown"),
    [
        ([0.08, 0.0512, 0.12], 0.05, ["8.0", "5.1", "12.0"]),
        ([0.08, 0.0512, 0.12], None, ["8", "5", "12"]),
        ([0.0004, 0.0, 0.01], None, ["0.04", "0.00", "1.00"]),
        ([0.996], None, ["99.6"]),
        ([0.0000004], None, ["0.00004"]),
        ([0.00000004], None, ["0.00000"]),
        ([0.0], 0.05, ["0"]),
        ([1.0], 0.05, ["100"]),
    ],
)
def test_as_few_decimals_as_tell(rates: list[float], limit: float | None, shown: list[str]) -> None:
    assert hundreds(rates, limit) == shown


def test_a_share_without_limits_and_one_of_all() -> None:
    assert accuracies.in_words(Share(0.0, None, None, 9, 0, 0.95), 0.05).startswith("about 0 in 100; no interval")
    every = Share(0.0512, 0.0512, 0.0512, 9, 0, 0.95)
    assert accuracies.in_words(every, 0.05) == "5.1 in 100: all of them were reviewed"


def test_the_highest_group_keeps_the_digits_of_its_row() -> None:
    says = accuracies.in_words(Share(0.0504, 0.02, 0.1, 40, 2, 0.95), 0.05)
    row = {"group": "Northlake", "rate": 0.0504, "says": says}
    assert "Highest: Northlake, about 5.04 in 100" in accuracies.groups_in_words(pd.DataFrame([row]), "claim")
