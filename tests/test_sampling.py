"""Sampling: the draw can be repeated by a stranger, and nothing in it can be moved afterwards."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from math import ceil, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import CountersignError, InputError, StateError
from audit.sampling import (
    FLAGGED,
    UNFLAGGED,
    Frame,
    Plan,
    SavedFrame,
    allocate,
    check_seed,
    compliance_plan,
    dollars_plan,
    draw,
    draw_sample,
    each_plan,
    flag_plan,
    freeze,
    new_seed,
    simple_plan,
    watched_plan,
)
from audit.sampling.planning import PlannedStratum

SHARED = Path(__file__).parents[2] / "shared" / "examples" / "statistics_examples.csv"
SEED = "31415926535897932384"
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
ids = st.lists(names, unique=True, min_size=1, max_size=30)
amounts = st.one_of(st.just(""), st.decimals(-9999, 99999, places=2).map(str))
frame_rows = st.lists(
    st.tuples(names, names | st.just(""), amounts, st.sampled_from(["", "", "paid twice, void"])),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[0],
).filter(lambda rows: any(not row[3] for row in rows))


def clinic(flagged: int, unflagged: int, excluded: int = 0) -> Frame:
    """A frame of so many claims, with excluded ones in either stratum."""
    rows = [(f"F{i}", FLAGGED, "120.00", "") for i in range(flagged)]
    rows += [(f"U{i}", UNFLAGGED, "80.00", "") for i in range(unflagged)]
    rows += [(f"X{i}", (FLAGGED, UNFLAGGED)[i % 2], "", "under appeal") for i in range(excluded)]
    return freeze(rows)


def test_shared_draws():
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not here: the shared examples were NOT run")
    rows = [r for r in csv.DictReader(SHARED.open(encoding="utf-8")) if r["method"] == "sha256_order"]
    assert rows
    for row in rows:
        given_, wanted = json.loads(row["inputs"]), json.loads(row["outputs"])
        assert draw(given_["ids"], given_["n"], given_["seed"]) == wanted["selected_in_order"], row["id"]


def test_the_draw_of_six_letters():
    assert draw("ABCDEF", 3, "seed2") == ["E", "C", "F"]
    assert draw(["0012"], 1, SEED) == ["0012"]
    assert draw([], 0, SEED) == []


def test_the_draw_is_the_published_rule():
    claim_ids = [f"claim {i}" for i in range(50)] + ["é", "02", "2"]
    key = {i: hashlib.sha256(SEED.encode() + b"," + i.encode("utf-8")).hexdigest() for i in claim_ids}
    assert draw(claim_ids, 53, SEED) == sorted(claim_ids, key=key.__getitem__)


def test_ties_are_broken_by_id(monkeypatch):
    monkeypatch.setattr("audit.sampling.drawing.sha256", lambda text: "0")
    assert draw("CAB", 3, SEED) == ["A", "B", "C"]


def test_a_draw_that_cannot_be_is_refused():
    with pytest.raises(CountersignError, match="2 claim ids are in the list to draw from more than once"):
        draw(["A", "B", "A", "C", "B"], 1, SEED)
    with pytest.raises(CountersignError, match="4 claims cannot be drawn from 3"):
        draw("ABC", 4, SEED)
    with pytest.raises(CountersignError, match="-1 claims cannot be drawn"):
        draw("ABC", -1, SEED)


@settings(deadline=None)
@given(ids, st.data())
def test_a_smaller_draw_begins_a_larger_one_in_any_order_of_input(claim_ids, data):
    fewer, more = sorted(data.draw(st.tuples(*[st.integers(0, len(claim_ids))] * 2)))
    shuffled = data.draw(st.permutations(claim_ids))
    assert draw(shuffled, more, SEED)[:fewer] == draw(claim_ids, fewer, SEED)
    assert sorted(draw(claim_ids, len(claim_ids), SEED)) == sorted(claim_ids)


def test_every_claim_is_as_likely_as_another():
    """2 of 5 claims under 2,000 seeds: each about 800 times (4.6 standard errors is 100)."""
    drawn = Counter(i for seed in range(2000) for i in draw("ABCDE", 2, str(seed)))
    assert all(700 < drawn[i] < 900 for i in "ABCDE")


def test_the_canonical_frame():
    frame = freeze(
        [
            ("b", "flagged", "1e3", ""),
            ("É", "unflagged", Decimal("-0"), ""),
            ('a,"1"', "unflagged", " 12.5 ", "void"),
            ("02", "flagged", "", ""),
        ]
    )
    text = (
        "claim_id,stratum,amount,excluded\n"
        "02,flagged,,\n"
        '"a,""1""",unflagged,12.50,void\n'
        "b,flagged,1000.00,\n"
        "É,unflagged,0.00,\n"
    )
    assert frame.to_csv() == text
    assert frame.sha256 == hashlib.sha256(text.encode("utf-8")).hexdigest()
    assert frame.eligible == {"flagged": ("02", "b"), "unflagged": ("É",)}
    assert frame.size == 3
    assert [row.amount for row in frame.rows] == ["", "12.50", "1000.00", "0.00"]


