"""Where a note's own values stand in its text: fourteen ways of writing a time, and what is no evidence."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from audit.passages import about, number_of, passages, rests_on_level

EMPTY = {"start_time": "", "end_time": "", "history_level": "", "performance_deficits": "", "decision_making": ""}


def service(code: str, minutes: int | None, assistant: int = 0) -> dict[str, Any]:
    therapist = None if minutes is None else minutes - assistant
    return {
        "service": code,
        "procedure_code": code,
        "minutes": minutes,
        "therapist_minutes": therapist,
        "assistant_minutes": assistant,
        "together_minutes": 0,
    }


def found(text: str, *services: dict[str, Any], **fields: str) -> list[tuple[str, list[str]]]:
    note = {**EMPTY, **fields, "text": text}
    return [(text[one.start : one.end], sorted(one.about)) for one in passages(note, services)]


@pytest.mark.parametrize(
    "text",
    ["TherEx 12 min, slides", "exercise (97110) 12 min", "TherEx x 12' slides", "twelve minutes of exercise",
     "12 minutes of it", "12-minute block", "[12 min] TherEx", "Twelve Minutes"],
)  # fmt: skip
def test_minutes_in_any_writing(text: str) -> None:
    assert [one[1] for one in found(text, service("97110", 12))] == [["97110"]]


def test_a_time_that_no_field_says_is_no_passage() -> None:
    assert found("Rested 11 min between sets; 12 reps.", service("97110", 12)) == []


@pytest.mark.parametrize(
    "text",
    ["Goals: dress in 12 minutes.", "P/ walk 12 min alone.", "Next: 12 min of grip.", "Plan: type for 12 minutes."],
)
def test_goals_and_plans_are_no_evidence(text: str) -> None:
    assert found(text, service("97110", 12)) == []
    assert found(f"Did 12 min of grip. {text}", service("97110", 12)) == [("12 min", ["97110"])]


def test_then_within_a_sentence_goes_on() -> None:
    said = found("Held ten minutes of grip, then twelve minutes of exercise.", service("97110", 12))
    assert said == [("twelve minutes", ["97110"])]


def test_equal_minutes_are_told_apart_by_the_code_or_shared() -> None:
    two = (service("97110", 12), service("97530", 12))
    assert found("exercise (97110) 12 min; tasks (97530) 12 min", *two) == [
        ("12 min", ["97110"]),
        ("12 min", ["97530"]),
    ]
    assert found("slides 12 min, tasks 12 min", *two) == [("12 min", ["97110", "97530"])] * 2


def test_a_persons_share_counts_for_the_service() -> None:
    said = found("By Mapes, COTA/L: 16 min of exercise.", service("97110", 34, assistant=16))
    assert said == [("16 min", ["97110"])]


@pytest.mark.parametrize(
    ("text", "about_it"),
    [
        ("TT 47' timed, 55' tx", [["timed"], ["treatment"]]),
        ("Timed 47 min, total 55 min", [["timed"], ["treatment"]]),
        ("Total timed 47 minutes. Total treatment 55 minutes.", [["timed"], ["treatment"]]),
        ("Timed/Total: 47/55 min", [["timed", "treatment"]]),
        ("47 timed / 55 total min", [["timed"], ["treatment"]]),
        ("Timed services took 47 minutes of 55 minutes in all", [["timed"], ["treatment"]]),
    ],
)
def test_totals_are_shown_whatever_the_fields_say(text: str, about_it: list[list[str]]) -> None:
    assert [one[1] for one in found(text)] == about_it


def test_clock_times() -> None:
    times = {"start_time": "09:15", "end_time": "10:05"}
    assert found("Seen 09:15 until 10:05 today, 11:00 call.", **times) == [("09:15 until 10:05", ["times"])]
    assert found("Seen 09:20 to 10:05.", **times) == []


def test_parts_of_an_evaluation() -> None:
    fields = {
        "history_level": "expanded",
        "decision_making": "moderate",
        "performance_deficits": "poor pinch; weak cuff",
    }
    said = found("Expanded review. Decision making of moderate complexity: poor pinch, cuff.", **fields)
    assert said == [
        ("Expanded", ["history"]),
        ("Decision making of moderate", ["decision"]),
        ("poor pinch", ["deficits"]),
    ]
    assert found("5 of 5 tasks.", performance_deficits="5") == []


def test_passages_never_overlap_and_come_in_order() -> None:
    text = "Timed/Total: 31/31 min (09:15-10:05). 31 min."
    marked = passages({**EMPTY, "text": text}, [service("97110", 31)])
    assert all(a.end <= b.start for a, b in pairwise(marked))


@pytest.mark.parametrize(("word", "number"), [("8", 8), ("eight", 8), ("thirty", 30), ("forty-five", 45)])
def test_numbers(word: str, number: int) -> None:
    assert number_of(word) == number


def test_what_a_finding_rests_on() -> None:
    assert about("UNIT-01", "97110")[0] == "timed"
    assert about("MOD-04", "97110")[0] == "97110"
    assert about("EVAL-01", "97165")[0] == "deficits"
    assert about("EVAL-03", "97165") == ["comorbidities", "assistance"]
    assert about("EVAL-06", "97165") == [], "a second evaluation is told by dates and plans"
    assert [rests_on_level(f"EVAL-0{n}") for n in range(1, 10)] == [n in (1, 2, 3, 5) for n in range(1, 10)]
    assert about("DOC-01", "97110") == []
