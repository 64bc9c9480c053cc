"""Corrections of which nobody can tell which one stands: no error rests on a guess."""

from __future__ import annotations

import pytest

from audit.engine import audit, chosen_rules
from tests.stored import line, note, service, tables_of

RULES = ["UNIT-01", "FMT-01"]


def first(**cells):
    return line("C1", payer_id="medicare-b", units="2", frequency_code="1", **cells)


def correction(claim_id, units, names="C1", **cells):
    told = {"payer_id": "medicare-b", "units": units, "frequency_code": "7", "original_reference": names}
    return line(claim_id, **{**told, **cells})


def judged(*claims, minutes="30", split="whole"):
    noted = {"notes": [note("N1", total_timed_minutes=minutes)], "note_services": [service("N1", minutes=minutes)]}
    found = audit(tables_of(claims=list(claims), **noted), rules=chosen_rules(RULES), split=split)
    return {
        (claim, rule): severity
        for claim, rule, severity in zip(found["claim_id"], found["rule"], found["severity"], strict=True)
    }


@pytest.mark.parametrize("split", ["whole", "buckets"])
@pytest.mark.parametrize("units", [("2", "3"), ("3", "2")])
def test_an_error_of_one_of_two_corrections_is_a_warning(units, split):
    found = judged(first(), correction("C2", units[0]), correction("C3", units[1]), split=split)
    assert {found.get((claim, "UNIT-01"), "nothing") for claim in ("C2", "C3")} <= {"warning", "nothing"}


def test_the_one_that_is_counted_bills_too_much():
    found = judged(first(), correction("C2", "2"), correction("C3", "3"))
    assert found[("C3", "UNIT-01")] == "warning"


def test_an_error_of_each_of_them_stays_one():
    found = judged(first(), correction("C2", "3"), correction("C3", "3"))
    assert found[("C2", "UNIT-01")] == found[("C3", "UNIT-01")] == "error"


def test_what_does_not_rest_on_it_stays_an_error():
    bad = {"rendering_npi": "1234567890"}
    other = line("C9", payer_id="medicare-b", units="4", patient_id="P2", **bad)
    found = judged(first(**bad), correction("C2", "2", **bad), correction("C3", "3", **bad), other)
    assert {found[(claim, "FMT-01")] for claim in ("C1", "C2", "C3", "C9")} == {"error"}


def test_a_correction_of_one_of_two_claims():
    """Two claims of one unit each and a correction of one of them: two units or three."""
    one, two = (line(claim, payer_id="medicare-b", units="1", frequency_code="1") for claim in ("C1", "C2"))
    found = judged(one, two, correction("C3", "1", names="ICN-7"))
    assert found[("C3", "UNIT-01")] == "warning"


def test_three_corrections():
    found = judged(first(), correction("C2", "3"), correction("C3", "2"), correction("C4", "3"))
    assert found[("C4", "UNIT-01")] == "warning"
    found = judged(first(), correction("C2", "3"), correction("C3", "3"), correction("C4", "3"))
    assert found[("C4", "UNIT-01")] == "error"