def test_byte_order_not_the_order_of_utf_16():
    rows = [(i, "s", "", "") for i in ("\U0001f600", "\uff5e", "z")]
    assert [row.claim_id for row in freeze(rows).rows] == ["z", "\uff5e", "\U0001f600"]


@settings(deadline=None)
@given(frame_rows, st.randoms())
def test_the_frame_comes_back_from_its_csv_and_ignores_the_order_of_rows(rows, chance):
    frame = freeze(rows)
    chance.shuffle(rows)
    again = Frame.from_csv(frame.to_csv())
    assert again == frame == freeze(rows)
    assert again.to_csv() == frame.to_csv()
    assert again.sha256 == freeze(rows).sha256


def test_a_frame_saved_by_another_program_is_the_same_frame(tmp_path):
    frame = clinic(3, 5, excluded=2)
    file = tmp_path / "frame.csv"
    file.write_bytes(b"\xef\xbb\xbf" + frame.to_csv().replace("\n", "\r\n").encode())
    assert Frame.from_csv(file.read_bytes().decode()).sha256 == frame.sha256


@pytest.mark.parametrize(
    ("change", "with_"),
    [
        ("F1,", "F01,"),
        ("120.00", "120.01"),
        ("unflagged", "flagged"),
        ("under appeal", ""),
        ("U4,unflagged,80.00,\n", ""),
    ],
)
def test_any_change_of_the_frame_changes_its_hash(change, with_):
    frame = clinic(3, 5, excluded=1)
    assert Frame.from_csv(frame.to_csv().replace(change, with_, 1)).sha256 != frame.sha256


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("A", "s", "", ""), ("A", "t", "", "")], "1 claim id is in the frame more than once"),
        ([], "no claim of the frame may be drawn"),
        ([("A", "s", "", "void")], "no claim of the frame may be drawn"),
        ([("A", "s", "", ""), ("", "s", "", "")], "row 3: the claim id is empty"),
        ([("A\nB", "s", "", "")], "row 2: a text holds a line break"),
        ([("A", "s", "", "gone\r")], "row 2: a text holds a line break"),
        ([("A\ud800", "s", "", "")], "control character"),
        ([("A", "s", "12.345", "")], "not a number of dollars and cents"),
        ([("A", "s", "twelve", "")], "not a number of dollars and cents"),
        ([("A", "s", "NaN", "")], "not a number of dollars and cents"),
        ([("A", "s", "Infinity", "")], "not a number of dollars and cents"),
    ],
)
def test_a_frame_that_cannot_be_is_refused(rows, wrong):
    with pytest.raises(CountersignError, match=wrong) as refused:
        freeze(rows)
    assert "twelve" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "row 1: the header is not claim_id,stratum,amount,excluded"),
        ("claim_id,amount\nA,1\n", "the header is not"),
        ("claim_id,stratum,amount,excluded\nA,s,1.00,\nB,s\n", "row 3: 2 columns instead of 4"),
        ('claim_id,stratum,amount,excluded\n"A,s,1.00,\n', "not CSV"),
    ],
)
def test_a_text_that_is_no_frame_is_refused(text, wrong):
    with pytest.raises(InputError, match=wrong):
        Frame.from_csv(text)


def test_a_simple_plan_in_words_and_its_hash():
    plan = simple_plan(clinic(40, 1960), 100, tolerable_rate=0.07)
    assert plan.description == (
        "Review 100 of 2,000 claims drawn at random, all of them, then give the error rate with a 95 % "
        "interval beside the limit of 7 %."
    )
    assert plan.plan_sha256 == hashlib.sha256(plan.to_json().encode()).hexdigest()
    assert json.loads(plan.to_json())["strata"] == [["all", 2000, 100]]
    assert " " not in plan.to_json().split('"method"')[0]


def test_the_text_that_a_plans_hash_is_taken_of():
    """A stranger writes it anew: keys in order, no spaces, letters as they are."""
    plan = Plan("each", (PlannedStratum("Müller", 3, 2),), 0.95, 0.05, "ab", "MOVER", "at the end")
    assert plan.to_json() == (
        '{"confidence":0.95,"frame_sha256":"ab","kind":"each","method":"MOVER","shares":[],"stop_rule":"at the end",'
        '"strata":[["Müller",3,2]],"tolerable_rate":0.05}'
    )


