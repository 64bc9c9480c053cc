"""The words in which a finding says what it would change: the units that they mean, and the sentence of their worth."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.money import UNITS
from audit.worth.changes import changes, parts
from tests.test_worth import FEES, WORKED, found

NATIONAL = "Medicare's national rates, before locality"


def changed(billed: dict[str, tuple[int, int]], change: str) -> dict[str, tuple[int, int]]:
    """(plain, CO) units by code that a change adds to what the day bills."""
    kinds = {"plain_units": "int64", "co_units": "int64"}
    day = {"day_key": "a", "service_date": pd.Timestamp("2026-03-02"), "place": "nonfacility"}
    rows = [
        {**day, "procedure_code": code, "plain_units": p, "co_units": c} for code, (p, c) in billed.items() if p + c
    ]
    days = pd.DataFrame(rows).astype(kinds)
    said = [{"finding": 7, "day_key": "a", "service": s, "co": co, "number": n} for s, co, n in parts(change)]
    found = changes(pd.DataFrame(said), days)[["procedure_code", *UNITS]]
    told = found.itertuples(index=False, name=None)
    return {code: (plain, co) for code, plain, co in told if plain or co}


@pytest.mark.parametrize(
    ("first", "last", "change", "expected"),
    [
        ((1, 0), (2, 0), "-1", {"97130": (-1, 0)}),
        ((1, 0), (2, 0), "-3", {"97129": (-1, 0), "97130": (-2, 0)}),
        ((0, 1), (0, 1), "-1", {"97130": (0, -1)}),
        ((1, 0), (1, 0), "+1", {"97130": (1, 0)}),
        ((0, 0), (1, 0), "+1", {"97129": (1, 0)}),
        ((0, 0), (1, 0), "+2", {"97129": (1, 0), "97130": (1, 0)}),
        ((2, 0), (0, 0), "+1", {"97130": (1, 0)}),
        ((1, 0), (2, 0), "CO +1", {"97130": (-1, 1)}),
        ((1, 0), (1, 0), "CO +2", {"97129": (-1, 1), "97130": (-1, 1)}),
        ((0, 1), (0, 1), "CO -1", {"97130": (1, -1)}),
        ((0, 1), (0, 1), "CO -2", {"97129": (1, -1), "97130": (1, -1)}),
    ],
)
def test_a_change_of_the_cognitive_service_is_one_of_its_last_unit(
    first: tuple[int, int], last: tuple[int, int], change: str, expected: dict[str, tuple[int, int]]
) -> None:
    billed = {"97129": first, "97130": last, "97110": (1, 0)}
    assert changed(billed, f"97129+97130 {change}") == expected


@pytest.mark.parametrize(
    ("billed", "change", "expected"),
    [
        ((2, 1), "-1", (0, -1)),
        ((2, 1), "-2", (-1, -1)),
        ((2, 1), "-9", (-2, -1)),
        ((2, 1), "+1", (1, 0)),
        ((0, 1), "+1", (0, 1)),
        ((0, 2), "+1", (0, 1)),
        ((0, 0), "+1", (1, 0)),
        ((2, 1), "CO +1", (-1, 1)),
        ((2, 1), "CO +9", (-2, 2)),
        ((2, 1), "CO -9", (1, -1)),
    ],
)
def test_a_unit_less_is_one_with_co_and_no_more_than_there_are(
    billed: tuple[int, int], change: str, expected: tuple[int, int]
) -> None:
    """A unit more is plain, but where all units of its code have CO."""
    assert changed({"97530": billed, "97110": (1, 0)}, f"97530 {change}") == {"97530": expected}


def test_words_of_a_change() -> None:
    assert list(parts("97110 -1; 97530 CO +2; 97129+97130 +1 at least")) == [
        ("97110", False, -1),
        ("97530", True, 2),
        ("97129+97130", False, 1),
    ]
    assert list(parts("97110 -0")) == []
    with pytest.raises(ValueError, match="no change"):
        list(parts("97110"))


@pytest.mark.parametrize("change", ["-1", "CO +1", "CO -1"])
def test_nothing_is_taken_from_a_code_that_the_day_lacks(change: str) -> None:
    assert changed({"97110": (1, 0)}, f"97530 {change}") == {}


@pytest.mark.parametrize(
    ("case", "rule", "sentence"),
    [
        ("lines: [{code: 97167}]\nnote: {services: {97167: 60}, note_type: evaluation, history_level: brief, "
         "performance_deficits: 6, decision_making: high}", "EVAL-01",
         f"$0.00: with 1 unit of 97167 less, 1 more unit of 97165 the day comes to the same $100.54 ({NATIONAL})."),
        ("lines: [{code: 97530, units: 2}]\nnote: {97530: 20, 97110: 33}", "UNIT-02",
         f"$44.42 too little: with 2 more units of 97110 the day comes to $104.54, not $60.12 ({NATIONAL})."),
        ("lines: [{code: 97110, modifiers: GO CO}]\nnote: {97110: 15+0}", "MOD-05",
         f"$3.49 too little: with CO taken off 1 unit of 97110 the day comes to $29.06, not $25.57 ({NATIONAL})."),
        ("lines: [{code: 97530, units: 2}, {code: 97535}]\nnote: {97530: 15+15, 97535: 15+0}", "MOD-04",
         f"$3.01 too much: with CO added to 1 unit of 97530 the day comes to $80.99, not $84.00 ({NATIONAL})."),
        ("lines: [{code: 97110, units: 2}, {code: L3808}]\nnote: {97110: 15, L3808: ''}", "UNIT-01",
         f"$22.21 too much: 1 unit of 97110 less ({NATIONAL}; not every code of the day has a fee)."),
        ("lines: [{code: 97110, units: 3}, {code: 97161}]\nnote: {97110: 15, 97161: 20}", "UNIT-01",
         "No amount: no Medicare fee of 97161 is on file for 2026-03-12."),
        ("lines: [{code: 97161, date: 2026-12-31}]\nnote: none", "DOC-01",
         "No amount: no Medicare fee of 97161 is on file for 2026-12-31."),
        ("lines: [{code: L3808}]\nnote: none", "DOC-01",
         "No amount: no Medicare fee of L3808 is on file for 2026-03-12."),
        ("lines: [{code: 97110, units: 2, date: 2020-01-06}]\n"
         "note: {services: {97110: 15}, service_date: 2020-01-06}", "UNIT-01",
         "No amount: no Medicare fee of 97110 is on file for 2020-01-06."),
        ("lines: [{code: 97110, units: 2, date: 2027-01-05}]\n"
         "note: {services: {97110: 15}, service_date: 2027-01-05}", "UNIT-01",
         "No amount: Medicare's fees are on file up to 2026-12-31 only."),
        (WORKED + "\nnote: none", "DOC-01",
         "$106.21 too much: with 1 unit of 97110 less, 2 units of 97530 less, 1 unit of 97535 less the day comes to "
         f"$0.00, not $106.21 ({NATIONAL})."),
        ("lines: [{code: 97110, payer: midpoint, units: 60}]\nnote: none\n" + FEES, "DOC-01",
         "$2,490.00 too much: with 60 units of 97110 less the day comes to $0.00, not $2,490.00 "
         "(the fees of midpoint)."),
    ],
)  # fmt: skip
def test_the_sentence_of_a_worth(case: str, rule: str, sentence: str) -> None:
    """35.07 + 25.05 = 60.12, of 97110 22.21 each. CO: 29.06 - 23.25 + 19.76 = 25.57; 35.07 + 25.05 + 23.88 = 84.00."""
    (one,) = found(case, rule)
    assert one["dollars_because"] == sentence
