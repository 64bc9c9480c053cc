"""Agreement of reviewers: published values and edges."""

from __future__ import annotations

import pytest

from audit.errors import CountersignError
from audit.estimates.agreement import agreement
from tests.test_estimates import examples


def verdicts(inputs: dict) -> list[tuple]:
    if "table" in inputs:
        cells = [(i, j, n) for i, row in enumerate(inputs["table"]) for j, n in enumerate(row)]
        return [(i, j) for i, j, n in cells for _ in range(n)]
    return list(zip(*inputs["raters_by_items"], strict=True))


def test_shared_gwet_ac1():
    for name, inputs, wanted, tolerance in examples("gwet_ac1"):
        found = agreement(verdicts(inputs))
        assert found is not None
        assert found.ac1 == pytest.approx(wanted.get("ac1", wanted.get("coefficient")), abs=tolerance), name
        assert found.raw == pytest.approx(wanted["pa"], abs=tolerance), name
        assert found.by_chance == pytest.approx(wanted["pe"], abs=tolerance), name


def test_perfect_and_no_agreement():
    assert agreement([("a", "a"), ("b", "b")]).ac1 == 1
    assert agreement([("a", "b"), ("b", "a")]).ac1 == -1
    everything_alike = agreement([("agree", "agree")] * 30, kinds=2)
    assert (everything_alike.raw, everything_alike.ac1) == (1, 1)
    one_kind = agreement([("agree", "agree")])
    assert (one_kind.ac1, one_kind.by_chance) == (None, 1.0), "chance cannot be told"


def test_nothing_judged_twice_is_no_agreement():
    assert agreement([]) is None
    assert agreement([("agree", None), (None, None)]) is None


def test_more_kinds_than_possible_are_refused():
    with pytest.raises(CountersignError, match="3 verdicts occur where 2 are possible"):
        agreement([("a", "b"), ("c", "c")], kinds=2)


def test_few_items_are_called_few():
    few = "Two people judged 2 findings and agreed on 1: too few to tell more."
    assert agreement([("a", "a"), ("a", "b")]).sentence == few
    assert "too few to tell" in agreement([("a", "a")] * 18 + [("b", "a")]).sentence
    assert "beyond chance" in agreement([("a", "a")] * 19 + [("b", "a")]).sentence
