"""The rule book for people: every rule can be opened and found, and says what its facts are worth today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from audit import cli, rule_pages
from audit.errors import CountersignError
from audit.facts.reference import load_facts
from audit.rules import rule_book
from audit.rules.cases import cases_of

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("code", rule_book())
def test_every_rule_has_a_page_with_sources_and_facts_in_words(code):
    page = rule_pages.page_of(code, TODAY)
    assert len(page.sources) == len(page.rule.sources)
    assert {evidence for *_, evidence in page.sources} <= set(rule_pages.EVIDENCE.values())
    assert {"codes", "payers"} <= {table.name for table in page.facts}
    assert all(set(table.evidence) <= set(rule_pages.EVIDENCE.values()) for table in page.facts)


def test_every_family_has_a_name():
    assert {rule.family for rule in rule_book().values()} <= set(rule_pages.FAMILIES)
    assert sum(map(len, rule_pages.families().values())) == len(rule_book())


def test_cases_are_told_in_words():
    cases = dict(rule_pages.page_of("UNIT-01", TODAY).cases)
    assert cases["22 minutes are one unit"] == "an error"
    assert cases["23 minutes are two units"] == "nothing"
    assert cases["no note"] == "cannot be tested"
    assert cases["a second claim for the same day does not escape"] == "2 errors"
    assert list(cases) == [case.name for case in cases_of(rule_book()["UNIT-01"])]


def test_the_pair_table_says_that_it_has_ended_and_when():
    tables = {table.name: table for table in rule_pages.page_of("MOD-10", TODAY).facts}
    last = load_facts().coverage["ncci_pairs"].covers_to
    assert tables["ncci_pairs"].ended == last < TODAY
    assert tables["codes"].ended is None
    on_its_last_day = {table.name: table for table in rule_pages.page_of("MOD-10", last).facts}
    assert on_its_last_day["ncci_pairs"].ended is None


def test_a_rule_does_not_rest_on_tables_of_other_sources():
    assert "ncci_pairs" not in {table.name for table in rule_pages.page_of("UNIT-01", TODAY).facts}


def test_search_asks_for_all_words_anywhere_in_the_rule():
    codes = [rule.code for rules in rule_pages.families("ASSISTANT co").values() for rule in rules]
    assert "MOD-04" in codes
    assert "UNIT-01" not in codes
    assert rule_pages.families("unit-01")[rule_pages.FAMILIES["units"]][0].code == "UNIT-01"
    assert rule_pages.families("zebra") == {}


def test_a_rule_that_is_not_there_is_said_so():
    with pytest.raises(CountersignError, match="no rule with this code"):
        rule_pages.page_of("UNIT-99", TODAY)


def test_the_reference_page_is_that_of_the_rules():
    page = Path(__file__).parents[1] / "docs" / "rules.md"
    assert page.read_text(encoding="utf-8") == rule_pages.as_markdown(), "run: python -m audit.rule_pages"


def test_every_id_of_the_catalogue_is_built_or_said_not_to_be(capsys):
    assert cli.main(["rules"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    planned = {f"{family}-{number:02}" for family, numbers in rule_pages.CATALOGUE.items() for number in numbers}
    assert planned <= set(listed)
    assert len(listed) == len(set(listed))
