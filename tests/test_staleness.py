"""What was signed stands only for what was there: whatever bears on a claim and comes later puts it back to work."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from audit import audits, payer_profiles, release, sign_off, worklist
from audit.errors import StateError
from audit.opinions import required
from audit.store import loading
from audit.store.came_since import SAID
from audit.store.database import read
from tests.reviewing import NPI, claims, people, review_claim, take, visit, who
from tests.stored import NOW, tables_of

__all__ = ["claims", "people"]
pytest_plugins = ["tests.databases"]
LATER = NOW + timedelta(minutes=1)
OVER = {"patient_id": "P1", "service_date": "2026-03-12"}
BESIDE = [
    {"plans_of_care": [{"plan_id": "X", "patient_id": "P2", "start_date": "2026-01-01"}]},
    {"plans_of_care": [{"plan_id": "Y", "patient_id": "P1", "start_date": "2026-03-20"}]},
    {"authorizations": [{"number": "X", "patient_id": "P1", "payer_id": "another payer"}]},
    {"payers": [{"payer_id": "medicare-b", "unit_method": "total", "effective_from": "2026-03-20"}]},
    {"payers": [{"payer_id": "another payer", "unit_method": "midpoint"}]},
    {"providers": [{"npi": "1999999999", "credential": "OTR/L", "discipline": "OT"}]},
    {"fees": [{"payer_id": "another payer", "procedure_code": "97530", "amount": "30"}]},
    {"claims": [visit("NEXT", "2026-03-14", 2, 30)["claims"]]},
]
"""Loads that do not bear on the claim: another patient, payer or practitioner, or nothing before the day after."""
BEARS = {
    "notes": [visit("OVER", "2026-03-12", 3, 44)["notes"]],
    "claims": [visit("SAME-DAY", "2026-03-12", 1, 15)["claims"]],
    "plans_of_care": [{"plan_id": "P", "patient_id": "P1", "start_date": "2026-03-01"}],
    "authorizations": [{"number": "N", "patient_id": "P1"}],
    "payers": [{"payer_id": "medicare-b", "unit_method": "midpoint"}],
    "fees": [{"payer_id": "medicare-b", "procedure_code": "97530", "amount": "30"}],
    "providers": [{"npi": NPI, "credential": "OTR/L", "discipline": "OT"}],
}


def bring(engine: Engine, **rows: list[dict[str, str]]) -> None:
    loaded = loading.load(engine, tables_of(**rows), [], name="later", sha256="1" * 64, account_id=None, at=NOW)
    assert loaded.load_id is not None, rows


def came(engine: Engine, claim: int) -> tuple[str, ...]:
    with read(engine) as connection:
        return required(connection, claim).came


def save_profile(engine: Engine, by: int, payer: str, first: date = date(2026, 1, 1)) -> None:
    profile = {"payer_id": payer, "unit_method": "midpoint"}
    payer_profiles.save(engine, profile, effective_from=first, reason="contract", account_id=by, at=LATER)


def test_each_kind_of_record_that_bears_on_a_claim_is_told_and_no_other(
    engine: Engine, claims: dict[str, int], people: dict[str, int]
) -> None:
    for rows in BESIDE:
        bring(engine, **rows)
        assert came(engine, claims["OVER"]) == (), rows
    save_profile(engine, people["ada"], "another payer")
    save_profile(engine, people["ada"], "medicare-b", date(2026, 3, 20))
    assert came(engine, claims["OVER"]) == ()
    for name, rows in BEARS.items():
        bring(engine, **{name: rows})
        assert SAID[name] in came(engine, claims["OVER"]), name
    save_profile(engine, people["ada"], "medicare-b")
    assert came(engine, claims["OVER"]) == tuple(SAID.values())
    audits.screen_again(engine, [claims["OVER"]], account_id=people["rita"], at=LATER)
    assert came(engine, claims["OVER"]) == ()


@pytest.mark.parametrize("change", ["plan", "profile"])
def test_an_approved_claim_goes_back_to_the_worklist_at_once(
    engine: Engine, claims: dict[str, int], people: dict[str, int], change: str
) -> None:
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["sam"])
    sign_off.approve(engine, clean, **who(people["sam"]))
    assert worklist.counts(engine)["approved"] == 1
    if change == "plan":
        bring(engine, plans_of_care=BEARS["plans_of_care"])
    else:
        save_profile(engine, people["ada"], "medicare-b")
    shown = worklist.counts(engine)
    assert (shown["approved"], shown["stale"]) == (0, 2), "the claim that nobody signed was judged by them too"
    with pytest.raises(StateError, match="not approved"):
        release.release(engine, [clean], account_id=people["max"], at=LATER)
