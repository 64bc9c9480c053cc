"""Every rule is whole: docstring, sources, cases on both sides, and each case gives what it says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from audit.engine import audit
from audit.errors import CountersignError
from audit.facts.reference import load_facts
from audit.grains import GRAINS
from audit.model import FINDING_COLUMNS, SEVERITIES, TABLES
from audit.rules import findings, rule_book
from audit.rules import rule as make_rule
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


@pytest.mark.parametrize("code", CODES)
def test_a_case_alone_finds_what_it_finds_among_the_others(code):
    case = next(one for one in cases_of(BOOK[code]) if one.finds)
    alone = audit(case.tables, case.facts, rules=[BOOK[code]])
    pd.testing.assert_frame_equal(judged(code)[case.name].reset_index(drop=True), alone, check_dtype=False)


def test_a_rule_that_raises_leaves_every_claim_untestable():
    rule = BOOK["UNIT-01"]
    case = next(cases_of(rule))

    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("minutes")

    found = audit(case.tables, rules=[replace(rule, check=broken), BOOK["DOC-01"]])
    assert list(found["rule"]) == ["ENGINE"] * case.tables.claims["claim_id"].nunique()
    assert found["because"].str.contains("UNIT-01").all()
    assert set(found["severity"]) == {"untestable"}


def test_a_rule_needs_its_words_and_the_split_of_its_grain():
    def bare(_: pd.DataFrame) -> pd.DataFrame:
        """A title alone. Why it matters: nobody says."""

    with pytest.raises(CountersignError, match="rule TEST-01: the docstring lacks a title, 'Why it matters:'"):
        make_rule("TEST-01", grain="line", severity="error", sources=[])(bare)
    bare.__doc__ = "A title. Why it matters: money. What to do: mend it."
    for grain, split in (("provider_day", "patient_id"), ("line", "rendering_npi")):
        with pytest.raises(CountersignError, match=f"a rule over {grain} is not split by {split}"):
            make_rule("TEST-01", grain=grain, split=split, severity="error", sources=[])(bare)
    assert make_rule("TEST-01", grain="line", severity="error", sources=[])(bare).what_to_do == "mend it."


def test_a_rule_about_clinicians_that_says_a_change_of_units_cannot_be_priced():
    rule = BOOK["UNIT-12"]
    case = next(one for one in cases_of(rule) if one.finds)

    def changing(visits: pd.DataFrame) -> pd.DataFrame:
        return findings(visits, expected="less", observed="more", because="Too much.", change="97530 -1")

    found = audit(case.tables, rules=[replace(rule, check=changing)])
    assert set(found["rule"]) == {"ENGINE"}
    assert found["because"].str.contains("UNIT-12").all()


@pytest.mark.parametrize(
    ("line", "says"),
    [("{code: 97530, colour: red}", "claims has no column colour"), ("{code: 97530, units: many}", "column units")],
)
def test_a_case_that_is_written_wrong_is_told(tmp_path, line, says):
    (tmp_path / "cases.yaml").write_text(f"a case:\n  lines: [{line}]\n  finds: nothing\n")
    with pytest.raises(ValueError, match=says):
        judge(replace(BOOK["UNIT-01"], cases=tmp_path / "cases.yaml"))


@pytest.mark.parametrize("code", CODES)
def test_a_rule_runs_where_nothing_is_its_business(code):
    """One clean visit of one service, alone in its run, as the cases of a rule never are."""
    visit = next(one for one in cases_of(BOOK["UNIT-01"]) if not one.finds)
    found = audit(visit.tables, rules=[BOOK[code]])
    assert "ENGINE" not in set(found["rule"])
