"""Units: the regulation's own examples, then properties that hold for any day."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import CountersignError
from audit.units import (
    COGNITIVE_SERVICE,
    assistant_modifier_untimed,
    assistant_units,
    midpoint_units,
    supported_units,
    total_units,
)

SHARED = Path(__file__).parents[2] / "shared" / "examples"
CODES = ["97530", "97535", "97110", "97112", "97140", "97763"]
days = st.dictionaries(st.sampled_from(CODES), st.integers(0, 90), min_size=1)


def examples(name: str) -> list[dict[str, str]]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the shared examples were NOT run")
    return list(csv.DictReader(path.open(encoding="utf-8")))


def pairs(text: str) -> dict[str, int]:
    return {} if text == "none" else {p.split(":")[0]: int(p.split(":")[1]) for p in text.split(";")}


def test_shared_unit_examples():
    for row in examples("unit_examples.csv"):
        method = {"CMS": "total", "AMA": "midpoint"}[row["method"]]
        allowed = supported_units(pairs(row["timed_minutes"]), method)
        assert pairs(row["expected_allocation"]) in allowed, row["example_id"]
        assert {sum(a.values()) for a in allowed} == {int(row["expected_total_units"])}, row["example_id"]
        assert (len(allowed) > 1) == row["tie_note"].startswith("tie"), row["example_id"]


def test_shared_assistant_examples():
    for row in examples("co_examples.csv"):
        if row["kind"] == "timed":
            minutes = {}
            for part in row["minutes"].split(";"):
                code, shares = part.split(":")
                minutes[code] = tuple(int(s.split("=")[1]) for s in shares.split("|"))
            wanted = {}
            for part in row["expected"].split("; "):
                code, said = part.split(": ")
                wanted[code] = tuple(int(s.split()[1]) for s in said.split(", "))
            assert assistant_units(minutes) == wanted, row["example_id"]
        else:
            share, total = row["minutes"].split(":OTA=")[1].split(" of total=")
            answers = list(assistant_modifier_untimed(int(share), int(total)).values())
            wanted_answers = [": CO" in said for said in row["expected"].split("; ")]
            assert answers == wanted_answers, row["example_id"]


@pytest.mark.parametrize(
    ("minutes", "units"), [(7, 0), (8, 1), (22, 1), (23, 2), (37, 2), (38, 3), (52, 3), (53, 4), (127, 8)]
)
def test_the_table_of_total_minutes(minutes, units):
    assert total_units(minutes) == units


@pytest.mark.parametrize(("minutes", "base", "units"), [(7, 15, 0), (8, 15, 1), (30, 60, 0), (31, 60, 1), (16, 30, 1)])
def test_the_midpoint(minutes, base, units):
    assert midpoint_units(minutes, base) == units


def test_both_methods_differ_in_both_directions():
    assert supported_units({"97530": 8, "97535": 8}, "total") == [{"97530": 1}, {"97535": 1}]
    assert supported_units({"97530": 8, "97535": 8}, "midpoint") == [{"97530": 1, "97535": 1}]
    assert supported_units({"97530": 33, "97535": 7}, "total") == [{"97530": 2, "97535": 1}]
    assert supported_units({"97530": 33, "97535": 7}, "midpoint") == [{"97530": 2}]


def test_small_services_pool_into_one_unit():
    assert supported_units({"97530": 4, "97535": 4}, "total") == [{"97530": 1}, {"97535": 1}]
    assert supported_units({"97530": 5, "97535": 4}, "total") == [{"97530": 1}]


def test_cognitive_codes_are_one_service():
    assert supported_units({"97129": 15, "97130": 23}, "total") == [{"97129": 1, "97130": 2}]
    assert supported_units({"97129": 15, "97130": 23, "97530": 7}, "total") == [{"97129": 1, "97130": 2}]
    assert supported_units({COGNITIVE_SERVICE: 38}, "midpoint") == [{COGNITIVE_SERVICE: 3}]
    assert assistant_units({"97129": (15, 0, 0), "97130": (0, 15, 0)}) == {"97129": (1, 0), "97130": (0, 1)}


def test_the_first_unit_of_97129_is_whose_minutes_it_has():
    assert assistant_units({"97130": (30, 15, 0)}) == {"97129": (1, 0), "97130": (1, 1)}  # nobody's: the therapist's
    assert assistant_units({"97129": (4, 4, 4), "97130": (0, 15, 0)}) == {"97129": (1, 0), "97130": (0, 1)}
    assert assistant_units({"97129": (3, 4, 4), "97130": (1, 15, 0)}) == {"97129": (0, 1), "97130": (1, 0)}


def test_whole_units_of_the_assistant_leave_nothing_for_the_last_unit():
    """4 minutes of a therapist and 15 of an assistant, allotted two units: one each."""
    assert assistant_units({"97530": (4, 15, 0), "97110": (4, 0, 0)}) == {"97530": (1, 1), "97110": (0, 0)}


def test_nothing_documented_supports_nothing():
    assert supported_units({}, "total") == [{}]
    assert assistant_units({}) == {}


def test_bad_input_is_refused():
    with pytest.raises(CountersignError, match="negative"):
        supported_units({"97530": -1}, "total")
    with pytest.raises(CountersignError, match="no unit method"):
        supported_units({"97530": 8}, "eight")  # type: ignore[arg-type]
    with pytest.raises(CountersignError, match="cannot be"):
        assistant_modifier_untimed(5, 4)
    with pytest.raises(CountersignError, match="negative"):
        assistant_units({"97530": (20, -5, 0)})
    with pytest.raises(CountersignError, match="negative"):
        assistant_units({"97530": (20, 0, -5)})
    with pytest.raises(CountersignError, match="cannot be"):
        assistant_modifier_untimed(0, 0)


def test_an_untimed_service_of_one_person_alone_is_sure():
    assert set(assistant_modifier_untimed(0, 20).values()) == {False}
    assert set(assistant_modifier_untimed(1, 1).values()) == {True}


@given(days)
def test_every_allocation_sums_to_the_days_units(minutes):
    for allocation in supported_units(minutes, "total"):
        assert sum(allocation.values()) == total_units(sum(minutes.values()))
        for code, m in minutes.items():
            assert m // 15 <= allocation.get(code, 0) <= m // 15 + 1


@given(days)
def test_no_allocation_is_missing(minutes):
    """Against brute force: exactly the ways that give each remainder unit to a largest remainder."""
    whole = sum(m // 15 for m in minutes.values())
    left = total_units(sum(minutes.values())) - whole
    seen = {tuple(sorted(a.items())) for a in supported_units(minutes, "total")}
    assert len(seen) == len(supported_units(minutes, "total"))
    for allocation in map(dict, seen):
        won = [c for c, m in minutes.items() if allocation.get(c, 0) > m // 15]
        lost = [c for c in minutes if c not in won]
        assert len(won) == left
        assert not lost or not won or min(minutes[c] % 15 for c in won) >= max(minutes[c] % 15 for c in lost)


@given(days, st.sampled_from(CODES), st.sampled_from(["total", "midpoint"]))
def test_one_more_minute_never_lowers_the_units(minutes, code, method):
    more = {**minutes, code: minutes.get(code, 0) + 1}
    before, after = (sum(supported_units(m, method)[0].values()) for m in (minutes, more))
    assert after >= before


@given(st.dictionaries(st.sampled_from(CODES), st.tuples(*[st.integers(0, 60)] * 3), min_size=1))
def test_assistant_units_add_up_and_need_an_assistant(minutes):
    split = assistant_units(minutes)
    assert sum(map(sum, split.values())) == total_units(sum(map(sum, minutes.values())))
    for code, (plain, co) in split.items():
        therapist, assistant, together = minutes[code]
        assert plain >= (therapist + together) // 15
        assert co >= assistant // 15
        assert assistant or co == 0
        assert therapist + together or plain == 0


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_more_therapist_minutes_in_place_of_the_assistants_never_raise_co(therapist, assistant, shift):
    shift = min(shift, assistant)
    before = assistant_units({"97530": (therapist, assistant, 0)})["97530"][1]
    after = assistant_units({"97530": (therapist + shift, assistant - shift, 0)})["97530"][1]
    assert after <= before
