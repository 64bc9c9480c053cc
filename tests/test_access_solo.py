"""Single-person mode: what it lets pass, what it never does, and the mark it leaves. On both engines, in plain SQL."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import DBAPIError

from audit import release
from audit.access import solo
from audit.access.people import stop
from audit.errors import AccessError, StateError
from audit.reviewing import review, sign_off
from audit.reviewing.opinions import required
from audit.store import guards, review_conditions, schema, trail
from audit.store.database import read, write
from tests.reviewing import review_claim, take, who
from tests.stored import NOW, add

pytest_plugins = ["tests.databases", "tests.reviewing"]
WITHOUT_MARK = "a signature carries the mark of single-person mode while that is on, and only then"


@dataclass(frozen=True)
class Practice:
    """A practice of one: an administrator and one person who treats, reviews and signs; a claim of her own."""

    engine: Engine
    administrator: int
    alone: int
    claim: int
    run: int

    def switch(self, on: bool) -> None:
        solo.switch(self.engine, on, by=self.administrator, at=NOW, reason="a practice of one")

    def sign(self, meaning: str = "approved", *, mark: bool, account: int | None = None) -> int:
        values: dict[str, Any] = {"claim_version_id": self.claim, "account_id": account or self.alone}
        values["run_id"] = self.run
        return add(self.engine, "signatures", **values, meaning=meaning, single_person=mark)

    def refused(self, meaning: str = "approved", *, mark: bool) -> str | None:
        with pytest.raises(DBAPIError) as raised:
            self.sign(meaning, mark=mark)
        return guards.refusal(raised.value)

    def add_reviewer(self, role: str = "reviewer", *, active: bool = True) -> int:
        return add(self.engine, "accounts", username=f"other {role}", role=role, active=active)


@pytest.fixture
def practice(engine: Engine) -> Practice:
    administrator = add(engine, "accounts", username="admin", role="administrator")
    alone = add(engine, "accounts", username="alone", role="doctor_of_ot", npi="1000000001")
    claim = add(engine, "claims", load_id=add(engine, "loads"), rendering_npi="1000000001", billing_npi="1000000001")
    run = add(engine, "runs", state="finished")
    add(engine, "run_claims", run_id=run, claim_version_id=claim)
    add(engine, "findings", run_id=run, claim_version_id=claim, severity="info")
    add(engine, "leases", claim_version_id=claim, account_id=alone, ends_at=NOW + timedelta(days=1))
    made = {"claim_version_id": claim, "account_id": alone, "finding_id": 1}
    add(engine, "decisions", **made, kind="dismiss", reason="accepted")
    return Practice(engine, administrator, alone, claim, run)


def test_with_the_mode_off_nothing_is_looser_and_no_signature_may_pretend(practice: Practice) -> None:
    assert practice.refused(mark=False) == "whoever decided on a claim may not approve it"
    assert practice.refused(mark=True) == WITHOUT_MARK
    assert practice.refused("reviewed", mark=True) == WITHOUT_MARK


def test_in_the_mode_one_person_signs_twice_and_every_signature_carries_the_mark(practice: Practice) -> None:
    practice.switch(True)
    assert practice.refused("reviewed", mark=False) == WITHOUT_MARK
    assert practice.refused(mark=False) == WITHOUT_MARK
    practice.sign("reviewed", mark=True)
    approved = practice.sign(mark=True)
    practice.switch(False)
    with pytest.raises(DBAPIError) as raised, write(practice.engine) as connection:
        connection.execute(update(schema.signatures).where(schema.signatures.c.id == approved).values(single_person=0))
    assert guards.refusal(raised.value) == "signatures is append-only: a row cannot be changed"


def test_an_approved_or_replaced_claim_stays_closed_in_the_mode(practice: Practice) -> None:
    practice.switch(True)
    practice.sign("reviewed", mark=True)
    practice.sign(mark=True)
    assert str(practice.refused(mark=True)).startswith("this version of the claim is approved")


def test_switching_it_off_restores_the_rule_at_once(practice: Practice) -> None:
    practice.switch(True)
    practice.sign("reviewed", mark=True)
    practice.switch(False)
    assert practice.refused(mark=True) == WITHOUT_MARK
    assert practice.refused(mark=False) == "whoever decided on a claim may not approve it"


@pytest.mark.parametrize("role", review.REVIEWERS)
def test_a_second_person_who_may_review_suspends_the_mode(practice: Practice, role: str) -> None:
    practice.switch(True)
    practice.sign("reviewed", mark=True)
    other = practice.add_reviewer(role)
    assert practice.refused(mark=False) == "whoever decided on a claim may not approve it"
    with write(practice.engine) as connection:
        solo.end_when_not_alone(connection, by=practice.administrator, at=NOW)
        connection.execute(update(schema.accounts).where(schema.accounts.c.id == other).values(active=False))
    assert practice.refused(mark=False) == "whoever decided on a claim may not approve it", "it does not come back"


def test_people_who_may_not_review_do_not_suspend_it(practice: Practice) -> None:
    for role in ("manager", "auditor", "administrator"):
        practice.add_reviewer(role)
    practice.add_reviewer(active=False)
    practice.switch(True)
    with write(practice.engine) as connection:
        solo.end_when_not_alone(connection, by=None, at=NOW)
        assert solo.is_on(connection)


@pytest.mark.parametrize("role", ["reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor"])
def test_only_an_administrator_switches_it_on_whoever_asks_the_database(engine: Engine, role: str) -> None:
    person = add(engine, "accounts", username=role, role=role)
    stopped = add(engine, "accounts", username="stopped", role="administrator", active=False)
    for account in (person, stopped, None):
        with pytest.raises(DBAPIError) as raised:
            add(engine, "single_person_mode", account_id=account, is_on=True)
        assert guards.refusal(raised.value) == "only an administrator may switch single-person mode on"
    with pytest.raises(AccessError, match="your account may not do this"):
        solo.switch(engine, True, by=person, at=NOW, reason="why not")


def test_it_cannot_be_switched_on_where_two_people_may_review(practice: Practice) -> None:
    practice.add_reviewer()
    with pytest.raises(AccessError, match="in which one person reviews; two accounts may"):
        practice.switch(True)
    assert not solo.is_on_now(practice.engine)


def test_a_change_needs_a_reason_and_a_difference_and_is_an_event(practice: Practice) -> None:
    with pytest.raises(StateError, match="needs its reason"):
        solo.switch(practice.engine, True, by=practice.administrator, at=NOW, reason=" ")
    with pytest.raises(StateError, match="off already"):
        practice.switch(False)
    practice.switch(True)
    with read(practice.engine) as connection:
        last = connection.execute(select(schema.events).order_by(schema.events.c.id.desc()).limit(1)).one()
        assert trail.verify(connection) is None
    assert (last.kind, last.account_id) == ("single-person mode", practice.administrator)
    assert last.details == '{"after":true,"before":false,"reason":"a practice of one"}'


def test_the_setting_is_only_ever_added_to(practice: Practice) -> None:
    practice.switch(True)
    for change in ("UPDATE single_person_mode SET is_on = false", "DELETE FROM single_person_mode"):
        with pytest.raises(DBAPIError) as raised, write(practice.engine) as connection:
            connection.execute(text(change))
        assert str(guards.refusal(raised.value)).startswith("single_person_mode is append-only")


def test_a_signature_waits_for_the_switch_that_is_being_made(practice: Practice) -> None:
    """On PostgreSQL the signature would not see a switch that is not committed yet."""
    practice.switch(True)
    said: list[str | None] = []
    with write(practice.engine) as connection:
        row = {"is_on": False, "reason": "x", "account_id": practice.administrator, "at": NOW + timedelta(minutes=1)}
        connection.execute(schema.single_person_mode.insert().values(row))
        signing = threading.Thread(target=lambda: said.append(practice.refused(mark=True)))
        signing.start()
        signing.join(0.3)
        assert signing.is_alive(), "it did not wait"
    signing.join()
    assert said == [WITHOUT_MARK]


def test_the_guard_counts_the_roles_that_review() -> None:
    assert all(f"'{role}'" in review_conditions.SECOND_REVIEWER for role in review.REVIEWERS)
    assert review_conditions.SECOND_REVIEWER.count("'") == 2 * len(review.REVIEWERS)


def test_one_person_reviews_and_approves_her_own_claim_and_the_released_file_says_so(
    engine: Engine, people: dict[str, int], claims: dict[str, int]
) -> None:
    claim, tess = claims["CLEAN"], people["tess"]
    review_claim(engine, claim, tess)
    take(engine, claim, tess)
    with pytest.raises(AccessError, match="for another person to judge"):
        sign_off.approve(engine, claim, **who(tess))
    for other in ("rita", "ron", "sam", "sue", "dora"):
        stop(engine, people[other], by=people["ada"], at=NOW)
    solo.switch(engine, True, by=people["ada"], at=NOW, reason="a practice of one")
    sign_off.approve(engine, claim, **who(tess))
    solo.switch(engine, False, by=people["ada"], at=NOW, reason="a second person comes")
    with read(engine) as connection:
        signed = sign_off.signatures_on(required(connection, claim))
    assert signed["single_person"].tolist() == [False, True]
    csv = release.release(engine, [claim], account_id=tess, at=NOW).csv
    assert f"Tess ({solo.MARK})" in csv