def test_what_a_plan_says_where_nothing_else_is_asked():
    frame = clinic(12, 1960)
    plans = [make(frame, 100) for make in (simple_plan, flag_plan, compliance_plan, dollars_plan, watched_plan)]
    assert {plan.tolerable_rate for plan in [*plans, each_plan(frame)]} == {0.05}
    assert [one.n for one in each_plan(frame).strata] == [10, 10]
    assert compliance_plan(frame, 100).confidence == 0.90


def test_a_flag_plan_in_words():
    plan = flag_plan(clinic(2200, 17800), 100)
    assert [(p.stratum, p.frame_size, p.n) for p in plan.strata] == [(FLAGGED, 2200, 31), (UNFLAGGED, 17800, 69)]
    assert plan.n == 100
    assert "100 of 20,000" in plan.description
    assert "(31 of the 2,200 flagged and 69 of the 17,800 unflagged)" in plan.description


@pytest.mark.parametrize("make", [simple_plan, flag_plan])
def test_a_plan_comes_back_from_its_json_and_any_change_shows(make):
    plan = make(clinic(30, 70), 40)
    assert Plan.from_json(plan.to_json()) == plan
    changes = [{"confidence": 0.9}, {"tolerable_rate": 0.1}, {"frame_sha256": "0"}, {"stop_rule": "when it suits"}]
    changes += [{"strata": plan.strata[:0]}, {"kind": "other"}, {"method": "the narrowest"}]
    hashes = {plan.plan_sha256, *(replace(plan, **change).plan_sha256 for change in changes)}
    assert len(hashes) == 1 + len(changes)
    for text in ("", "[]", "{}", '{"strata": 3}', plan.to_json().replace("kind", "sort")):
        with pytest.raises(InputError, match="not a saved plan"):
            Plan.from_json(text)


def test_last_periods_rates_move_the_allocation():
    frame = clinic(2000, 8000)
    usual = {p.stratum: p.n for p in flag_plan(frame, 200).strata}
    assert usual == {FLAGGED: 94, UNFLAGGED: 106}
    moved = {p.stratum: p.n for p in flag_plan(frame, 200, planning_rates={UNFLAGGED: 0.2}).strata}
    assert moved == {FLAGGED: 50, UNFLAGGED: 150}  # a quarter at least: Neyman alone gives 48
    assert flag_plan(frame, 200, planning_rates={UNFLAGGED: 1e-9}) == flag_plan(
        frame, 200, planning_rates={UNFLAGGED: 0.01}
    )
    assert flag_plan(frame, 200, planning_rates={UNFLAGGED: 1 - 1e-9}) == flag_plan(
        frame, 200, planning_rates={UNFLAGGED: 0.99}
    )


