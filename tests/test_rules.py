"""Every rule is whole: docstring, sources, cases on both sides, and each case gives what it says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice

import pandas as pd
import pytest

from audit.engine import audit
from audit.facts.reference import load_facts
from audit.grains import GRAINS
from audit.model import FINDING_COLUMNS, SEVERITIES, TABLES
from audit.rules import rule_book
from audit.rules.cases import cases_of, judge, promises_of

BOOK = rule_book()
PARTS = {"says": "because", "priced": "dollars_because"}
"""What a case says of a part of a column."""
WANTED = [
    pytest.param(code, name, finds, id=f"{code}: {name}")
    for code, rule in BOOK.items()
    for name, finds in promises_of(rule).items()
]
CODES = list(BOOK)


@cache
def judged(code: str) -> dict[str, pd.DataFrame]:
    return judge(BOOK[code])


@pytest.mark.parametrize(("code", "name", "finds"), WANTED)
def test_case(code, name, finds):
    found = judged(code)[name]
    assert len(found) == len(finds), found[["severity", "line_number", "because"]].to_dict("records")
    for wanted, row in zip(finds, found.to_dict("records"), strict=True):
        said = {column: str(row[column]) for column in wanted if column not in PARTS}
        assert all(wanted.get(part, "") in row[column] for part, column in PARTS.items())
        assert said == {column: value for column, value in wanted.items() if column not in PARTS}


@pytest.mark.parametrize("code", CODES)
def test_rule_is_whole(code):
    rule = BOOK[code]
    assert rule.grain in GRAINS
    assert rule.severity in SEVERITIES
    assert rule.sources
    assert set(rule.sources) <= set(load_facts().sources["source"])
    finds = promises_of(rule)
    assert len(finds) >= 8
    assert not all(finds.values()), "no case in which the rule stays silent"
    assert any(one["severity"] == rule.severity for said in finds.values() for one in said), "no case that it finds"


@pytest.mark.parametrize("code", CODES)
def test_findings_hold_what_the_contract_asks(code):
    for found in judged(code).values():
        assert list(found.columns) == list(FINDING_COLUMNS)
        assert set(found["severity"]) <= set(SEVERITIES)
        on_no_claim = BOOK[code].grain in ("provider", "provider_figures")
        assert (found["because"] != "").all()
        assert ((found["claim_id"] == "") == on_no_claim).all()
        assert not found["because"].str.contains(r"\bnan\b|<NA>|None|\{|~", regex=True).any(), found["because"].tolist()


@pytest.mark.parametrize("code", CODES)
def test_what_cannot_be_tested_says_which_input_would_make_it_testable(code):
    known = [*TABLES, "facts (", "the claim"]
    for name, found in judged(code).items():
        for wanted in found.loc[found["severity"] == "untestable", "expected"]:
            assert wanted.startswith(("Load ", "Mend ")), (name, wanted)
            assert any(table in wanted for table in known), (name, wanted)
            assert not wanted.endswith("."), (name, wanted)


def test_cases_together_find_what_they_find_alone():
    rule = BOOK["UNIT-04"]
    for case in islice(cases_of(rule), 6):
        alone = audit(case.tables, rules=[rule])
        pd.testing.assert_frame_equal(judged("UNIT-04")[case.name], alone, check_dtype=False)


def test_a_rule_that_raises_leaves_every_claim_untestable():
    rule = BOOK["UNIT-01"]
    case = next(cases_of(rule))

    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("minutes")

    found = audit(case.tables, rules=[replace(rule, check=broken), BOOK["DOC-01"]])
    assert list(found["rule"]) == ["ENGINE"] * case.tables.claims["claim_id"].nunique()
    assert found["because"].str.contains("UNIT-01").all()
    assert set(found["severity"]) == {"untestable"}
