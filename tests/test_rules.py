"""Every rule is whole: docstring, sources, cases on both sides, and each case gives what it says."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.engine import audit
from audit.grains import GRAINS
from audit.model import SEVERITIES
from audit.reference import load_facts
from audit.rules import rule_book
from audit.rules.cases import Case, cases_of

BOOK = rule_book()
CASES = [pytest.param(rule, case, id=f"{code}: {case.name}") for code, rule in BOOK.items() for case in cases_of(rule)]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_case(rule, case: Case):
    found = audit(case.tables, rules=[rule])
    assert len(found) == len(case.finds), found[["severity", "line_number", "because"]].to_dict("records")
    for wanted, row in zip(case.finds, found.to_dict("records"), strict=True):
        assert wanted.pop("says", "") in row["because"]
        assert {name: str(row[name]) for name in wanted} == wanted


@pytest.mark.parametrize("code", BOOK)
def test_rule_is_whole(code):
    rule = BOOK[code]
    assert rule.grain in GRAINS
    assert rule.severity in SEVERITIES
    known = set(load_facts().sources["source"])
    assert rule.sources
    assert set(rule.sources) <= known
    cases = list(cases_of(rule))
    assert any(not case.finds for case in cases), "no case in which the rule stays silent"
    assert any(one["severity"] == rule.severity for case in cases for one in case.finds), "no case that it finds"
    assert len(cases) >= 5


def test_findings_hold_what_the_contract_asks():
    for rule in BOOK.values():
        for case in cases_of(rule):
            found = audit(case.tables, rules=[rule])
            assert set(found["severity"]) <= set(SEVERITIES)
            assert found["claim_id"].isin(case.tables.claims["claim_id"]).all()
            assert (found["because"] != "").all()
            assert not found["because"].str.contains(r"\bnan\b|<NA>|None|\{", regex=True).any(), found["because"]


def test_a_rule_that_raises_leaves_every_claim_untestable():
    rule = BOOK["UNIT-01"]
    case = next(cases_of(rule))

    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("minutes")

    from dataclasses import replace

    found = audit(case.tables, rules=[replace(rule, check=broken), BOOK["DOC-01"]])
    assert list(found["rule"]) == ["ENGINE"] * case.tables.claims["claim_id"].nunique()
    assert found["because"].str.contains("UNIT-01").all()
    assert set(found["severity"]) == {"untestable"}
