"""The review as a state machine: any order of steps by any person, at the service, with what must hold after each.

The store is real; the rules are not run: findings are put in, so that a step costs milliseconds.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from audit import release
from audit.errors import CountersignError
from audit.reviewing import leases, opinions, review, second_review, sign_off
from audit.store import database, kept, schema, verifying
from audit.store.standing import STATES, stand_of
from tests.places import MEMORY
from tests.reviewing import NPI, PEOPLE, at_the_keyboard
from tests.stored import NOTHING_FROZEN, NOW, add, as_loaded
from tests.walking import walk

pytest_plugins = ["tests.databases"]
WHO = st.sampled_from(sorted(PEOPLE))
VERDICT = st.sampled_from([review.AGREE, review.DISMISS])
PREPARED: dict[str, Path] = {}


class Reviewing(RuleBasedStateMachine):
    """One claim that needs a blind second review and one that needs none; nine people who try everything."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        shutil.copy(PREPARED["file"], self.folder / "m.db")
        self.engine = database.connect(f"sqlite:///{self.folder / 'm.db'}")
        self.at = NOW
        self.people = {
            name: add(self.engine, "accounts", username=name, role=role, npi=NPI if name == "tess" else "", name=name)
            for name, role in PEOPLE.items()
        }
        load = add(self.engine, "loads")
        add(self.engine, "runs", state="failed")
        self.claims = [self._claim(load, 1, blind=False), self._claim(load, 2, blind=True)]
        as_loaded(self.engine)
        self.run()
        self.decided = 0

    def _claim(self, load: int, number: int, *, blind: bool) -> int:
        values: dict[str, Any] = {"claim_id": f"C{number}", "version": 1, "load_id": load, "rendering_npi": NPI}
        claim = add(self.engine, "claims", **values)
        add(self.engine, "claim_lines", claim_version_id=claim, line_number=1, rendering_npi=NPI)
        audit = add(self.engine, "audits", **NOTHING_FROZEN)
        add(self.engine, "audit_claims", audit_id=audit, claim_version_id=claim)
        plan = {"people": 2 if blind else 1, "blind": blind, "why": "x"}
        add(self.engine, "planned_claims", claim_version_id=claim, **plan)
        return claim

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def attempt(self, step: Any, *arguments: Any, **values: Any) -> bool:
        """What is refused is refused in words; nothing else may happen."""
        try:
            step(self.engine, *arguments, **values)
        except CountersignError:
            return False
        return True

    def who(self, name: str) -> dict[str, Any]:
        return {"account_id": self.people[name], "at": self.at}

    def findings(self, claim: int) -> list[int]:
        with database.read(self.engine) as connection:
            now = stand_of(connection, claim)
        return sorted(now.judged) if now else []

    @rule()
    def run(self) -> None:
        """The rules run again: new findings on both claims."""
        run = add(self.engine, "runs", state="finished", facts_sha256="f")
        for claim in self.claims:
            add(self.engine, "run_claims", run_id=run, claim_version_id=claim)
            add(self.engine, "findings", run_id=run, claim_version_id=claim, severity="error", rule="UNIT-01")
        with database.write(self.engine) as connection:
            kept.refresh(connection, self.claims, self.at)

    @rule(name=WHO, which=st.integers(0, 1))
    def take(self, name: str, which: int) -> None:
        self.attempt(leases.take, self.claims[which], **self.who(name))

    @rule()
    def time_passes(self) -> None:
        self.at += timedelta(minutes=16)

    @rule(name=WHO, which=st.integers(0, 1), kind=VERDICT)
    def decide(self, name: str, which: int, kind: str) -> None:
        self.attempt(leases.take, self.claims[which], **self.who(name))
        for finding in self.findings(self.claims[which]):
            self.decided += self.attempt(review.decide, finding, kind=kind, reason="accepted", **self.who(name))

    @rule(name=WHO, which=st.integers(0, 1))
    def report(self, name: str, which: int) -> None:
        self.decided += self.attempt(review.report_missed, self.claims[which], text="seen", **self.who(name))

    @rule(name=WHO, back=st.integers(0, 3))
    def undo(self, name: str, back: int) -> None:
        self.decided += self.attempt(review.undo, max(1, self.decided - back), text="wrong", **self.who(name))

    @rule(
        name=WHO, which=st.integers(0, 1), meaning=st.sampled_from(["reviewed", "second", "approve", "return", "back"])
    )
    def sign(self, name: str, which: int, meaning: str) -> None:
        steps: dict[str, Any] = {
            "reviewed": sign_off.sign_reviewed,
            "second": second_review.commit_second,
            "approve": sign_off.approve,
            "return": sign_off.return_claim,
            "back": sign_off.send_back,
        }
        words = {"text": "look again"} if meaning in ("return", "back") else {}
        self.attempt(leases.take, self.claims[which], **self.who(name))
        self.attempt(steps[meaning], self.claims[which], **words, **self.who(name), confirm=at_the_keyboard)

    @precondition(lambda self: self.decided > 1)
    @rule(first=WHO, second=WHO)
    def whole_way(self, first: str, second: str) -> None:
        """The straight way to an approval, which chance alone seldom finds."""
        self.at += timedelta(minutes=16)
        for name, meaning in ((first, "reviewed"), (second, "second"), (second, "approve")):
            for which in (0, 1):
                self.decide(name, which, review.DISMISS)
                self.sign(name, which, meaning)

    @rule(name=WHO, which=st.integers(0, 1))
    def release(self, name: str, which: int) -> None:
        self.attempt(release.release, [self.claims[which]], **self.who(name))

    @invariant()
    def no_decision_is_lost(self) -> None:
        with database.read(self.engine) as connection:
            assert len(connection.execute(select(schema.decisions)).all()) == self.decided

    @invariant()
    def nobody_approves_what_they_reviewed(self) -> None:
        with database.read(self.engine) as connection:
            signed = connection.execute(select(schema.signatures).order_by(schema.signatures.c.id)).mappings().all()
            made = connection.execute(select(schema.decisions)).mappings().all()
        for one in signed:
            if one["meaning"] == "reviewed":
                continue
            same = [two for two in signed if two["claim_version_id"] == one["claim_version_id"]]
            assert one["account_id"] not in {two["account_id"] for two in same if two["meaning"] == "reviewed"}
            mine = [d for d in made if d["claim_version_id"] == one["claim_version_id"] and d["stage"] == "first"]
            assert one["account_id"] not in {d["account_id"] for d in mine if d["id"] <= (one["decision_id"] or 0)}
            assert one["account_id"] not in (self.people["tess"], self.people["ada"], self.people["max"])

    @invariant()
    def nothing_follows_a_release(self) -> None:
        with database.read(self.engine) as connection:
            for row in connection.execute(select(schema.release_claims)).mappings():
                newest = schema.signatures.c.claim_version_id == row["claim_version_id"]
                ids = connection.execute(select(schema.signatures.c.id).where(newest)).scalars()
                assert max(ids) == row["signature_id"]

    @invariant()
    def the_blind_see_nothing(self) -> None:
        with database.read(self.engine) as connection:
            now = stand_of(connection, self.claims[1])
            assert now is not None
            if now.uncovered:
                return
            hands = {"first": opinions.first_hands(now), "second": opinions.second_hands(now)}
            for name, account in self.people.items():
                if PEOPLE[name] not in ("reviewer", "second_reviewer", "doctor_of_ot"):
                    continue
                seen = opinions.findings_of(connection, self.claims[1], account)
                if account not in hands["first"]:
                    assert set(seen["first"]) <= {""}
                    assert not set(seen["account_id"].dropna()) & (hands["first"] - {account})
                if account not in hands["second"]:
                    assert set(seen["second"]) <= {""}
                assert second_review.differences(connection, self.claims[1], account).empty

    @invariant()
    def the_worklist_tells_the_truth(self) -> None:
        with database.read(self.engine) as connection:
            assert kept.differing(connection) == []
            for claim in self.claims:
                now = stand_of(connection, claim)
                assert now is not None
                assert now.state in STATES


def test_no_order_of_steps_breaks_the_review(sqlite_file: Path) -> None:
    PREPARED["file"] = sqlite_file
    walk(Reviewing, examples=8, steps=10)


def test_the_machine_can_reach_an_approval_and_a_release(sqlite_file: Path) -> None:
    """Otherwise what it holds would be held of nothing."""
    PREPARED["file"] = sqlite_file
    machine = Reviewing()
    try:
        for claim in (0, 1):
            machine.decide("rita", claim, review.DISMISS)
            machine.sign("rita", claim, "reviewed")
            machine.decide("sam", claim, review.DISMISS)
            machine.sign("sam", claim, "second")
            machine.sign("sam", claim, "approve")
        machine.release("max", 0)
        with database.read(machine.engine) as connection:
            found = [stand_of(connection, claim) for claim in machine.claims]
            assert [one.state for one in found if one] == ["released", "approved"]
            assert verifying.verify(connection).breaks[:1] == ()
        for check in ("no_decision_is_lost", "nobody_approves_what_they_reviewed", "the_blind_see_nothing"):
            getattr(machine, check)()
    finally:
        machine.teardown()
