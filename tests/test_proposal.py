"""How a claim should read when a finding is right, and where only a person can say."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.reviewing.proposal import BilledLine, should_read


def lines(*told: str) -> list[BilledLine]:
    """Lines as "97110 GO x2"."""
    parts = [one.split() for one in told]
    return [BilledLine(n, p[0], tuple(p[1:-1]), int(p[-1][1:])) for n, p in enumerate(parts, start=1)]


def words(read: list[BilledLine]) -> list[str]:
    return [" ".join([one.code, *one.modifiers, f"x{one.units}"]) for one in read]


def services(method: str = "total", **minutes: int | None) -> pd.DataFrame:
    rows = [{"service": name[1:], "minutes": m, "in_pool": True, "method": method} for name, m in minutes.items()]
    return pd.DataFrame(rows, columns=["service", "minutes", "in_pool", "method"])


def read(
    before: list[BilledLine], rule: str, expected: str = "", line: int = 1, of: pd.DataFrame | None = None
) -> list[str]:
    finding = {"rule": rule, "expected": expected, "line_number": line, "procedure_code": before[line - 1].code}
    return words(should_read(before, finding, services() if of is None else of))


@pytest.mark.parametrize(
    ("before", "rule", "expected", "after"),
    [
        ("97110 x1", "MOD-01", "GO", "97110 GO x1"),
        ("97110 CO x1", "MOD-06", "GO beside CO", "97110 GO CO x1"),
        ("97110 GO CQ x1", "MOD-06", "CO in place of CQ", "97110 GO CO x1"),
        ("97110 GP x1", "MOD-02", "GO", "97110 GO x1"),
        ("97530 59 GO x1", "MOD-11", "no 59, XE, XP, XS or XU", "97530 GO x1"),
        ("97165 GO CO x1", "MOD-20", "no CO on 97165", "97165 GO x1"),
        ("97166 GO x1", "EVAL-01", "97165 (low)", "97165 GO x1"),
        ("97535 GO x1", "MOD-08", "KX", "97535 GO KX x1"),
        ("97018 GO x3", "UNIT-07", "1 unit", "97018 GO x1"),
    ],
)
def test_one_line(before: str, rule: str, expected: str, after: str) -> None:
    assert read(lines(before, "97112 GO x1"), rule, expected) == [after, "97112 GO x1"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("MOD-02", "one of GO, GP, GN"),
        ("MOD-10", "59 or XE, XP, XS, XU on 97140 or 97110"),
        ("MOD-12", "97124 not billed beside 97140"),
        ("EVAL-03", "comorbidities and assistance as 97166 describes them"),
        ("DOC-01", "a note of 2026-08-27"),
    ],
)
def test_no_proposal_where_a_person_has_to_choose(rule: str, expected: str) -> None:
    before = lines("97110 GO x2", "97140 GO x1")
    assert read(before, rule, expected) == words(before)


def test_units_with_co_go_on_a_line_of_their_own() -> None:
    before = lines("97535 GO x2", "97110 GO x2")
    after = ["97535 GO x2", "97110 GO x1", "97110 GO CO x1"]
    assert read(before, "MOD-04", "CO on 1 unit of 97110", line=2) == after
    of_pt = lines("97110 GO CQ x1")
    assert read(of_pt, "MOD-04", "CO on 1 unit of 97110") == ["97110 GO CO x1"]
    merged = lines("97535 GO x2", "97110 GO CO x2")
    assert read(merged, "MOD-07", "97110 x 1 without CO, x 1 with CO", line=2) == after
    assert read(lines("97110 GO CO x2"), "MOD-05", "no CO on 97110") == ["97110 GO x2"]
    assert read(lines("97110 GO x1", "97110 GO x1"), "MOD-04", "CO on 2 units of 97110") == ["97110 GO CO x1"] * 2


def test_a_new_line_has_no_number_yet() -> None:
    finding = {"rule": "MOD-04", "expected": "CO on 1 unit of 97110", "line_number": 1, "procedure_code": "97110"}
    after = should_read(lines("97110 GO x2"), finding, services())
    assert [one.number for one in after] == [1, None]


def test_units_as_the_payer_counts() -> None:
    before = lines("97530 GO x2", "97110 GO x2")
    assert read(before, "UNIT-01", of=services(_97530=23, _97110=14)) == ["97530 GO x1", "97110 GO x1"]
    by_midpoint = services("midpoint", _97530=23, _97110=14)
    assert read(before, "UNIT-20", of=by_midpoint) == ["97530 GO x2", "97110 GO x1"]
    assert read(before, "UNIT-20", of=services("midpoint", _97530=23, _97110=7)) == ["97530 GO x2"]


def test_of_several_allocations_the_one_nearest_to_the_bill() -> None:
    tied = services(_97530=20, _97110=20)
    assert read(lines("97530 GO x1", "97110 GO x3"), "UNIT-01", of=tied) == ["97530 GO x1", "97110 GO x2"]
    assert read(lines("97530 GO x3", "97110 GO x1"), "UNIT-01", of=tied) == ["97530 GO x2", "97110 GO x1"]


def test_a_supported_service_that_is_not_billed_is_put_in() -> None:
    before = lines("97530 GO x1", "97112 GO x1")
    after = read(before, "UNIT-04", line=2, of=services(_97530=15, _97112=6, _97110=19))
    assert after == ["97530 GO x1", "97112 GO x1", "97110 GO x1"]
    assert read(before, "UNIT-04", line=2, of=services(_97530=16, _97112=2, _97110=19)) == [
        "97530 GO x1",
        "97110 GO x1",
    ]


@pytest.mark.parametrize("of", [services(_97530=None), services("unknown", _97530=15), services()])
def test_units_are_not_proposed_from_what_is_not_known(of: pd.DataFrame) -> None:
    assert read(lines("97530 GO x2"), "UNIT-01", of=of) == ["97530 GO x2"]


def test_the_two_cognitive_codes_are_one_service() -> None:
    of = services(**{"_97129+97130": 38})
    assert read(lines("97129 GO x1", "97130 GO x3"), "UNIT-01", line=2, of=of) == ["97129 GO x1", "97130 GO x2"]
    assert read(lines("97129 GO x1", "97130 GO x1"), "UNIT-03", line=2, of=of) == ["97129 GO x1", "97130 GO x2"]
