"""Each figure of the feedback worked out a second way: plain Python over the rows that were loaded."""

from __future__ import annotations

from datetime import date, timedelta
from math import hypot
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binomtest
from sqlalchemy import Engine

from audit.errors import AccessError, StateError
from audit.feedback import education, items, patterns, practice, talk
from audit.feedback.direction import direction
from tests.answering import add_therapists, give_back
from tests.databases import filled
from tests.reviewing import (
    NPI,
    load,
    open_audit,
    people_of,
    review_claim,
    sign_off,
    take,
    versions,
    visit,
    who,
)  # fmt: skip
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
TAUGHT = date(2026, 4, 1)
DAYS = [date(2026, 3, 2) + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 11, 14, 18, 21, 25)]
LATER = [date(2026, 4, 6) + timedelta(days=n) for n in range(12)]
WRONG = {one for one in DAYS if one.weekday() == 4} | {DAYS[0], LATER[0]}
"""Every Friday of March, one Monday, and one day after it was taught."""
VISITS = {f"V{n:02}": (day, 3 if day in WRONG else 2) for n, day in enumerate([*DAYS, *LATER])}


def reviewed(engine: Engine) -> dict[str, int]:
    """Twenty-four claims of 30 minutes; those of WRONG bill three units. All are reviewed to the end."""
    add_therapists(engine)
    load(engine, *[visit(name, f"{day}", units, 30, patient=name) for name, (day, units) in VISITS.items()])
    people = people_of(engine)
    open_audit(engine, people)
    for name, claim in versions(engine).items():
        review_claim(engine, claim, people["rita"])
        if VISITS[name][1] == 3:
            give_back(engine, claim, people["sam"])
        else:
            take(engine, claim, people["sam"])
            sign_off.approve(engine, claim, **who(people["sam"]))
    return people_of(engine)


finished = filled("finished", reviewed, on="people")


def feedback(engine: Engine, people: dict[str, int]) -> items.Feedback:
    return items.of_therapist(engine, NPI, viewer=people["thea"], at=NOW)


@on_sqlite
def test_patterns_and_what_went_well(engine: Engine, finished: dict[str, int]) -> None:
    now = feedback(engine, finished)
    units = next(one for one in patterns.patterns(now) if one.rule == "UNIT-01")
    fridays = sum(day.weekday() == 4 for day in WRONG)
    every = sum(day.weekday() == 4 for day, _ in VISITS.values())
    assert (units.claims, units.reviewed, units.codes) == (len(WRONG), len(VISITS), ("97530",))
    assert units.days == f"{fridays} of the {len(WRONG)} on Fridays, when {every} of the {len(VISITS)} were"
    assert f"on {len(WRONG)} of {len(VISITS)} reviewed claims" in units.sentence
    right = {one.family: (one.right, one.reviewed) for one in patterns.went_well(now)}
    assert right["units"] == (len(VISITS) - len(WRONG), len(VISITS))
    assert patterns.by_direction(now)["over"] == len(WRONG)
    assert patterns.example_of(units, now)["service_date"] == max(WRONG)


@on_sqlite
def test_minutes_to_a_unit(engine: Engine, finished: dict[str, int]) -> None:
    found = practice.practice(engine, NPI, viewer=finished["thea"])
    units = sum(units for _, units in VISITS.values())
    row = found.minutes.to_dict("records")[0]
    assert (row["units"], row["minutes"]) == (units, 30 * len(VISITS))
    assert row["each"] == pytest.approx(30 * len(VISITS) / units)
    assert found.levels.empty
    with pytest.raises(AccessError):
        practice.practice(engine, NPI, viewer=finished["cora"])


