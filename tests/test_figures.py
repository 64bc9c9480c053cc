"""Figures of an audit in worked cases: which lines a verdict is about, how far an audit is, what is said of rates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from audit.estimates.ratios import Share
from audit.figures import accuracies, judging, results
from audit.figures.accuracies import Part
from audit.figures.drawn_lines import _named, drawn_lines
from audit.store.database import read
from tests.databases import filled
from tests.reviewing import drawn_of, review_all
from tests.stored import on_sqlite
from tests.test_accuracies import only_unit_01, two_payers
from tests.test_dossier import SEED, drawn

pytest_plugins = ["tests.databases", "tests.reviewing"]
LINES = pd.DataFrame({"line_number": [1, 2, 3], "procedure_code": ["97530", "97165", "97530"]})
audit_id = filled("audit_id", lambda engine: drawn_of(engine, two_payers(), 16, SEED), on="people")


@pytest.mark.parametrize(
    ("number", "code", "lines"),
    [
        (2, None, [2]),
        (2.0, "97530", [2]),
        (None, "97530", [1, 3]),
        (float("nan"), "97530", [1, 3]),
        (None, "97110", [1, 2, 3]),
        (float("nan"), None, [1, 2, 3]),
        (None, "", [1, 2, 3]),
    ],
)
def test_a_verdict_is_about_the_line_it_names_else_its_code_else_the_claim(number, code, lines):
    assert _named(LINES, number, code) == lines


@pytest.mark.parametrize(
    ("kind", "seeded", "reviewed", "says"),
    [
        ("simple", False, 0, "frozen, no seed yet"),
        ("simple", True, 0, "0 of 1,200 reviewed"),
        ("simple", True, 1200, "all reviewed"),
        ("flagged", False, 1, "1 of 1,200 reviewed"),
        ("flagged", False, 1200, "all reviewed"),
    ],
)
def test_how_far_an_audit_is(kind, seeded, reviewed, says):
    assert results._state({"kind": kind, "seeded": seeded, "reviewed": reviewed, "claims": 1200}) == says


def share(rate: float, lower: float | None, upper: float | None) -> Share:
    return Share(rate, lower, upper, 20, 2, 0.95)


def test_a_rate_in_words():
    assert accuracies.in_words(share(0.08, 0.05, 0.14)) == "about 8 in 100, reasonably 5 to 14"
    assert accuracies.in_words(share(0.08, 0.05, 0.14), of="codes") == "about 8 in 100 codes, reasonably 5 to 14"
    assert accuracies.in_words(share(0.5, 0.5, 0.5)) == "50 in 100: all of them were reviewed"
    for lower, upper in ((None, None), (None, 0.1), (0.0, None)):
        assert accuracies.in_words(share(0, lower, upper)) == "about 0 in 100; no interval is given from zeros"


def test_groups_in_words():
    few = {"group": "Few", "rate": None, "says": accuracies.TOO_FEW}
    low = {"group": "Low", "rate": 0.1, "says": "about 10 in 100"}
    high = {"group": "High", "rate": 0.2, "says": "about 20 in 100"}
    none = accuracies.groups_in_words(pd.DataFrame([few]), "claim")
    assert none == "Too few reviews to tell of any: 10 reviewed claims and more are needed for each."
    chance = "Ranges that overlap may differ by chance alone."
    all_told = accuracies.groups_in_words(pd.DataFrame([low, high]), "claim")
    assert all_told == f"Highest: High, about 20 in 100 claims. {chance}"
    two_untold = accuracies.groups_in_words(pd.DataFrame([low, few, high, few]), "code")
    assert two_untold == f"Highest: High, about 20 in 100 codes. Of 2 more, the reviews are too few to tell. {chance}"


def audit_as(kind: str, size: int = 8) -> Any:
    plan = SimpleNamespace(confidence=0.9)
    return SimpleNamespace(kind=kind, plan=plan, frame=SimpleNamespace(size=size))


def test_all_claims_reviewed_and_none_in_error_clears_a_discovery_sample():
    strata = pd.DataFrame({"drawn": [5], "reviewed": [5], "in_error": [0]})
    assert judging.discovered(audit_as("discovery"), strata) == "within"
    assert judging.discovered(audit_as("simple"), strata) == "unknown"
    for changed in ({"reviewed": [4]}, {"in_error": [1]}, {"drawn": [0], "reviewed": [0]}):
        assert judging.discovered(audit_as("discovery"), strata.assign(**changed)) == "unknown"


def test_dollars_are_projected_from_two_claims_or_from_all():
    def claims(n: int, **changed: Any) -> pd.DataFrame:
        one = {"reviewed": True, "over": 3.0, "under": 0.0, "unpriced": False}
        return pd.DataFrame([{"claim_id": f"C{place}", **one, **changed} for place in range(n)])

    assert judging.dollars_of(audit_as("compliance"), claims(1)) is None
    assert judging.dollars_of(audit_as("compliance"), claims(0)) is None
    assert judging.dollars_of(audit_as("compliance"), claims(2, reviewed=False)) is None
    assert judging.dollars_of(audit_as("simple"), claims(2)) is None
    assert judging.dollars_of(audit_as("compliance"), claims(2)).over.total == pytest.approx(24)
    assert judging.dollars_of(audit_as("compliance", size=1), claims(1)).over.total == pytest.approx(3)
    mixed = claims(4).assign(over=[0.0, 2.0, 5.0, 1.0])
    told = judging.dollars_of(audit_as("compliance", size=40), mixed)
    assert told.recovery.lower > told.over.lower, "one side only"


def test_every_stratum_reviewed_whole_frame_or_not():
    """Of a plain sample each stratum counts with its size, once something of each was reviewed."""
    strata = pd.DataFrame({"frame_size": [90, 10], "drawn": [9, 1], "reviewed": [9, 1], "in_error": [0, 1]})
    assert judging.estimate_of(audit_as("simple"), strata).rate == pytest.approx(0.1)
    one_alone = strata.assign(frame_size=[50, 50])
    assert judging.estimate_of(audit_as("simple"), one_alone).rate == pytest.approx(0.5)
    uneven = strata.assign(drawn=[5, 5], reviewed=[5, 5], in_error=[0, 5])
    assert judging.estimate_of(audit_as("simple"), uneven).rate == pytest.approx(0.1)
    lacking = strata.assign(drawn=[10, 0], reviewed=[10, 0], in_error=[1, 0])
    assert judging.estimate_of(audit_as("simple"), lacking).rate == pytest.approx(0.1)
    assert judging.estimate_of(audit_as("compliance"), uneven).rate == pytest.approx(0.5)
    assert judging.estimate_of(audit_as("simple"), strata.assign(reviewed=[8, 1])) is None


@pytest.mark.parametrize(
    ("kind", "strata"), [("flagged", {"flagged": [2, 1, 1, 0]}),
                         ("watched", {"flagged": [2, 1, 1, 0], "unflagged": [3, 0, 0, 0]})],
)  # fmt: skip
def test_strata_with_their_sizes_also_where_nothing_is_drawn(kind, strata):
    audit = SimpleNamespace(kind=kind, plan=None, frame=SimpleNamespace(sizes={"flagged": 2, "unflagged": 3}))
    claims = pd.DataFrame({"claim_id": ["C1"], "stratum": ["flagged"], "reviewed": [True], "in_error": [False]})
    found = judging.strata_of(audit, claims).set_index("stratum")
    assert found.T.to_dict("list") == strata


def test_the_newest_drawn_sample_is_opened_first():
    audits = pd.DataFrame({"id": [7, 6, 5], "seeded": [False, True, True]})
    assert results.first_to_show(audits) == 6
    assert results.first_to_show(audits[:1]) == 7
    assert results.first_to_show(audits[:0]) is None


@on_sqlite
def test_groups_of_enough_claims_have_the_rate_of_the_part(
    engine: Engine, people: dict[str, int], audit_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracies, "ENOUGH", 2)
    only_unit_01(engine, audit_id, people["rita"])
    now = results.results(engine, audit_id)
    lines = drawn_lines(engine, now)
    found = accuracies.groups(now, lines, Part(), "payer", "claim").set_index("group")
    for payer in ("Acme", "Medicare Part B"):
        part = accuracies.accuracy(now, lines, Part(payer=payer), "claim")
        assert found.loc[payer, ["rate", "lower", "upper"]].tolist() == [part.rate, part.lower, part.upper]
        assert found.loc[payer, "says"] == accuracies.in_words(part, now.limit)
    rules = accuracies.groups(now, lines, Part(), "rule", "claim").set_index("group")
    upheld = {rule for rules in lines["rules"] for rule in rules.split(accuracies.PARTED) if rule}
    assert rules.index.tolist() == sorted(upheld)
    assert rules["in_error"].tolist() == [
        accuracies.accuracy(now, lines, Part(rule=rule), "claim").in_error for rule in sorted(upheld)
    ]


@on_sqlite
def test_the_claims_behind_a_rate_come_with_their_rules(engine: Engine, people: dict[str, int], audit_id: int) -> None:
    review_all(engine, drawn(engine, audit_id), people["rita"])
    now = results.results(engine, audit_id)
    assert now.complete is True
    lines = drawn_lines(engine, now)
    found = accuracies.behind(now, lines, Part())
    assert found["claim_version_id"].tolist() == now.claims.loc[now.claims["in_error"], "claim_version_id"].tolist()
    for one in found.itertuples():
        listed = lines.loc[lines["claim_version_id"] == one.claim_version_id, "rules"]
        rules = {rule for said in listed for rule in said.split(accuracies.PARTED) if rule}
        assert one.rules == ", ".join(sorted(rules)) != ""


@on_sqlite
def test_a_part_takes_in_its_first_day_and_its_last(engine: Engine, audit_id: int) -> None:
    lines = drawn_lines(engine, results.results(engine, audit_id))
    assert set(lines["discipline"]) == {"OT"}
    days = sorted(pd.to_datetime(lines["service_date"]).dt.date.unique())
    first, last = days[1], days[-2]
    part = accuracies.inside(lines, Part(since=first, until=last))
    kept = pd.to_datetime(lines["service_date"]).dt.date.between(first, last)
    assert part["inside"].tolist() == kept.tolist()
    assert 0 < kept.sum() < len(lines)
    nothing = accuracies.inside(lines, Part(since=last + timedelta(days=9)))
    assert not nothing["inside"].any()


@on_sqlite
def test_what_became_of_each_rules_findings(engine: Engine, people: dict[str, int], audit_id: int) -> None:
    """Some agreed with, some dismissed, some open; what could not be tested is no finding."""
    only_unit_01(engine, audit_id, people["rita"])
    with read(engine) as connection:
        rows = connection.execute(text(
            "SELECT f.id, f.rule, f.severity, d.kind FROM findings f "
            "JOIN audit_claims a ON a.claim_version_id = f.claim_version_id "
            "LEFT JOIN decisions d ON d.finding_id = f.id"
        )).all()  # fmt: skip
    words = {"agree": "upheld", "dismiss": "dismissed", None: "open"}
    count = Counter((rule, words[kind]) for _, rule, severity, kind in rows if severity != "untestable")
    found = results.results(engine, audit_id).by_rule
    told = {(one["rule"], name): one[name] for one in found.to_dict("records") for name in words.values()}
    assert {key: number for key, number in told.items() if number} == dict(count)
    assert (found["found"] == found[["upheld", "dismissed", "open"]].sum(axis=1)).all()
    assert found["found"].tolist() == sorted(found["found"], reverse=True)
    assert found["found"].nunique() > 1


@on_sqlite
def test_what_an_audit_asks_and_says_while_it_is_under_way(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    review_all(engine, drawn(engine, audit_id)[:3], people["rita"])
    now = results.results(engine, audit_id)
    assert now.complete is False
    assert results.overview(engine)[["reviewed", "state"]].to_numpy().tolist() == [[3, "3 of 16 reviewed"]]
    assert now.sentence == "3 of 16 drawn claims are reviewed. The rate is given when all of them are, not before."
    waiting = replace(now, audit=replace(now.audit, seed=""))
    assert waiting.sentence == "No claim is drawn yet: the plan is frozen and waits for its seed."
    screening = replace(now, audit=replace(now.audit, plan=None))
    assert screening.question == "What did reviewers find on the flagged claims?"
    assert screening.sentence.startswith("3 of 16 flagged claims are reviewed, ")
    assert now.question.startswith("Is our claim error rate under ")
    dollars = replace(now, audit=replace(now.audit, kind="dollars"))
    assert dollars.sentence.endswith("The dollars are given when all of them are, not before.")
    assert now.in_dollars.empty