@pytest.mark.parametrize(
    ("sizes", "n", "shares"),
    [
        ((2200, 17800), 200, (61, 139)),  # Neyman: 1100 : 2492 by hand
        ((100, 9900), 60, (15, 45)),  # a quarter of 60
        ((1000, 1000), 30, (20, 10)),  # ten at least
        ((12, 9988), 200, (12, 188)),  # cap below the floor: the rest goes over
        ((5000, 40), 200, (160, 40)),  # cap below the floor on the other side
        ((50, 300), 60, (22, 38)),  # Neyman 22.4
        ((60, 40), 90, (60, 30)),  # Neyman wants 76 of 60
        ((60, 40), 100, (60, 40)),
        ((500, 500), 12, (6, 6)),  # too few for ten each
        ((3, 9), 8, (3, 5)),
        ((7, 0), 3, (3, 0)),
    ],
)
def test_allocations_by_hand(sizes, n, shares):
    rates = {FLAGGED: 0.5, UNFLAGGED: 0.02}
    given_sizes = dict(zip(rates, sizes, strict=True))
    assert allocate(given_sizes, n, rates) == dict(zip(rates, shares, strict=True))


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=4), st.data())
def test_an_allocation_sums_to_n_and_no_other_has_a_smaller_variance(sizes, data):
    n = data.draw(st.integers(len(sizes), sum(sizes)))
    rates = dict(enumerate(data.draw(st.lists(st.floats(0.01, 0.99), min_size=len(sizes), max_size=len(sizes)))))
    by_name = dict(enumerate(sizes))
    shares = allocate(by_name, n, rates)
    floor = min(max(10, ceil(n / 4)) if len(sizes) <= 2 else 10, n // len(sizes))
    assert sum(shares.values()) == n
    assert all(min(floor, size) <= shares[s] <= size for s, size in by_name.items())

    def variance(share, s):
        return (by_name[s] * sqrt(rates[s] * (1 - rates[s]))) ** 2 / share

    givers = [s for s, size in by_name.items() if shares[s] > min(floor, size)]
    takers = [s for s, size in by_name.items() if shares[s] < size]
    for giver, taker in ((g, t) for g in givers for t in takers if g != t):
        before = variance(shares[giver], giver) + variance(shares[taker], taker)
        after = variance(shares[giver] - 1, giver) + variance(shares[taker] + 1, taker)
        assert after >= before * (1 - 1e-9)


def test_plans_that_cannot_be_are_refused():
    frame = clinic(5, 15, excluded=10)
    for make in (simple_plan, flag_plan):
        with pytest.raises(CountersignError, match="cannot draw 21 of 20"):
            make(frame, 21)
        with pytest.raises(CountersignError, match="cannot draw 0 of 20"):
            make(frame, 0)
        for whole in (1, 95):
            with pytest.raises(CountersignError, match="not between 0 and 1"):
                make(frame, 10, confidence=whole)
        with pytest.raises(CountersignError, match="not between 0 and 1"):
            make(frame, 10, tolerable_rate=0)
    with pytest.raises(CountersignError, match="from 2 to 20"):
        flag_plan(frame, 1)
    with pytest.raises(CountersignError, match="not between 0 and 1"):
        flag_plan(frame, 10, planning_rates={FLAGGED: 50})
    with pytest.raises(CountersignError, match="strata other than"):
        flag_plan(freeze([("A", "payer 1", "", "")]), 1)


def test_a_frame_without_flagged_claims_is_one_stratum():
    plan = flag_plan(clinic(0, 30, excluded=3), 12)
    assert [(p.stratum, p.frame_size, p.n) for p in plan.strata] == [(UNFLAGGED, 30, 12)]


def test_seeds():
    seeds = {new_seed() for _ in range(50)}
    assert len(seeds) == 50
    for seed in seeds:
        check_seed(seed)
    check_seed("0" * 20)
    for bad in ("", "1" * 19, "1" * 19 + "x", "1" * 20 + " ", "1" * 20 + "\n", "-" + "1" * 20, "٣" * 20):
        with pytest.raises(CountersignError, match="not 20 digits or more"):
            check_seed(bad)


def test_a_sample_holds_what_is_needed_to_draw_it_again():
    frame = clinic(40, 160, excluded=60)
    plan = flag_plan(frame, 50)
    sample = draw_sample(frame, plan, SEED)
    again = draw_sample(Frame.from_csv(frame.to_csv()), Plan.from_json(plan.to_json()), SEED)
    assert again == sample
    assert (sample.seed, sample.frame_sha256, sample.plan_sha256) == (SEED, frame.sha256, plan.plan_sha256)
    for planned in plan.strata:
        assert sample.selected[planned.stratum] == tuple(draw(frame.eligible[planned.stratum], planned.n, SEED))
    assert len(sample.claim_ids) == 50
    assert draw_sample(frame, plan, SEED[::-1]).claim_ids != sample.claim_ids


def test_excluded_claims_are_never_drawn_even_when_all_others_are():
    frame = clinic(4, 6, excluded=20)
    for plan in (simple_plan(frame, 10), flag_plan(frame, 10)):
        drawn = draw_sample(frame, plan, SEED).claim_ids
        assert sorted(drawn) == sorted(row.claim_id for row in frame.rows if not row.excluded)


def test_a_simple_sample_runs_over_all_strata():
    frame = clinic(40, 160)
    sample = draw_sample(frame, simple_plan(frame, 30), SEED)
    everyone = [row.claim_id for row in frame.rows]
    assert sample.selected == {"all": tuple(draw(everyone, 30, SEED))}


def test_a_plan_of_another_frame_is_refused():
    frame = clinic(10, 30)
    plan = flag_plan(frame, 20)
    with pytest.raises(StateError, match="another frame"):
        draw_sample(clinic(10, 31), plan, SEED)
    with pytest.raises(StateError, match="another frame"):
        draw_sample(frame, replace(plan, strata=plan.strata[:1]), SEED)
    with pytest.raises(CountersignError, match="seed"):
        draw_sample(frame, plan, "12345")


def test_a_saved_frame_counts_without_its_rows_and_is_otherwise_the_same() -> None:
    rows = [
        ("C1", "b", "1.00", ""),
        ("C2", "a", "", ""),
        ("C3", "a", "", "drawn in audit 1"),
        ("C4", "a, x", "2.00", ""),
    ]
    frame, read = freeze(rows), []

    def text() -> str:
        read.append(1)
        return frame.to_csv()

    saved = SavedFrame(frame.sha256, text)
    assert (saved.sizes, list(saved.sizes), saved.size) == (frame.sizes, ["a", "a, x", "b"], 3)
    assert "rows" not in saved.__dict__
    assert (saved.rows, saved.eligible, saved.sha256) == (frame.rows, frame.eligible, frame.sha256)
    assert SavedFrame(frame.sha256, text).sizes == frame.sizes
    assert len(read) == 2, "counted once, read once"
    assert SavedFrame(frame.sha256, lambda: frame.to_csv().replace("1.00", "9.00")).sha256 != frame.sha256