@on_sqlite
def test_whether_teaching_worked(engine: Engine, finished: dict[str, int]) -> None:
    said = {"rule": "UNIT-01", "text": "Eight minutes make a unit.", "taught_on": TAUGHT}
    by: dict[str, Any] = {"account_id": finished["dora"], "at": NOW}
    made = education.teach(engine, NPI, **said, **by)
    given = education.given(engine, NPI, viewer=finished["thea"])
    now = education.effects(engine, NPI, given, viewer=finished["thea"])[made]
    counts = [(sum(day in WRONG for day in side), len(side)) for side in (DAYS, LATER)]
    assert list(zip(now.wrong, now.reviewed, strict=True)) == counts
    (p1, l1, u1), (p2, l2, u2) = ((k / n, *binomtest(k, n).proportion_ci(method="exact")) for k, n in counts)
    change = p2 - p1
    by_hand = (change, change - hypot(p2 - l2, u1 - p1), change + hypot(u2 - p2, p1 - l1))
    assert now.change == pytest.approx(by_hand)
    assert now.flagged == (counts[0], counts[1])
    assert "flags of a rule on all claims, not errors" in now.screened
    assert now.sentence.startswith("Not to be told from chance" if by_hand[2] >= 0 else "It fell by more than chance")


def test_too_few_claims_tell_nothing() -> None:
    rows = pd.DataFrame({"service_date": [*DAYS[:4], *LATER], "weight": 1.0, "wrong": [True] * 4 + [False] * 12})
    few = education.effect(rows, TAUGHT, ((0, 0), (0, 0)))
    assert few.change is None
    assert "too few to tell" in few.sentence


def test_weights_of_the_design_count() -> None:
    """Flagged claims, drawn one in one, beside unflagged ones, drawn one in nine."""
    rows = pd.DataFrame({"service_date": [*DAYS, *LATER], "weight": ([1.0] * 6 + [9.0] * 6) * 2,
                         "wrong": ([True] * 6 + [False] * 6) + [False] * 12})  # fmt: skip
    now = education.effect(rows, TAUGHT, ((0, 0), (0, 0)))
    assert now.before is not None
    assert now.before.rate == pytest.approx(6 / 60)
    assert now.wrong == (6, 0)
    size = 60**2 / (6 * 1 + 6 * 81)
    wide = binomtest(round(size / 10), round(size)).proportion_ci(method="exact")
    assert now.before.upper == pytest.approx(wide.high, abs=0.12), "no narrower than a plain sample of that size"


@on_sqlite
def test_who_teaches_and_what_is_refused(engine: Engine, finished: dict[str, int]) -> None:
    said: dict[str, Any] = {"rule": "UNIT-01", "text": "x", "taught_on": TAUGHT, "at": NOW}
    for name in ("thea", "rita", "sam", "ada", "lucy"):
        with pytest.raises(AccessError):
            education.teach(engine, NPI, **said, account_id=finished[name])
    for wrong in ({"text": " "}, {"rule": "UNIT-99"}, {"taught_on": NOW.date() + timedelta(days=1)}):
        with pytest.raises(StateError):
            education.teach(engine, NPI, **{**said, **wrong}, account_id=finished["dora"])


@on_sqlite
def test_whom_to_talk_to_and_why(engine: Engine, finished: dict[str, int]) -> None:
    first = talk.to_talk_to(engine, viewer=finished["dora"])
    assert [(one.npi, f"on {len(WRONG)} reviewed claims, nothing taught" in one.why) for one in first] == [(NPI, True)]
    due = talk.answers_due(engine, viewer=finished["dora"], at=NOW)
    assert (due.waiting, due.overdue) == (len(feedback(engine, finished).items), 0)
    late = talk.answers_due(engine, viewer=finished["dora"], at=NOW + timedelta(days=15))
    assert late.overdue == due.waiting
    said = {"rule": "UNIT-01", "text": "x", "taught_on": max(WRONG), "account_id": finished["dora"], "at": NOW}
    education.teach(engine, NPI, **said)
    assert not any("More timed units" in one.why for one in talk.to_talk_to(engine, viewer=finished["dora"]))
    for name in ("thea", "rita"):
        with pytest.raises(AccessError):
            talk.to_talk_to(engine, viewer=finished[name])


@pytest.mark.parametrize(
    ("change", "way"),
    [
        ("97530 -1", "over"),
        ("97530 +1", "under"),
        ("97530 -1; 97110 +1", ""),
        ("97167 -1; 97166 +1", "over"),
        ("97165 -1; 97166 +1", "under"),
        ("97530 CO +2", "over"),
        ("97530 CO -1", "under"),
        ("", ""),
    ],
)
def test_which_way_a_change_points(change: str, way: str) -> None:
    assert direction(change) == way
