"""What was signed stands only for what was there: whatever bears on a claim and comes later puts it back to work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text, update

from audit import release
from audit.errors import StateError
from audit.payers import payer_profiles
from audit.reviewing import sign_off, worklist
from audit.reviewing.opinions import required
from audit.store import kept, loading, schema
from audit.store.came_since import SAID, concerned_by_load, concerned_by_profile
from audit.store.database import read, write
from audit.store.review_conditions import RECORD_CHANGED
from tests.reviewing import NPI, claims, people, review_claim, take, who
from tests.stored import NOW, add, on_sqlite, tables_of

__all__ = ["claims", "people"]
pytest_plugins = ["tests.databases"]
LATER = NOW + timedelta(minutes=1)
DAY, BEFORE, AFTER = date(2026, 3, 12), date(2026, 3, 1), date(2026, 3, 13)
PATIENT, PAYER = {"patient_id": "P1"}, {"payer_id": "B"}
BEARS: dict[str, list[dict[str, Any]]] = {
    "plans_of_care": [{**PATIENT, "start_date": BEFORE}, {**PATIENT, "start_date": DAY}, PATIENT],
    "authorizations": [{**PATIENT, **PAYER, "from_date": DAY}, PATIENT],
    "payers": [PAYER, {**PAYER, "effective_from": DAY}],
    "fees": [PAYER, {**PAYER, "effective_from": BEFORE}],
    "providers": [{"npi": NPI}, {"npi": "1000000009"}],
    "payer_profiles": [{**PAYER, "effective_from": DAY, "at": LATER}],
}
BESIDE: dict[str, list[dict[str, Any]]] = {
    "plans_of_care": [{"patient_id": "P2", "start_date": BEFORE}, {**PATIENT, "start_date": AFTER}],
    "authorizations": [{**PATIENT, "payer_id": "C"}, {"patient_id": "P2"}, {**PATIENT, "from_date": AFTER}],
    "payers": [{"payer_id": "C"}, {**PAYER, "effective_from": AFTER}],
    "fees": [{"payer_id": "C"}, {**PAYER, "effective_from": AFTER}],
    "providers": [{"npi": "1999999999"}],
    "payer_profiles": [{"payer_id": "C", "at": LATER}, {**PAYER, "effective_from": AFTER, "at": LATER},
                       {**PAYER, "effective_from": DAY, "at": NOW}],
}  # fmt: skip
"""Another patient, payer or practitioner, or nothing before the day after; a profile that the run read already."""


class Judged:
    """A claim that a run judged, put in directly; and what comes after it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        add(engine, "accounts", username="x")
        self.load = add(engine, "loads")
        self.claim = self.visit("C1", DAY, self.load)
        run = add(engine, "runs", state="finished", load_id=self.load, started_at=NOW)
        add(engine, "run_claims", run_id=run, claim_version_id=self.claim)
        audit = add(engine, "audits")
        add(engine, "audit_claims", audit_id=audit, claim_version_id=self.claim)
        with write(engine) as connection:
            kept.refresh(connection, [self.claim], NOW)

    def visit(self, claim_id: str, on: date, load: int, patient: str = "P1") -> int:
        same = {"claim_id": claim_id, "patient_id": patient, "payer_id": "B", "service_date": on, "rendering_npi": NPI}
        claim = add(self.engine, "claims", load_id=load, version=1, **same)
        add(self.engine, "claim_lines", claim_version_id=claim, line_number=1, billing_npi="1000000009", **same)
        return claim

    def came(self) -> tuple[str, ...]:
        """What the service says came; the database's guard must say the same."""
        with read(self.engine) as connection:
            said = required(connection, self.claim).came
            asked = RECORD_CHANGED.replace("NEW.claim_version_id", str(self.claim))
            guarded = bool(connection.execute(text(f"SELECT CASE WHEN {asked} THEN 1 ELSE 0 END")).scalar())
        assert guarded == bool(said), said
        return said

    def concerned(self, table: str, row: int, load: int) -> bool:
        """Whether the worklist's row of the claim is made anew."""
        with read(self.engine) as connection:
            if table == "payer_profiles":
                return self.claim in concerned_by_profile(connection, row)
            return self.claim in concerned_by_load(connection, load)


@pytest.fixture
def judged(engine: Engine) -> Judged:
    return Judged(engine)


def test_each_kind_of_record_that_bears_on_a_claim_is_told_and_no_other(judged: Judged) -> None:
    for kinds, bears in ((BESIDE, False), (BEARS, True)):
        for table, rows in kinds.items():
            for row in rows:
                load = add(judged.engine, "loads")
                of_load = {} if table == "payer_profiles" else {"load_id": load}
                made = add(judged.engine, table, **of_load, **row)
                assert judged.came() == ((SAID[table],) if bears else ()), (table, row)
                assert judged.concerned(table, made, load) == (bears or row.get("at") == NOW), (table, row)
                if bears and table != "payer_profiles":  # what replaces it later counts, and not the old row
                    with write(judged.engine) as connection:
                        connection.execute(update(schema.metadata.tables[table]).values(is_current=False))


def test_a_note_or_a_claim_that_comes_to_the_day_or_leaves_it_is_told(judged: Judged) -> None:
    same = {"patient_id": "P1", "version": 1}
    before = add(judged.engine, "notes", note_id="N", service_date=DAY, load_id=judged.load, **same)
    beside = judged.visit("C2", DAY, judged.load)
    judged.visit("C3", AFTER, add(judged.engine, "loads"))
    judged.visit("C4", DAY, add(judged.engine, "loads"), patient="P2")
    assert judged.came() == ()
    moved = add(judged.engine, "loads")
    with write(judged.engine) as connection:
        connection.execute(update(schema.notes).where(schema.notes.c.id == before).values(is_current=False))
        connection.execute(update(schema.claims).where(schema.claims.c.id == beside).values(is_current=False))
    add(judged.engine, "notes", note_id="N", service_date=AFTER, load_id=moved, **same | {"version": 2})
    assert judged.came() == (SAID["notes"],)
    add(judged.engine, "claims", claim_id="C2", version=2, load_id=moved, service_date=AFTER)
    assert judged.came() == (SAID["notes"], SAID["claims"])


@on_sqlite
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
        plan = tables_of(plans_of_care=[{"plan_id": "P", "patient_id": "P1", "start_date": "2026-03-01"}])
        loading.load(engine, plan, [], name="later", sha256="1" * 64, account_id=None, at=NOW)
    else:
        profile = {"payer_id": "medicare-b", "unit_method": "midpoint"}
        saved = {"effective_from": BEFORE, "reason": "contract", "account_id": people["ada"], "at": LATER}
        payer_profiles.save(engine, profile, **saved)
    shown = worklist.counts(engine)
    assert (shown["approved"], shown["stale"]) == (0, 2), "the claim that nobody signed was judged without it too"
    with pytest.raises(StateError, match="not approved"):
        release.release(engine, [clean], account_id=people["max"], at=LATER)
