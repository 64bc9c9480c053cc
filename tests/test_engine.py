"""The rule book over the demo clinic: every planted error found, clean claims left alone, buckets equal whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from audit.engine import audit, chosen_rules
from audit.errors import CountersignError
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.intake import read
from audit.model import TABLES
from audit.rules import rule_book
from audit.rules.columns import named_by
from audit.tables import Tables, check

DEMO = Path(__file__).parents[1] / "data" / "demo"


@pytest.fixture(scope="module")
def tables() -> Tables:
    found, refusals = check(read([DEMO]))
    assert not refusals
    return found


@pytest.fixture(scope="module")
def findings(tables) -> pd.DataFrame:
    return audit(tables)


@pytest.fixture(scope="module")
def answers() -> list[dict[str, str]]:
    with (DEMO / "answers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_planted_error_of_a_rule_in_the_book_is_found(findings, answers):
    found = set(zip(findings["claim_id"], findings["rule"], strict=True))
    planted = {(one["claim_id"], one["rule"]) for one in answers if one["rule"] in rule_book()}
    assert planted - found == set()
    assert len({rule for _, rule in planted}) >= 24


def test_no_planted_claim_trips_a_rule_it_should_not(findings, answers):
    expected = {}
    for one in answers:
        expected.setdefault(one["claim_id"], set()).update([one["rule"], *one["also"].split()])
    judged = findings[findings["severity"].isin(["error", "warning"])]
    strays = [
        (claim, rule)
        for claim, rule in zip(judged["claim_id"], judged["rule"], strict=True)
        if rule not in expected[claim]
    ]
    assert strays == []


def test_clean_claims_get_no_error_and_no_warning(findings, answers):
    clean = findings[~findings["claim_id"].isin({one["claim_id"] for one in answers})]
    assert set(clean["severity"]) <= {"untestable", "info"}


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("split", ["buckets", "dask"])
def test_buckets_equal_whole(tables, findings, split):
    again = audit(tables, split=split, buckets=2)
    pd.testing.assert_frame_equal(again, findings, check_dtype=False)


def test_the_order_of_the_input_changes_nothing(tables, findings):
    shuffled = Tables(**{
        name: getattr(tables, name).sample(frac=1, random_state=7).reset_index(drop=True) for name in TABLES
    })  # fmt: skip
    pd.testing.assert_frame_equal(audit(shuffled), findings, check_dtype=False)


def test_progress_is_told_and_can_stop_the_run(tables):
    seen = []

    def stop(done: int, of: int) -> None:
        seen.append((done, of))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(tables, rules=chosen_rules(["UNIT-01", "UNIT-07", "MOD-01"]), progress=stop)
    assert seen == [(0, 3), (1, 3), (2, 3)]


def test_wrong_choices_are_named():
    with pytest.raises(CountersignError, match="no rule UNIT-99"):
        chosen_rules(["UNIT-99"])
    with pytest.raises(CountersignError, match="no way to split"):
        audit(Tables.empty(), split="thirds")


def test_nothing_in_nothing_out():
    assert audit(Tables.empty()).empty


def test_a_rule_says_the_same_of_the_columns_it_names_as_of_all(tables):
    """Over all rules, since each may put the name of a column together in its own way."""
    prepared = Prepared(tables, load_facts())
    for rule in rule_book().values():
        rows = getattr(prepared, rule.grain)
        whole, named = (_parts(rule.check(one)) for one in (rows, rows[named_by(rule.check, rows.columns)]))
        for one, other in zip(whole, named, strict=True):
            assert_frame_equal(one, other, obj=rule.code)


def _parts(found: pd.DataFrame | list[pd.DataFrame]) -> list[pd.DataFrame]:
    return [found] if isinstance(found, pd.DataFrame) else found
