"""What payers answered, loaded and tied to claims and lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from audit.facts.reference import load_facts
from audit.loading import arrivals, undoing
from audit.payers import payments
from audit.tables import Tables
from tests.databases import filled
from tests.stored import add, adjustment, count_rows, line, payment, tables_of
from tests.test_store_loading import all_of, take

pytest_plugins = ["tests.databases"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
X12 = Path(__file__).parent / "files" / "x12"
NAMES = ("simple.837", "two_transactions.837", "remittance.835")


def fill(engine: Engine) -> None:
    by = add(engine, "accounts", username="ada", name="Ada Quill", role="administrator")
    files = [(name, (X12 / name).read_bytes()) for name in NAMES]
    arrival = arrivals.take_in(engine, files, account_id=by, at=NOW)
    assert [card.what for card in arrival.cards] == [
        "837P, 3 claim lines",
        "837P, 7 claim lines",
        "835, 5 answered claims",
    ]
    assert arrival.loaded.counts["payments"] == {"new": 10, "changed": 0, "unchanged": 0}


answered_month = filled("answered_month", fill)


@pytest.fixture
def loaded(answered_month: None, engine: Engine) -> Engine:
    return engine


def test_the_same_files_again_add_nothing(loaded: Engine):
    files = [(name, (X12 / name).read_bytes()) for name in NAMES[::-1]]
    assert arrivals.take_in(loaded, files, account_id=1, at=NOW).loaded.load_id is None


def test_payments_are_tied_to_the_lines_that_were_billed(loaded: Engine):
    found = payments.payments_of(loaded, ["RB-1001"])
    assert found["position"].tolist() == [0, 1, 2, 3]
    assert found["line_number"].astype("object").where(found["line_number"].notna(), None).tolist() == [None, 1, 2, 3]
    assert found["matched_by"].tolist() == ["", "control number", *["code, modifiers and date"] * 2]
    assert found["claim_known"].all()
    assert not found["reversed"].any()


def test_what_a_reversal_takes_back_is_marked_and_its_correction_is_not(loaded: Engine):
    found = payments.payments_of(loaded, ["RB-2001"])
    assert found["reversed"].tolist() == [True, True, False]


def test_what_belongs_to_nothing_is_told(loaded: Engine):
    found = payments.payments_of(loaded)
    line = found["claim_known"] & (found["position"] > 0) & found["line_number"].isna()
    claim = ~found["claim_known"] & (found["position"] == 0)
    assert found.loc[line, ["claim_id", "position"]].to_numpy().tolist() == [["RB-2001", 1], ["RB-2002", 1]]
    assert found.loc[claim, "claim_id"].tolist() == ["RB-9999"]


def test_strays_are_counted_and_the_newest_shown(loaded: Engine):
    number, newest = payments.strays(loaded)
    assert (number, newest["claim_id"].tolist(), newest["charge_amount"].tolist()) == (1, ["RB-9999"], [100])
    assert payments.strays(loaded, most=0)[0] == 1
    late = tables_of(claims=[line("RB-9999")])
    take(loaded, late)
    number, newest = payments.strays(loaded)
    assert (number, len(newest)) == (0, 0), "its claim came"


def test_adjustments_and_their_words(loaded: Engine):
    found = payments.adjustments_of(loaded, ["RB-2002"])
    said = payments.words(load_facts())
    assert [(a.reason_code, said["reason", a.reason_code], a.amount) for a in found.itertuples()] == [
        ("197", "authorisation or notification missing", 90)
    ]
    assert len(payments.adjustments_of(loaded)) == 11
    assert ("reason", "9999") not in said


def answered(**cells: str) -> Tables:
    lines = [payment("1", charge_amount="120.50", paid_amount="80.00", procedure_code="97530", **cells)]
    return tables_of(payments=[payment(), *lines], adjustments=[adjustment()])


def test_a_payment_that_comes_again_without_a_line_loses_it(engine: Engine):
    take(engine, answered())
    loaded = take(engine, tables_of(payments=[payment()], adjustments=[adjustment(amount="160.00")]))
    assert loaded.counts["payments"] == {"new": 0, "changed": 0, "unchanged": 1}
    assert loaded.counts["adjustments"] == {"new": 0, "changed": 1, "unchanged": 0}
    assert [row["is_current"] for row in all_of(engine, "payments")] == [True, False]
    assert len(payments.payments_of(engine)) == 1
    again = take(engine, answered())
    assert again.counts["payments"]["new"] == 1
    assert count_rows(engine)["payments"] == 3


def test_an_undone_load_of_payments_leaves_those_before(engine: Engine):
    take(engine, answered())
    second = take(engine, tables_of(payments=[payment(paid_amount="70.00")], adjustments=[adjustment()]))
    assert len(payments.payments_of(engine)) == 1
    undoing.undo(engine, second.load_id, reason="a wrong file", account_id=None, at=NOW)
    found = payments.payments_of(engine)
    assert [(row.position, str(row.paid_amount)) for row in found.itertuples()] == [(0, "80.00"), (1, "80.00")]


def both(paid: dict[str, str], *billed: dict[str, str]) -> tuple[object, str]:
    rows = tables_of(claims=list(billed), payments=[payment("1", **paid)])
    (found,) = payments.matched(rows.payments, rows.claims).itertuples()
    return None if found.matched_by == "" else int(found.line_number), found.matched_by


def test_an_answer_in_fhir_never_replaces_the_claim(engine: Engine):
    by = add(engine, "accounts", username="ada", name="Ada Quill", role="administrator")
    entries = json.loads((X12.parent / "fhir" / "r4_bundle.json").read_text())["entry"]
    people, claim, eob = entries[:5], entries[5], entries[6]
    for name, resource, fate in (("eob", eob, "new"), ("claim", claim, "changed"), ("eob", eob, "unchanged")):
        content = json.dumps({"resourceType": "Bundle", "entry": [*people, resource]}).encode()
        arrival = arrivals.take_in(engine, [(f"{name}.json", content)], account_id=by, at=NOW)
        assert arrival.loaded.counts["claims"][fate] == 1
    assert [row["frequency_code"] for row in all_of(engine, "claim_lines")][-2:] == ["7", "7"]
    found = payments.payments_of(engine, ["FH-1001"])
    assert found["matched_by"].tolist() == ["", "line number", "line number"]
    assert arrival.cards[0].what == "FHIR, 2 claim lines and 3 payments"


def test_a_bundle_is_loaded_with_its_claim_answer_and_notes(engine: Engine):
    by = add(engine, "accounts", username="ada", name="Ada Quill", role="administrator")
    file = X12.parent / "fhir" / "r4_bundle.json"
    arrival = arrivals.take_in(engine, [(file.name, file.read_bytes())], account_id=by, at=NOW)
    assert arrival.refusals == ()
    assert arrival.cards[0].what.startswith("FHIR, 2 claim lines and 3 payments and 2 ")
    fates = {name: arrival.loaded.counts[name]["new"] for name in ("claims", "notes", "payments", "adjustments")}
    assert fates == {"claims": 1, "notes": 1, "payments": 3, "adjustments": 3}, (
        "the other visit has no claim to tie it to"
    )


SAME = {"procedure_code": "97530", "service_date": "2026-03-12"}


@pytest.mark.parametrize(
    ("paid", "billed", "expected"),
    [
        (SAME, [line()], (1, "code and date")),
        (SAME | {"modifier_1": "GO"}, [line(), line("C1", 2, modifier_1="CO")], (1, "code, modifiers and date")),
        (SAME | {"modifier_1": "KX", "modifier_2": "GO"}, [line(modifier_2="KX")], (1, "code, modifiers and date")),
        (SAME, [line(), line("C1", 2)], (None, "")),
        (SAME | {"line_control_number": "2"}, [line(), line("C1", 2)], (2, "line number")),
        (SAME | {"line_control_number": "b"}, [line(line_control_number="a"), line("C1", 2, line_control_number="b")],
         (2, "control number")),
        (SAME | {"line_control_number": "1"}, [line(line_control_number="2"), line("C1", 2, line_control_number="1")],
         (2, "control number")),
        (SAME | {"procedure_code": "97110", "billed_procedure_code": "97530"}, [line()], (1, "code and date")),
        (SAME | {"service_date": "2026-03-13"}, [line()], (None, "")),
        (SAME, [line("C2")], (None, "")),
        ({"procedure_code": "97530"}, [line()], (None, "")),
    ],
)  # fmt: skip
def test_how_a_paid_line_finds_its_claim_line(paid, billed, expected):
    assert both(paid, *billed) == expected
