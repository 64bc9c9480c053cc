"""What findings are worth: the worked day end to end, other payers, unknown fees, and totals in which a unit counts
once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import cli
from audit.engine import audit, chosen_rules
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.rules.cases import _checked, _rows
from audit.tables import Tables
from audit.worth import billed_by_claim, by_claim, by_day, priced

WORKED = "lines: [{code: 97530, units: 2}, {code: 97535}, {code: 97110}]"
FEES = "fees: [{payer: midpoint, code: 97110, amount: '41.50', co_factor: '0.85', effective_from: 2026-01-01}]"


def tables(case: str) -> Tables:
    return _checked(_rows(yaml.load(case, Loader=yaml.BaseLoader)))  # noqa: S506


def found(case: str, rule: str) -> list[dict[str, Any]]:
    rows = audit(tables(case), rules=chosen_rules([rule]))
    return rows[rows["severity"] != "untestable"].to_dict("records")


def worth(case: str, rule: str) -> tuple[str, Decimal | None, Decimal | None]:
    (one,) = found(case, rule)
    return one["change"], one["dollars_at_risk"], one["dollars_under"]


def money(over: str, under: str = "0.00") -> tuple[Decimal, Decimal]:
    return Decimal(over), Decimal(under)


# The worked day of the rule catalogue, section 7


def test_the_unsupported_unit_of_the_worked_day_is_worth_its_reduced_price() -> None:
    case = WORKED + "\nnote: {97530: 30, 97535: 15, 97110: 7}"
    assert worth(case, "UNIT-01") == ("97110 -1", *money("22.21"))
    because = found(case, "UNIT-01")[0]["dollars_because"]
    assert because.startswith("$22.21 too much: with 1 unit of 97110 less the day comes to $84.00, not $106.21")
    assert "national rates, before locality" in because


def test_the_worked_day_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, frame in vars(tables(WORKED + "\nnote: {97530: 30, 97535: 15, 97110: 7}")).items():
        if len(frame):
            written = frame.astype("str").replace({"<NA>": "", "NaT": "", "None": ""})
            written.to_csv(tmp_path / f"{name}.csv", index=False)
    assert cli.main(["check", str(tmp_path), "--rules", "UNIT-01", "--format", "jsonl"]) == 1
    (said,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (said["change"], said["dollars_at_risk"], said["dollars_under"]) == ("97110 -1", 22.21, 0.0)


def test_missing_co_on_the_reduced_unit_is_twelve_percent_of_it() -> None:
    """Of two units of 97530 the assistant gave one; beside a dearer code both are reduced: 12 % of 25.05."""
    case = "lines: [{code: 97530, units: 2}, {code: 97535}]\nnote: {97530: 15+15, 97535: 15+0}"
    assert worth(case, "MOD-04") == ("97530 CO +1", *money("3.01"))


def test_where_only_the_total_is_known_the_cheapest_unit_is_meant() -> None:
    note = "\nnote: {services: {97530: '', 97535: '', 97110: ''}, total_timed_minutes: 50, total_treatment_minutes: 50}"
    assert worth(WORKED + note, "UNIT-01") == ("97110 -1 at least", *money("22.21"))
    assert found(WORKED + note, "UNIT-01")[0]["dollars_because"].startswith("At least $22.21 too much")


def test_the_unit_paid_in_full_promotes_another() -> None:
    """97530 goes, 97110 gets the full fee: 35.07 + 22.21 against 29.06."""
    case = "lines: [{code: 97530}, {code: 97110}]\nnote: {97110: 20}"
    assert worth(case, "UNIT-05") == ("97530 -1", *money("28.22"))


def test_a_second_claim_of_the_day_shares_its_full_unit() -> None:
    case = "lines: [{code: 97530}, {code: 97110, claim: C2}]\nnote: {97530: 22, 97110: 0}"
    both = found(case, "UNIT-01")
    assert [one["dollars_at_risk"] for one in both] == [Decimal("22.21")] * 2


def test_physical_therapy_of_the_same_practice_shares_the_reduction() -> None:
    alone = "lines: [{code: 97110, units: 1}]\nnote: {97110: 7}"
    beside = "lines: [{code: 97110}, {code: 97530, npi: '1000000004', modifiers: GP}]\nnote: {97110: 7}"
    assert worth(alone, "UNIT-06")[1] == Decimal("29.06")
    assert worth(beside, "UNIT-06")[1] == Decimal("22.21")


# Over and under


@pytest.mark.parametrize(
    ("case", "rule", "expected"),
    [
        ("lines: [{code: 97530, units: 2}]\nnote: {97530: 20, 97110: 33}", "UNIT-02",
         ("97110 +2", *money("0", "44.42"))),
        ("lines: [{code: 97110}, {code: 97530, units: 2}]\nnote: {97110: 30, 97530: 15}", "UNIT-04",
         ("97110 +1; 97530 -1", *money("2.84"))),
        ("lines: [{code: 97110, modifiers: GO CO}]\nnote: {97110: 15+0}", "MOD-05",
         ("97110 CO -1", *money("0", "3.49"))),
        ("lines: [{code: 97167}]\nnote: {services: {97167: 60}, note_type: evaluation, history_level: brief, "
         "performance_deficits: 6, decision_making: high}", "EVAL-01", ("97167 -1; 97165 +1", *money("0.00"))),
        ("lines: [{code: G0283, units: 2}]\nnote: {G0283: 15}", "UNIT-07", ("G0283 -1", *money("9.52"))),
        ("lines: [{code: 97140}, {code: 97124, date: 2026-03-12}]\nnote: {97140: 15, 97124: 15}", "MOD-12",
         ("97124 -1", *money("23.22"))),
    ],
)  # fmt: skip
def test_direction(case: str, rule: str, expected: tuple[str, Decimal, Decimal]) -> None:
    assert worth(case, rule) == expected


def test_no_note_puts_the_whole_day_at_risk() -> None:
    case = WORKED + "\nnote: none"
    assert worth(case, "DOC-01") == ("97110 -1; 97530 -2; 97535 -1", *money("106.21"))


# No price: none, never zero, and why


@pytest.mark.parametrize(
    ("case", "rule", "why"),
    [
        ("lines: [{code: 97110, payer: midpoint, units: 2}]\nnote: {97110: 15}", "UNIT-20", "the fees of midpoint are"),
        ("lines: [{code: 97110, payer: nobody, units: 2}]\nnote: {97110: 15}", "UNIT-21", "is Medicare is not on file"),
        ("lines: [{code: 97110, units: 2, date: 2027-01-05}]\nnote: {services: {97110: 15}, service_date: 2027-01-05}",
         "UNIT-01", "on file up to 2026-12-31"),
        ("lines: [{code: 97110, payer: midpoint, units: 2, date: 2025-12-31}]\n"
         "note: {services: {97110: 15}, service_date: 2025-12-31}\n" + FEES, "UNIT-20", "have none for 97110"),
    ],
)  # fmt: skip
def test_without_a_price_there_is_none_and_the_reason(case: str, rule: str, why: str) -> None:
    (one,) = found(case, rule)
    assert (one["dollars_at_risk"], one["dollars_under"]) == (None, None)
    assert one["dollars_because"].startswith("No amount: ")
    assert why in one["dollars_because"]


def test_another_payer_pays_every_unit_in_full_by_its_own_table() -> None:
    case = "lines: [{code: 97110, payer: midpoint, units: 3}]\nnote: {97110: 15}\n" + FEES
    assert worth(case, "UNIT-20") == ("97110 -2", *money("83.00"))
    assert "the fees of midpoint" in found(case, "UNIT-20")[0]["dollars_because"]


def test_medicare_never_goes_by_an_own_table() -> None:
    case = "lines: [{code: 97110, units: 2}]\nnote: {97110: 15}\n" + FEES.replace("payer: midpoint", "payer: medicare")
    assert worth(case, "UNIT-01") == ("97110 -1", *money("22.21"))


@pytest.mark.parametrize(
    ("column", "value"), [("amount", "-5.00"), ("amount", "41,50"), ("co_factor", "85"), ("amount", "")]
)
def test_a_fee_that_is_none_is_refused(column: str, value: str) -> None:
    with pytest.raises(ValueError, match=column):
        tables(f"lines: []\nfees: [{{payer: x, code: 97110, amount: '1.00', {column}: '{value}'}}]")


# Totals


def test_a_unit_counts_once_in_claim_and_day() -> None:
    case = tables("lines: [{code: 97110, units: 2}]\nnote: {97110: 7}")
    prepared = Prepared(case, load_facts())
    rows = audit(case, rules=chosen_rules(["UNIT-01", "UNIT-06", "MOD-01"]))
    assert rows["dollars_at_risk"].tolist() == [Decimal("51.27")] * 2
    for totals in (by_claim(rows, prepared), by_day(rows, prepared)):
        assert totals[["over", "under", "unpriced"]].to_numpy().tolist() == [[Decimal("51.27"), Decimal("0.00"), 0]]


def test_findings_without_a_price_are_counted_and_not_in_the_sum() -> None:
    case = tables("lines: [{code: 97110, payer: midpoint, units: 2}]\nnote: {97110: 15}")
    totals = by_claim(audit(case, rules=chosen_rules(["UNIT-20"])), Prepared(case, load_facts()))
    assert totals.loc["C1", ["over", "under"]].isna().all()
    assert totals.loc["C1", "unpriced"] >= 1


def test_nothing_to_price() -> None:
    case = tables("lines: [{code: 97110}]\nnote: {97110: 15}")
    prepared = Prepared(case, load_facts())
    rows = audit(case, rules=chosen_rules(["UNIT-01"]))
    assert by_claim(rows, prepared).empty
    pd.testing.assert_frame_equal(priced(rows, prepared), rows)


def test_what_claims_bill_is_allowed_in_their_day() -> None:
    """97530 twice is 35.07 + 25.05, 97110 beside it 22.21 (C2);
    midpoint pays 97110 by its table. A claim with one unit without a price has none, whatever else it bills."""
    case = (
        "lines: [{code: 97530, units: 2}, {code: 97110, claim: C2}, {code: L3808, claim: C3}, {code: 97129, claim: C3},"
        "{code: 97110, units: 2, claim: C4, patient: P2, payer: midpoint}, {code: 97535, claim: C5, patient: P3, "
        "payer: midpoint}, {code: 97110, claim: C6, patient: P4, payer: nobody}]\n" + FEES
    )
    billed = billed_by_claim(Prepared(tables(case), load_facts()))
    known = {"C1": Decimal("60.12"), "C2": Decimal("22.21"), "C4": Decimal("83.00")}
    assert billed.to_dict() == known | dict.fromkeys(["C3", "C5", "C6"])


# The cognitive service


def test_the_further_unit_of_the_cognitive_service_goes_first() -> None:
    """97130 is 0.48 + 0.15 = 0.63, x 33.4009."""
    case = "lines: [{code: 97129}, {code: 97130, units: 2}]\nnote: {97129: 15, 97130: 15}"
    assert worth(case, "UNIT-01") == ("97129+97130 -1", *money("21.04"))


# Any day

CODES = ["97530", "97535", "97110", "97112"]
some_days = st.lists(
    st.dictionaries(st.sampled_from(CODES), st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=4),
    min_size=1,
    max_size=12,
)


@settings(max_examples=6, deadline=None)
@given(some_days)
def test_too_many_units_are_worth_the_difference_to_the_nearest_supported_day(days: list[dict[str, Any]]) -> None:
    """Where units are only cut, nothing is under; units that also stand on a wrong code may have earned more."""
    rows: dict[str, list[dict[str, str]]] = {"lines": [], "note": []}
    for number, day in enumerate(days):
        who = {"patient": f"P{number}", "claim": f"C{number}"}
        rows["lines"] += [{**who, "code": code, "units": str(units)} for code, (units, _) in day.items() if units]
        minutes = {code: str(m) for code, (_, m) in day.items() if m}
        rows["note"].append({"patient_id": f"P{number}", "services": minutes})  # type: ignore[dict-item]
    case = _checked(_rows(rows))
    if case.claims.empty:
        return
    told = audit(case, rules=chosen_rules(["UNIT-01"]))
    told = told[told["severity"] == "error"]
    assert (told["dollars_at_risk"] >= 0).all()
    only_cut = ~told["change"].str.contains("+", regex=False)
    assert (told.loc[only_cut, "dollars_under"] == 0).all()
    assert (told.loc[only_cut, "dollars_at_risk"] > 0).all()
    assert told["dollars_because"].str.contains("the day comes to").all()
