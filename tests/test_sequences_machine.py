"""Loads, runs, samples and reviews in any order over the real store: what must hold after each step.

Few rules are run, so that a step costs a moment; what single orders once broke stands in `test_sequences`.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from audit import sampling
from audit.auditing import audits, running, screening
from audit.engine import chosen_rules
from audit.errors import CountersignError
from audit.figures import results
from audit.loading import arrivals, undoing
from audit.reviewing import leases, review, second_review, sign_off, worklist
from audit.reviewing import review_plan as plans
from audit.store import database, kept, schema, verifying
from audit.store.standing import stand
from tests.handed_in import as_csv, claim, note, service
from tests.places import MEMORY
from tests.reviewing import add_people, undecided, who
from tests.stored import NOW, count_rows
from tests.test_incremental import findings_of_all, standing_findings
from tests.walking import walk

pytest_plugins = ["tests.databases"]
RULES = ("UNIT-01", "UNIT-12", "DOC-01")
VISIT = st.integers(1, 4)
PREPARED: dict[str, Path] = {}


@pytest.fixture
def few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = chosen_rules(RULES)
    monkeypatch.setattr(running, "chosen_rules", lambda: rules)


def of_visit(number: int) -> dict[str, str]:
    """Two patients on two days: of four visits two are of one patient, and two of one day."""
    return {
        "patient_id": f"P{number % 2}",
        "service_date": f"2026-03-{12 + number // 3}",
        "patient_name": f"Zq {number}",
    }


class Clinic(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        shutil.copy(PREPARED["file"], self.folder / "m.db")
        self.engine = database.connect(f"sqlite:///{self.folder / 'm.db'}")
        self.people, self.at = add_people(self.engine), NOW
        plan = plans.Plan((plans.PlanRule(2),), 0.0, "1" * 20)
        plans.set_plan(self.engine, plan, account_id=self.people["max"], at=NOW, reason="measure")
        self.files: list[tuple[str, bytes]] = []
        self.loads: list[int] = []
        self.take_in(*[("claims.csv", as_csv([claim(n, 2 + n % 2) | of_visit(n) for n in range(1, 4)]))])
        self.sample(3, flagged=False)

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def by(self, name: str = "max") -> dict[str, Any]:
        self.at += timedelta(minutes=1)
        return {"account_id": self.people[name], "at": self.at}

    def attempt(self, step: Any, *arguments: Any, **values: Any) -> Any:
        """What is refused is refused in words; nothing else may happen."""
        try:
            return step(self.engine, *arguments, **values)
        except CountersignError:
            return None

    def take_in(self, *files: tuple[str, bytes]) -> None:
        self.files = list(files)
        done = arrivals.take_in(self.engine, files, **self.by()).loaded
        self.loads += [done.load_id] if done.load_id else []

    def under_review(self) -> list[int]:
        with database.read(self.engine) as connection:
            return list(connection.execute(select(kept.table.c.claim_version_id)).scalars())

    @rule(number=VISIT, units=st.integers(1, 4), moved=st.booleans(), judged=st.booleans())
    def bill(self, number: int, units: int, moved: bool, judged: bool) -> None:
        self.take_in(("claims.csv", as_csv([claim(number, units) | of_visit(number + moved)])))
        if judged:
            self.judge_what_is_new()

    @rule(number=VISIT, minutes=st.sampled_from([15, 30, 53]), moved=st.booleans())
    def write(self, number: int, minutes: int, moved: bool) -> None:
        told = {"total_timed_minutes": str(minutes), "total_treatment_minutes": str(minutes), "end_time": "09:53"}
        written = note(number) | of_visit(number + moved) | told
        lines = service(number) | {"minutes": str(minutes)}
        self.take_in(("notes.csv", as_csv([written])), ("note_services.csv", as_csv([lines])))

    @rule()
    def load_the_same_again(self) -> None:
        self.take_in(*self.files)
        before = count_rows(self.engine)
        self.take_in(*self.files)
        assert count_rows(self.engine) == before

    @rule(number=VISIT)
    def load_and_undo(self, number: int) -> None:
        """All stands as before."""
        before, loads = self.shown(), len(self.loads)
        self.write(number, 45, moved=True)
        if len(self.loads) == loads:
            return
        assert undoing.why_not(self.engine, self.loads[-1]) == ""
        undoing.undo(self.engine, self.loads[-1], reason="wrong", **self.by())
        assert self.shown() == before

    @rule(back=st.integers(1, 2))
    def undo(self, back: int) -> None:
        self.attempt(undoing.undo, self.loads[-back:][0], reason="wrong", **self.by())

    @rule()
    def judge_what_is_new(self) -> None:
        running.screen_new(self.engine, **self.by())
        assert standing_findings(self.engine) == findings_of_all(self.engine, RULES)

    @rule(which=st.integers(0, 3))
    def judge_one_again(self, which: int) -> None:
        for one in self.under_review()[which : which + 1]:
            running.screen_again(self.engine, [one], **self.by())

    @rule(many=st.integers(1, 3), flagged=st.booleans())
    def sample(self, many: int, flagged: bool) -> None:
        self.attempt(running.screen, **self.by())
        runs = screening.unplanned(self.engine)["id"].tolist()
        if not runs:
            return
        run = int(runs[-1])
        plan = None
        if not flagged:
            with database.read(self.engine) as connection:
                try:
                    frame = audits.frame_of(connection, run)
                except CountersignError:
                    return
            plan = sampling.simple_plan(frame, min(many, frame.size))
        made = self.attempt(audits.open_audit, run, name="", plan=plan, **self.by())
        if made and plan:
            audits.draw_seed(self.engine, made, seed="1" * 20, **self.by())

    @rule(kinds=st.tuples(*[st.sampled_from([review.AGREE, review.DISMISS])] * 2), seen=st.booleans())
    def review_all(self, kinds: tuple[str, str], seen: bool) -> None:
        """By two people, as far as they come; the second may see an error and send the claim back."""
        for one in self.under_review():
            for name, kind, sign in zip(
                ("rita", "sam"), kinds, (sign_off.sign_reviewed, second_review.commit_second), strict=True
            ):
                self.at += leases.LEASE
                self.attempt(leases.take, one, **self.by(name))
                for finding in undecided(self.engine, one, self.people[name]):
                    self.attempt(review.decide, finding, kind=kind, reason="accepted", **self.by(name))
                if seen and name == "sam":
                    self.attempt(review.report_missed, one, text="seen", **self.by(name))
                    self.attempt(sign_off.send_back, one, text="look", **who(self.people["sam"], self.at))
                self.attempt(sign, one, **who(self.people[name], self.at))
            for end in (sign_off.approve, sign_off.return_claim):
                words = {"text": "see"} if end is sign_off.return_claim else {}
                self.attempt(leases.take, one, **self.by("sam"))
                self.attempt(end, one, **words, **who(self.people["sam"], self.at))

    def shown(self) -> dict[int, tuple[Any, ...]]:
        with database.read(self.engine) as connection:
            rows = connection.execute(select(kept.table)).mappings().all()
        return {row["claim_version_id"]: (row["state"], row["run_id"], row["found"], row["people"]) for row in rows}

    @invariant()
    def the_record_holds(self) -> None:
        with database.read(self.engine) as connection:
            assert verifying.verify(connection).breaks == ()

    @invariant()
    def a_claim_is_in_one_tab(self) -> None:
        counts = worklist.counts(self.engine)
        pages = [worklist.worklist(self.engine, view, at=self.at).rows["claim_id"].tolist() for view in counts]
        assert [len(page) for page in pages] == list(counts.values())
        every = [claim_id for page in pages for claim_id in page]
        assert len(every) == len(set(every))

    @invariant()
    def the_figures_say_what_stands_on_the_claims(self) -> None:
        every = results.overview(self.engine).set_index("id")
        for audit_id, told in every.to_dict("index").items():
            now = results.in_claims(self.engine, int(str(audit_id)))
            assert told["reviewed"] == now.strata["reviewed"].sum()
            assert now.estimate is None or (now.complete and now.audit.plan)
            rows = now.claims[now.claims["reviewed"] & ~now.claims["missing"]]
            with database.read(self.engine) as connection:
                standings = stand(connection, [int(one) for one in rows["claim_version_id"]])
            for one, wrong in rows[["claim_version_id", "in_error"]].to_numpy().tolist():
                if not standings[one].left_behind:
                    assert bool(wrong) == standings[one].in_error
            upheld = set(now.by_rule.loc[now.by_rule["upheld"] > 0, "rule"])
            assert not upheld or len(now.claims) > 0

    @invariant()
    def everybody_the_plan_asks_for_reviews(self) -> None:
        with database.read(self.engine) as connection:
            for row in connection.execute(select(kept.table).where(kept.table.c.run_id.is_not(None))):
                assert row.people == 2
            signed = connection.execute(select(schema.signatures)).mappings().all()
        for one in signed:
            if one["meaning"] == "approved":
                same = {s["meaning"] for s in signed if s["claim_version_id"] == one["claim_version_id"]}
                assert {"reviewed", "second"} <= same


def test_no_order_of_steps_breaks_what_stands(sqlite_file: Path, few_rules: None) -> None:
    PREPARED["file"] = sqlite_file
    walk(Clinic, examples=3, steps=7)


def test_a_straight_way_through_the_machine_ends_in_signatures(sqlite_file: Path, few_rules: None) -> None:
    """Otherwise what it holds would be held of little: chance alone seldom signs, corrects and judges in turn."""
    PREPARED["file"] = sqlite_file
    machine = Clinic()
    dismissed = (review.DISMISS, review.DISMISS)
    steps = (
        lambda: machine.review_all(dismissed, seen=False),
        lambda: machine.load_and_undo(1),
        lambda: machine.bill(1, 4, moved=False, judged=True),
        lambda: machine.review_all(dismissed, seen=True),
    )
    try:
        for step in steps:
            step()
            machine.the_record_holds()
            machine.a_claim_is_in_one_tab()
            machine.the_figures_say_what_stands_on_the_claims()
            machine.everybody_the_plan_asks_for_reviews()
        assert worklist.counts(machine.engine)["approved"] > 0
    finally:
        machine.teardown()
