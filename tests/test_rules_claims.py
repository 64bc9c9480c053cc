"""What the YAML cases of the rules on claims and modifiers cannot say: facts, empty tables, the demo clinic."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from audit.engine import audit
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.grains.lines import BODY_SIDES, SEPARATE
from audit.intake import Batch
from audit.model import TABLES
from audit.rules import rule_book
from audit.rules.claims import line_billed_twice
from audit.rules.claims.npi_invalid import _fault
from audit.tables import Tables, check

DEMO = Path(__file__).parents[1] / "data" / "demo"
FACTS = load_facts()
CODES = [
    *(f"FMT-0{n}" for n in (1, 2, 5)),
    *(f"MOD-{n}" for n in ("03", "08", "09", *range(13, 22))),
    "EVAL-09",
]
RULES = [rule_book()[code] for code in CODES]
ISSUED = ["1234567893", "1245319599", "1558598797", "1437188265", "1902413651"]
LINE = {"claim_id": "C1", "line_number": "1", "patient_id": "P1", "payer_id": "medicare-b", "units": "1",
        "rendering_npi": "1234567893", "service_date": "2026-03-12", "procedure_code": "97129"}  # fmt: skip


@pytest.fixture(scope="module")
def demo() -> Tables:
    files = {name: file for name in TABLES if (file := DEMO / f"{name}.csv").exists()}
    frames = {n: pd.read_csv(f, dtype=str, keep_default_na=False) for n, f in files.items()}
    numbered = {n: f.assign(source_file=f"{n}.csv", source_row=range(2, len(f) + 2)) for n, f in frames.items()}
    tables, refusals = check(Batch({n: f.reindex(columns=_columns(n), fill_value="") for n, f in numbered.items()}))
    assert refusals == []
    return tables


@pytest.fixture(scope="module")
def found(demo) -> pd.DataFrame:
    return audit(demo, rules=RULES)


def _columns(name: str) -> list[str]:
    return [*TABLES[name].names, "source_file", "source_row"]


def tables(**rows: list[dict[str, str]]) -> Tables:
    frames = {n: pd.DataFrame(r, dtype="str").reindex(columns=_columns(n), fill_value="") for n, r in rows.items()}
    kept, refusals = check(Batch({n: f.assign(source_file="test", source_row="1") for n, f in frames.items()}))
    assert refusals == []
    return kept


@pytest.mark.parametrize("npi", ISSUED)
def test_every_slip_of_one_digit_is_found(npi):
    assert _fault(npi) == ""
    slips = {npi[:n] + digit + npi[n + 1 :] for n in range(10) for digit in "0123456789"} - {npi}
    assert len(slips) == 90
    assert [slip for slip in slips if not _fault(slip)] == []


@pytest.mark.parametrize("npi", ISSUED)
def test_neighbours_that_are_swapped_are_found(npi):
    """All but 09 and 90, which this check digit cannot tell apart."""
    swapped = [npi[:n] + npi[n + 1] + npi[n] + npi[n + 2 :] for n in range(9) if npi[n] != npi[n + 1]]
    missed = [one for one in swapped if not _fault(one)]
    assert all(("09" in npi and "90" in one) or ("90" in npi and "09" in one) for one in missed)
    assert len(missed) < len(swapped)


@pytest.mark.parametrize("digits", ["१२३४५६७८९३", "1234567893 ", "", "12345.7893"])
def test_what_only_looks_like_digits_is_no_npi(digits):
    assert _fault(digits)


def test_the_list_of_providers_tells_who_furnished_a_service():
    providers = [{"npi": LINE["rendering_npi"], "name": "A. Therapist", "discipline": "OT"}]
    rule = [rule_book()["MOD-03"]]
    assert audit(tables(claims=[LINE], providers=providers), rules=rule)["severity"].tolist() == ["error"]
    assert audit(tables(claims=[LINE]), rules=rule)["severity"].tolist() == ["untestable"]


@cache
def nothing() -> Prepared:
    return Prepared(Tables.empty(), FACTS)


@cache
def the_least() -> Prepared:
    return Prepared(tables(claims=[{**LINE, "procedure_code": "97530", "modifier_1": "GO"}]), FACTS)


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_nothing_is_found_in_empty_tables(rule):
    assert rule.run(nothing()).empty


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_a_claim_with_only_what_is_required_is_judged_or_said_not_to_be(rule):
    found = rule.run(the_least())
    assert set(found["severity"]) <= {"untestable"}


def test_the_order_of_the_lines_makes_no_difference(demo):
    twice = pd.concat([demo.claims, demo.claims.assign(claim_id="Z" + demo.claims["claim_id"])], ignore_index=True)
    rules = [rule_book()["FMT-05"]]
    one = audit(replace(demo, claims=twice), rules=rules)
    other = audit(replace(demo, claims=twice.sample(frac=1, random_state=7, ignore_index=True)), rules=rules)
    pd.testing.assert_frame_equal(one, other)
    assert len(one) == len(demo.claims)
    assert one["claim_id"].str.startswith("Z").all()


def test_the_demo_clinic_trips_only_what_was_planted(found):
    answers = pd.read_csv(DEMO / "answers.csv", dtype=str, keep_default_na=False)
    planted = {
        (row["claim_id"], code) for row in answers.to_dict("records") for code in [row["rule"], *row["also"].split()]
    }
    judged = found[found["severity"] != "untestable"]
    tripped = set(zip(judged["claim_id"], judged["rule"], strict=True))
    assert tripped <= planted
    assert {one for one in planted if one[1] in CODES} <= tripped
    assert tripped


def test_buckets_find_what_the_whole_finds(demo, found):
    parts = audit(demo, rules=RULES, split="buckets", buckets=5)
    pd.testing.assert_frame_equal(found, parts, check_dtype=False)


# the facts


def test_places_are_two_digits_and_their_settings_known():
    places = FACTS["places"]
    assert places["place"].str.fullmatch("[0-9]{2}").all()
    assert set(places["setting"]) == {"in_person", "telehealth", "any"}
    assert set(places.loc[places["setting"] == "telehealth", "place"]) == {"02", "10"}
    assert {"11", "12", "13", "22", "31", "62", "99"} <= set(places["place"])


def test_modifiers_that_the_rules_know_by_name_are_on_file():
    known = set(FACTS["modifiers"]["modifier"])
    assert FACTS["modifiers"]["modifier"].str.fullmatch("[0-9A-Z]{2}").all()
    assert {*SEPARATE, *BODY_SIDES, "GO", "GP", "GN", "CO", "CQ", "KX", "25", "22", "52", "76", "77", "GY"} <= known


def test_frequency_codes_that_take_the_place_of_a_claim():
    assert set(line_billed_twice.REPLACES) == {"7", "8"}
