"""What becomes of findings when national files are loaded, and when their facts end."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from audit.engine import audit
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.rules import rule_book
from tests import national_files as files
from tests.loaded_facts import MUE, PTP, load
from tests.test_rules_claims import tables

pytest_plugins = ["tests.loaded_facts"]
pytestmark = pytest.mark.usefixtures("folder")
MEDICARE = {"payer_id": "medicare-b", "pair_edits": "medicare", "effective_from": "2020-01-01"}
DAY = pd.Series([pd.Timestamp("2026-08-03")])


def line(code: str, n: int = 1, **cells: str) -> dict[str, str]:
    return {"claim_id": "C1", "line_number": str(n), "patient_id": "P1", "payer_id": "medicare-b", "units": "1",
            "rendering_npi": "1234567893", "service_date": "2026-08-03", "procedure_code": code,
            "modifier_1": "GO", **cells}  # fmt: skip


def found(rule: str, *lines: dict[str, str], payers: list[dict[str, str]] | None = None) -> pd.DataFrame:
    held = tables(claims=list(lines), **({"payers": payers} if payers else {}))
    return audit(held, load_facts(), rules=[rule_book()[rule]])


def test_pairs_are_errors_again_while_the_loaded_table_holds():
    lines = [line("97530"), line("97750", 2)]
    assert found("MOD-10", *lines)["severity"].tolist() == ["warning"]
    load(PTP, files.ptp())
    assert found("MOD-10", *lines)["severity"].tolist() == ["error"]
    late = [{**one, "service_date": "2026-10-01"} for one in lines]
    assert found("MOD-10", *late)["severity"].tolist() == ["warning"]
    assert "2026-09-30" in found("MOD-10", *late)["because"].iloc[0]


@pytest.mark.parametrize(("day", "said"), [("2026-06-30", 0), ("2026-07-01", 1)])
def test_a_pair_counts_from_its_first_day(day, said):
    load(PTP, files.ptp())
    lines = [line(code, n, service_date=day) for n, code in enumerate(["97530", "97535"], 1)]
    assert len(found("MOD-10", *lines)) == said


def test_a_part_that_does_not_hold_a_code_leaves_its_table_old():
    load("ccipra-v322r0-f4.txt", files.ptp([("97530", "97750", "", "20200101", "*", "1", "x")]))
    assert found("MOD-12", line("97140"), line("97124", 2))["severity"].tolist() == ["warning"]


def test_a_modifier_is_judged_by_the_oldest_table_of_its_day():
    load("ccipra-v322r0-f4.txt", files.ptp([("97530", "97750", "", "20200101", "*", "1", "x")]))
    said = found("MOD-11", line("97530", modifier_2="59"), line("97535", 2, modifier_2=""))["because"]
    assert len(said) == 1
    assert "97530 forms no active pair" in said[0]
    assert "is that of 2024-07-01 to 2024-09-30" in said[0], "that of 97535 is no newer"


def test_a_modifier_cannot_be_judged_where_a_part_of_a_list_does_not_reach_back_to_its_day():
    payer = [{"payer_id": "own", "pair_edits": "acme", "effective_from": "2020-01-01"}]
    for quarter, code, began in (("2026q1", "97530", "20200101"), ("2026q3", "97140", "20260701")):
        load(f"pairs-{quarter}.txt", files.ptp([(code, "97750", "", began, "*", "1", "x")]), pair_list="acme")
    day = {"payer_id": "own", "service_date": "2026-05-04"}
    said = found("MOD-11", line("97530", modifier_2="59", **day), line("97140", 2, modifier_2="", **day), payers=payer)
    assert said["severity"].tolist() == ["untestable"]
    assert "does not reach back" in said["because"].iloc[0]


def test_unit_limits_are_errors_again():
    assert found("UNIT-11", line("97165", units="2"))["severity"].tolist() == ["warning"]
    load(MUE, files.mue())
    assert found("UNIT-11", line("97165", units="2"))["severity"].tolist() == ["error"]


@pytest.mark.parametrize("name", ["medicaid", "anthem"])
def test_a_list_of_the_payers_own_is_used_for_its_payers_only(name):
    payer = [{"payer_id": "own", "pair_edits": name, "effective_from": "2020-01-01"}]
    lines = [line("97530", payer_id="own"), line("97110", 2, payer_id="own")]
    marked = [{**one, "modifier_2": "59"} for one in lines]
    assert set(found("MOD-11", *marked, payers=payer)["severity"]) == {"untestable"}
    rows = [("97530", "97110", "", "20260101", "*", "1", "made up")]
    load("pairs-2026q3.txt", files.ptp(rows), pair_list=name)
    assert found("MOD-10", *lines, payers=payer)["severity"].tolist() == ["error"]
    assert found("MOD-10", line("97530"), line("97110", 2)).empty, "Medicare's own table knows no such pair"
    others = [line(code, n, claim_id="C2", patient_id="P2") for n, code in enumerate(("97530", "97110"), 1)]
    assert found("MOD-10", *lines, *others, payers=[*payer, MEDICARE])["claim_id"].tolist() == ["C1"], "in one run too"


def test_pairs_named_medicaid_are_the_list_of_medicaid():
    report = load("medicaid-ccipra-v322r0-f4.txt", files.ptp())
    assert report.sentence.startswith("medicaid-ccipra-v322r0-f4.txt: pairs medicaid, ")
    assert found("MOD-10", line("97530"), line("97110", 2)).empty, "Medicare's own table stays as it was"
    assert "pairs:medicaid" in load_facts().tables


@pytest.fixture(scope="module")
def with_and_without() -> list[Prepared]:
    """A day of 2027, prepared with the facts that end in 2026 and without them."""
    codes = ["97530", "97110", "97014", "97165", "97129", "97750"]
    held = tables(claims=[line(c, n, service_date="2027-02-03", units="9") for n, c in enumerate(codes, 1)])
    facts = load_facts()
    ended = {name: rows[rows["effective_to"] > "2026-12-31"] for name, rows in facts.tables.items()}
    return [Prepared(held, facts), Prepared(held, replace(facts, tables=ended))]


@pytest.mark.parametrize("code", rule_book())
def test_no_finding_on_a_date_of_2027_rests_on_a_fact_that_ends_in_2026(code, with_and_without):
    """Judged with the facts that end in 2026 and without them, a rule finds the same; the rest is untestable."""
    both = [rule_book()[code].run(one) for one in with_and_without]
    judged = [one[one["severity"] != "untestable"].reset_index(drop=True) for one in both]
    pd.testing.assert_frame_equal(*judged)
