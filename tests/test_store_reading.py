"""Checked tables out of the store: the same as went in, and all that bears on the chosen claims."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from audit.errors import StateError
from audit.store import fetched
from audit.store.choosing import Beside
from audit.store.loading import load
from audit.store.reading import chosen_claims, tables_in_store
from audit.tables import Tables
from tests.stored import NOW, line, note, on_sqlite, service, tables_of

pytest_plugins = ["tests.databases"]


def take(engine: Engine, **rows: list[dict[str, str]]) -> Tables:
    tables = tables_of(**rows)
    load(engine, tables, [], name="x", sha256="x", account_id=None, at=NOW)
    return tables


def test_what_comes_out_is_what_went_in_with_the_same_dtypes(engine: Engine) -> None:
    went_in = take(
        engine,
        claims=[
            line("C1", 1, patient_birth_date="1950-02-28", place_of_service="02"),
            line("C1", 2, charge_amount="", modifier_1=""),
            line("C2", 1, charge_amount="0.10", units="0", service_date="1999-12-31"),
        ],
        notes=[note("N1", text="Ünïcode; 'quotes' \"and\" commas,\nand lines."), note("N2", total_timed_minutes="")],
        note_services=[service("N1", minutes=""), service("N1"), service("N2", mode="group")],
        payers=[{"payer_id": "medicare", "effective_from": "2020-01-01", "medicare": "yes"}, {"payer_id": "acme"}],
        plans_of_care=[{"plan_id": "PL1", "patient_id": "P1", "start_date": "2026-02-02"}],
        authorizations=[{"number": "007", "payer_id": "acme", "patient_id": "P1", "units": "12", "visits": ""}],
        providers=[{"npi": "1000000001", "name": "L. Ortiz"}],
    )
    came_out = tables_in_store(engine)
    for name in (f.name for f in fields(Tables)):
        pd.testing.assert_frame_equal(
            getattr(came_out, name).drop(columns="claim_version_id", errors="ignore"), getattr(went_in, name), obj=name
        )
    assert [type(value) for value in came_out.claims["charge_amount"]] == [Decimal, type(None), Decimal]


def test_an_empty_store_gives_empty_tables_with_the_right_dtypes(engine: Engine) -> None:
    came_out = tables_in_store(engine)
    for name in (f.name for f in fields(Tables)):
        pd.testing.assert_frame_equal(
            getattr(came_out, name).drop(columns="claim_version_id", errors="ignore"),
            getattr(Tables.empty(), name),
            obj=name,
        )


def test_only_current_versions_come_out_each_with_its_id(engine: Engine) -> None:
    take(engine, claims=[line("C1"), line("C2")], notes=[note("N1", text="First.")], note_services=[service()])
    take(
        engine, claims=[line("C1", units="1")], notes=[note("N1", text="Second.")], note_services=[service(minutes="9")]
    )
    tables = tables_in_store(engine)
    assert dict(zip(tables.claims["claim_id"], tables.claims["units"], strict=True)) == {"C1": 1, "C2": 2}
    assert dict(zip(tables.claims["claim_id"], tables.claims["claim_version_id"], strict=True)) == {"C1": 3, "C2": 2}
    assert tables.notes["text"].tolist() == ["Second."]
    assert tables.note_services["minutes"].tolist() == [9]


def clinic(engine: Engine) -> None:
    """Two patients and two therapists, and a third of each that have nothing to do with them."""
    take(
        engine,
        claims=[
            line("chosen", patient_id="P1", service_date="2026-03-12", rendering_npi="T1"),
            line("same day", patient_id="P1", service_date="2026-03-12", rendering_npi="T2", payer_id="acme"),
            line("same year", patient_id="P1", service_date="2026-01-05", rendering_npi="T3"),
            line("same therapist that day", patient_id="P2", service_date="2026-03-12", rendering_npi="T1"),
            line("other day", patient_id="P2", service_date="2026-03-13", rendering_npi="T1"),
            line("stranger", patient_id="P3", service_date="2026-03-12", rendering_npi="T3"),
        ],
        notes=[
            note("of chosen", patient_id="P1", rendering_npi="T1"),
            note("earlier", patient_id="P1", rendering_npi="T3", service_date="2026-01-05"),
            note("same therapist that day", patient_id="P2", rendering_npi="T1"),
            note("other day", patient_id="P2", rendering_npi="T1", service_date="2026-03-13"),
            note("unbilled in March", patient_id="P4", rendering_npi="T9", service_date="2026-03-20"),
            note("stranger", patient_id="P3", rendering_npi="T3"),
        ],
        note_services=[service("of chosen"), service("other day"), service("stranger")],
        plans_of_care=[{"plan_id": f"PL{n}", "patient_id": f"P{n}"} for n in (1, 2, 3)],
        authorizations=[{"number": "A", "payer_id": "acme", "patient_id": f"P{n}"} for n in (1, 3)],
        payers=[{"payer_id": "acme"}],
        providers=[{"npi": "T9"}],
    )


def ids(engine: Engine, **choice: Any) -> dict[str, int]:
    tables = tables_in_store(engine, **choice)
    return dict(zip(tables.claims["claim_id"], tables.claims["claim_version_id"], strict=True))


def test_a_chosen_claim_comes_with_all_that_bears_on_it(engine: Engine) -> None:
    clinic(engine)
    tables = tables_in_store(engine, claim_version_ids=[ids(engine)["chosen"]])
    assert tables.claims["claim_id"].tolist() == ["chosen", "same day", "same year", "same therapist that day"]
    assert tables.notes["note_id"].tolist() == ["of chosen", "earlier", "same therapist that day"]
    assert tables.note_services["note_id"].tolist() == ["of chosen"]
    assert tables.plans_of_care["plan_id"].tolist() == ["PL1", "PL2"]
    assert tables.authorizations["patient_id"].tolist() == ["P1"]
    assert (len(tables.payers), len(tables.providers)) == (1, 1)


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({}, ["chosen", "same day", "same year", "same therapist that day", "other day", "stranger"]),
        ({"from_date": date(2026, 3, 13)}, ["other day"]),
        ({"to_date": date(2026, 1, 5)}, ["same year"]),
        ({"from_date": date(2026, 3, 12), "to_date": date(2026, 3, 12), "payer_ids": ["acme"]}, ["same day"]),
        ({"payer_ids": []}, []),
    ],
)
def test_claims_are_chosen_by_date_and_payer(engine: Engine, choice: dict[str, Any], wanted: list[str]) -> None:
    clinic(engine)
    named = {version: name for name, version in ids(engine).items()}
    assert [named[version] for version in chosen_claims(engine, **choice)] == wanted


def test_a_period_brings_its_visits_that_nobody_billed(engine: Engine) -> None:
    clinic(engine)
    march = tables_in_store(engine, from_date=date(2026, 3, 20), to_date=date(2026, 3, 31))
    assert march.notes["note_id"].tolist() == ["unbilled in March"]
    assert march.claims.empty


def test_a_payer_of_a_period_brings_its_patients_whole(engine: Engine) -> None:
    clinic(engine)
    tables = tables_in_store(engine, payer_ids=["acme"], from_date=date(2026, 3, 1))
    assert tables.claims["claim_id"].tolist() == ["chosen", "same day", "same year"]


def test_a_claim_over_two_days_is_found_by_each_of_its_days(engine: Engine) -> None:
    take(
        engine,
        claims=[
            line("long", 1, patient_id="P1", rendering_npi="T1", service_date="2026-03-12"),
            line("long", 2, patient_id="P1", rendering_npi="T1", service_date="2026-03-14"),
            line("that day", patient_id="P2", rendering_npi="T1", service_date="2026-03-14"),
        ],
    )
    assert set(ids(engine, claim_version_ids=[ids(engine)["that day"]])) == {"long", "that day"}


def test_a_version_that_was_replaced_cannot_be_chosen(engine: Engine) -> None:
    take(engine, claims=[line("C1")])
    old = ids(engine)["C1"]
    take(engine, claims=[line("C1", units="1")])
    with pytest.raises(StateError, match=r"1 of the chosen claims have been replaced by a newer version\. Choose"):
        tables_in_store(engine, claim_version_ids=[old])


@on_sqlite
def test_more_claims_than_an_in_list_can_hold_may_be_chosen(engine: Engine) -> None:
    take(engine, claims=[line(f"C{number}", patient_id=f"P{number}") for number in range(300)])
    many = [*ids(engine).values()]
    assert len(tables_in_store(engine, claim_version_ids=many * 200).claims) == 300


def test_a_visit_with_a_note_is_not_told_again_by_an_unconfirmed_document(engine: Engine) -> None:
    read_of = {"service_date": "2026-03-12", "unconfirmed": "minutes"}
    take(
        engine,
        claims=[line()],
        notes=[
            note("N1", service_date="2026-03-12", discipline="OT"),
            note("DOUBLE", discipline="", **read_of),
            note("OTHER-DISCIPLINE", discipline="PT", **read_of),
            note("OTHER-DAY", discipline="OT", service_date="2026-03-13", unconfirmed="minutes"),
            note("CONFIRMED", discipline="OT", service_date="2026-03-12"),
        ],
        note_services=[service("N1"), service("DOUBLE")],
    )
    tables = tables_in_store(engine)
    assert set(tables.notes["note_id"]) == {"N1", "OTHER-DISCIPLINE", "OTHER-DAY", "CONFIRMED"}
    assert set(tables.note_services["note_id"]) == {"N1"}


def test_in_place_of_the_therapists_days_comes_what_the_caller_names(engine: Engine) -> None:
    clinic(engine)
    every = ids(engine)
    alone = tables_in_store(engine, claim_version_ids=[every["chosen"]], beside=Beside())
    assert alone.claims["claim_id"].tolist() == ["chosen", "same day", "same year"]
    assert alone.notes["note_id"].tolist() == ["of chosen", "earlier"]
    with_one = Beside([every["stranger"]], [4])
    named = tables_in_store(engine, claim_version_ids=[every["chosen"]], beside=with_one)
    assert named.claims["claim_id"].tolist() == ["chosen", "same day", "same year", "stranger"]
    assert named.notes["note_id"].tolist() == ["of chosen", "earlier", "other day"]
    assert named.plans_of_care["plan_id"].tolist() == ["PL1", "PL2", "PL3"]


def test_rows_come_out_the_same_however_many_are_held_at_a_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(engine)
    whole = tables_in_store(engine)
    monkeypatch.setattr(fetched, "AT_ONCE", 2)
    for name in (f.name for f in fields(Tables)):
        pd.testing.assert_frame_equal(getattr(tables_in_store(engine), name), getattr(whole, name), obj=name)
    assert len({id(one) for one in whole.claims["rendering_npi"]}) == whole.claims["rendering_npi"].nunique()
