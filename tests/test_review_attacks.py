"""Two at once, twenty at once, rows changed behind the program's back, and how the database reads the worklist."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from audit.errors import CountersignError
from audit.reviewing import leases, review, second_review, sign_off
from audit.reviewing.worklist import ORDERS, Filters, query_of
from audit.store import database, guards, kept, schema, verifying
from tests import test_review_machine
from tests.reviewing import NPI, people, take, who
from tests.stored import NOTHING_FROZEN, NOW, add, as_loaded
from tests.test_review_machine import Reviewing

__all__ = ["people"]
pytest_plugins = ["tests.databases"]


@pytest.fixture
def done(sqlite_file: Path) -> Iterator[Engine]:
    """A store with two approved claims, one of them after a blind second review."""
    test_review_machine.PREPARED["file"] = sqlite_file
    machine = Reviewing()
    for claim in (0, 1):
        machine.decide("rita", claim, review.DISMISS)
        machine.sign("rita", claim, "reviewed")
        machine.decide("sam", claim, review.DISMISS)
        machine.sign("sam", claim, "second")
        machine.sign("sam", claim, "approve")
    yield machine.engine
    machine.teardown()


COPY = "INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE id = 1"
ATTACKS = {
    "UPDATE decisions SET text = 'another reason' WHERE id = 1": "Decision 1 was changed after it was made.",
    "UPDATE decisions SET account_id = 2 WHERE id = 3": "Decision 3 was changed after it was made.",
    "UPDATE decisions SET at = '2020-01-01 00:00:00.000000' WHERE id = 1": "Decision 1 was changed after it was made.",
    "DELETE FROM decisions WHERE id = 3": "Decision 3 was removed: an event tells of it.",
    COPY.format("decisions", "claim_version_id, account_id, kind, text, at"): "Decision 4 was put in by hand: no event",
    "UPDATE signatures SET meaning = 'returned' WHERE id = 2": "Signature 2 was changed after it was made.",
    "UPDATE signatures SET printed_name = 'Sue' WHERE id = 1": "Signature 1 was changed after it was made.",
    "DELETE FROM signatures WHERE id = 5": "Signature 5 was removed: an event tells of it.",
    "UPDATE findings SET because = 'z' WHERE id = 1": "Signature 1: what it was given for was changed afterwards.",
    "DELETE FROM findings WHERE id = 2": "Signature 3: what it was given for was changed afterwards.",
    "UPDATE claims SET content_sha256 = 'y' WHERE id = 1": "Signature 1: what it was given for was changed",
    "UPDATE runs SET facts_sha256 = 'y'": "Signature 1: what it was given for was changed afterwards.",
    "UPDATE events SET account_id = 2 WHERE id = 4": "Event 4: its content was changed after it was recorded.",
    "DELETE FROM events WHERE id = 4": "Event 5: it does not follow the event before it",
    "UPDATE worklist SET state = 'ready' WHERE claim_version_id = 1": "The worklist shows claim version 1 where it",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_changed_behind_the_guards_is_found(done: Engine, attack: str) -> None:
    """The attacker takes the guards away, turns the references off, and puts the guards back."""
    with database.read(done) as connection:
        assert verifying.verify(connection).breaks == ()
    with done.connect() as raw:
        raw.execution_options(countersign_writes=True)
        raw.exec_driver_sql("PRAGMA foreign_keys = OFF")
        raw.rollback()
        raw.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        with raw.begin():
            guards.remove(raw)
            assert raw.execute(text(attack)).rowcount >= 1
            guards.install(raw)
        raw.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
    with database.read(done) as connection:
        found = verifying.verify(connection).breaks
    assert any(one.startswith(ATTACKS[attack]) for one in found), found


def under_review(engine: Engine, claims: int, findings: int) -> list[int]:
    """Claims with findings under audit, put in directly; their ids."""
    add(engine, "accounts", username="admin", role="administrator")
    load, run = add(engine, "loads"), add(engine, "runs", state="finished", facts_sha256="f")
    audit, ids = add(engine, "audits", **NOTHING_FROZEN), []
    for number in range(claims):
        ids.append(add(engine, "claims", claim_id=f"C{number}", load_id=load))
        for table, of in (("audit_claims", {"audit_id": audit}), ("run_claims", {"run_id": run})):
            add(engine, table, claim_version_id=ids[-1], **of)
        rows = {"run_id": run, "claim_version_id": ids[-1], "severity": "error", "rule": "UNIT-01"}
        texts = dict.fromkeys(("expected", "observed", "because", "sources"), "x")
        with database.write(engine) as connection:
            connection.execute(insert(schema.findings), [{**rows, **texts, "facts_unchecked": False}] * findings)
    as_loaded(engine)
    with database.write(engine) as connection:
        kept.refresh(connection, ids, NOW)
    return ids


def at_once(steps: list[Callable[[], Any]]) -> list[str]:
    """Run all of them at the same moment; what each was refused with, "" when it was not."""
    gate, said = threading.Barrier(len(steps)), [""] * len(steps)

    def work(number: int) -> None:
        gate.wait()
        try:
            steps[number]()
        except CountersignError as error:
            said[number] = error.sentence()
        except Exception as error:
            said[number] = f"BROKEN {error!r}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_of_two_who_take_a_claim_at_once_one_gets_it(engine: Engine) -> None:
    [claim] = under_review(engine, 1, 1)
    people = [add(engine, "accounts", username=f"p{n}", name=f"P{n}", role="reviewer") for n in range(4)]
    said = at_once([lambda p=p: leases.take(engine, claim, account_id=p, at=NOW) for p in people])
    assert sorted(one == "" for one in said) == [False, False, False, True], said
    assert all("is at work on this claim" in one.lower() for one in said if one), said


def at_work(engine: Engine) -> tuple[int, int, int]:
    """A claim under review, its only finding, and the reviewer who is at work on it."""
    [claim] = under_review(engine, 1, 1)
    person = add(engine, "accounts", username="p", role="reviewer")
    leases.take(engine, claim, account_id=person, at=NOW)
    with database.read(engine) as connection:
        return claim, connection.execute(select(schema.findings.c.id)).scalar_one(), person


def test_a_finding_decided_twice_at_once_is_decided_once(engine: Engine) -> None:
    _, finding, person = at_work(engine)
    decision = {"kind": review.AGREE, "account_id": person, "at": NOW}
    said = at_once([lambda: review.decide(engine, finding, **decision) for _ in range(4)])
    assert sorted(one == "" for one in said) == [False, False, False, True], said


def test_a_claim_signed_twice_at_once_is_signed_once(engine: Engine) -> None:
    claim, finding, person = at_work(engine)
    review.decide(engine, finding, kind=review.AGREE, account_id=person, at=NOW)
    said = at_once([lambda: sign_off.sign_reviewed(engine, claim, **who(person)) for _ in range(4)])
    assert sorted(one == "" for one in said) == [False, False, False, True], said
    assert not any("BROKEN" in one for one in said), said
    with database.read(engine) as connection:
        assert connection.execute(select(func.count()).select_from(schema.signatures)).scalar_one() == 1
        assert verifying.verify(connection).breaks == ()


def test_twenty_reviewers_at_once_lose_none_and_double_none(engine: Engine) -> None:
    """Fifty decisions each on SQLite; five on PostgreSQL, whose server is another process."""
    each = 50 if engine.dialect.name == "sqlite" else 5
    claims = under_review(engine, 20, each)
    people = [add(engine, "accounts", username=f"p{n}", role="reviewer") for n in range(20)]
    with database.read(engine) as connection:
        table = schema.findings
        of_claim = {
            one: list(connection.execute(select(table.c.id).where(table.c.claim_version_id == one)).scalars())
            for one in claims
        }

    def work(claim: int, person: int) -> None:
        leases.take(engine, claim, account_id=person, at=NOW)
        for finding in of_claim[claim]:
            review.decide(engine, finding, kind=review.AGREE, account_id=person, at=NOW)

    said = at_once([lambda c=c, p=p: work(c, p) for c, p in zip(claims, people, strict=True)])
    assert said == [""] * 20
    made = schema.decisions
    with database.read(engine) as connection:
        number = func.count(), func.count(made.c.finding_id.distinct()), func.count(made.c.account_id.distinct())
        assert connection.execute(select(*number)).one() == (20 * each, 20 * each, 20)
        assert verifying.verify(connection).breaks == ()


class Forger:
    """Writes rows by plain SQL, with the lease of whoever it says it is. `tells`: what the database answers."""

    def __init__(self, engine: Engine, people: dict[str, int]) -> None:
        self.engine, self.people = engine, people
        [self.claim] = under_review(engine, 1, 2)
        with database.write(engine) as connection:
            connection.execute(update(schema.claims).values(is_current=False))
        load = add(engine, "loads")
        self.claim = add(engine, "claims", claim_id="C0", version=2, load_id=load, rendering_npi=NPI)
        run = add(engine, "runs", state="finished", facts_sha256="f", load_id=load)
        add(engine, "run_claims", run_id=run, claim_version_id=self.claim)
        add(engine, "planned_claims", claim_version_id=self.claim, people=2, blind=True)
        same = {"run_id": run, "claim_version_id": self.claim, "severity": "error", "facts_unchecked": False}
        self.run, self.findings = run, [add(engine, "findings", **same) for _ in range(2)]

    def reviews(self, name: str, kinds: list[str], sign: Any) -> None:
        """As the services let it: every finding a verdict, then the signature."""
        take(self.engine, self.claim, self.people[name])
        for finding, kind in zip(self.findings, kinds, strict=True):
            said = {"account_id": self.people[name], "at": NOW, "reason": "accepted"}
            review.decide(self.engine, finding, kind=kind, **said)
        sign(self.engine, self.claim, **who(self.people[name]))

    def tells(self, table: str, name: str, **row: Any) -> str:
        with database.write(self.engine) as connection:
            connection.execute(delete(schema.leases))
        if row.pop("leased", True):
            ends = {"taken_at": NOW, "ends_at": NOW + leases.LEASE}
            add(self.engine, "leases", claim_version_id=self.claim, account_id=self.people[name], **ends)
        same = {"claim_version_id": self.claim, "account_id": self.people[name], "at": NOW}
        try:
            add(self.engine, table, **same, **row)
        except DBAPIError as error:
            return guards.refusal(error) or "BROKEN"
        return "TAKEN"

    def decision(self, name: str, stage: str, finding: int = 0, **row: Any) -> str:
        about = {"finding_id": self.findings[finding], "kind": "agree", "reason": "", "corrected": "", "text": ""}
        return self.tells("decisions", name, **{**about, "stage": stage, "review_id": self.review_id, **row})

    def signature(self, name: str, meaning: str, **row: Any) -> str:
        says = {
            "meaning": meaning,
            "reason": "",
            "run_id": self.run,
            "review_id": self.review_id,
            "single_person": False,
        }
        return self.tells("signatures", name, **{**says, **row})

    @property
    def review_id(self) -> int:
        with database.read(self.engine) as connection:
            return int(connection.execute(select(func.max(schema.signatures.c.id)).where(
                schema.signatures.c.meaning == "reviewed")).scalar_one())  # fmt: skip


def test_no_forbidden_step_of_a_second_review_by_plain_sql(engine: Engine, people: dict[str, int]) -> None:
    forger = Forger(engine, people)
    forger.reviews("sue", [review.AGREE, review.DISMISS], sign_off.sign_reviewed)
    tells = {
        "the first reviewer": forger.decision("sue", "second"),
        "who rendered it": forger.decision("tess", "second"),
        "a reviewer": forger.decision("ron", "second"),
        "a manager": forger.decision("max", "second"),
        "an administrator": forger.decision("ada", "second"),
        "without the claim": forger.decision("sam", "second", leased=False),
        "about no signature": forger.decision("sam", "second", review_id=None),
        "the first review again": forger.tells("decisions", "rita", kind="missed", stage="first", text="late"),
        "an adjudication too early": forger.decision("dora", "adjudication"),
        "commit without verdicts": forger.signature("sam", "second"),
        "commit by the first": forger.signature("sue", "second"),
        "approve without it": forger.signature("dora", "approved"),
        "return without it": forger.signature("dora", "returned", reason="x"),
        "approved by an administrator": forger.signature("ada", "approved"),
    }
    wanted = {
        "the first reviewer": "whoever decided on a claim may not review it again",
        "who rendered it": "whoever rendered or billed a claim may not be its second reviewer",
        "a reviewer": "your account may not give a second review",
        "a manager": "your account may not",
        "an administrator": "your account may not",
        "without the claim": "you do not hold this claim",
        "about no signature": "a second review follows the first signature and ends with the second",
        "the first review again": "the claim is signed as reviewed: the first review is closed",
        "an adjudication too early": "an adjudication follows the second review",
        "commit without verdicts": "findings without your verdict are left",
        "commit by the first": "",
        "approve without it": "the plan asks for a second review",
        "return without it": "the plan asks for a second review",
        "approved by an administrator": "",
    }
    assert {attack: said for attack, said in tells.items() if said in ("TAKEN", "BROKEN")} == {}
    assert {attack: said for attack, said in tells.items() if not said.startswith(wanted[attack])} == {}
    assert forger.decision("sam", "second") == "TAKEN", "what is allowed is not refused"
    assert forger.decision("dora", "second", 1) == "another person has begun the second review"


def test_no_forbidden_step_of_an_adjudication_by_plain_sql(engine: Engine, people: dict[str, int]) -> None:
    forger = Forger(engine, people)
    forger.reviews("sue", [review.AGREE, review.DISMISS], sign_off.sign_reviewed)
    forger.reviews("sam", [review.AGREE, review.AGREE], second_review.commit_second)
    tells = {
        "the first reviewer": forger.decision("sue", "adjudication", 1),
        "the second reviewer": forger.decision("sam", "adjudication", 1),
        "who rendered it": forger.decision("tess", "adjudication", 1),
        "a reviewer": forger.decision("ron", "adjudication", 1),
        "an auditor": forger.decision("lucy", "adjudication", 1),
        "a second review after it": forger.decision("dora", "second", 1),
        "committed twice": forger.signature("dora", "second"),
        "approved over the difference": forger.signature("dora", "approved"),
        "returned over the difference": forger.signature("dora", "returned", reason="x"),
    }
    wanted = {
        "the first reviewer": "whoever decided on a claim may not review it again",
        "the second reviewer": "an adjudicator may not be the second reviewer",
        "who rendered it": "whoever rendered or billed a claim may not be its second reviewer",
        "a reviewer": "your account may not give a second review",
        "an auditor": "your account may not",
        "a second review after it": "",
        "committed twice": "",
        "approved over the difference": "",
        "returned over the difference": "the two reviews differ and are not adjudicated",
    }
    assert {attack: said for attack, said in tells.items() if said in ("TAKEN", "BROKEN")} == {}
    assert {attack: said for attack, said in tells.items() if not said.startswith(wanted[attack])} == {}
    assert forger.decision("dora", "adjudication", 1) == "TAKEN", "the third person settles it"
    assert forger.signature("dora", "returned", reason="bill one unit") == "TAKEN"


@pytest.fixture
def crowded(engine: Engine) -> Engine:
    """A worklist of 3,000 claims in ten states."""
    add(engine, "accounts", username="x")
    load = add(engine, "loads")
    words = dict.fromkeys(("claim_id", "found", "payer", "therapist"), "x")
    counts = dict.fromkeys(("errors", "warnings", "infos", "untestables", "undecided"), 0)
    claims, rows = [], []
    for n in range(3000):
        same = {"service_date": date(2026, 1, 1) + timedelta(days=n % 300), "rendering_npi": f"{n % 40}"}
        ids = {"claim_id": f"C{n}", "patient_id": "P", "payer_id": f"{n % 9}", "content_sha256": "x"}
        claims.append({"id": n + 1, "version": 1, "is_current": True, "load_id": load, **ids, **same})
        state = {"state": sorted(review.VIEWS)[n % 10], "people": 1, "blind": False, "risk": n % 300}
        state |= {"dollars": Decimal(n % 500), "due_on": kept.NO_DAY, "since": NOW, "payer_id": f"{n % 9}"}
        rows.append({"claim_version_id": n + 1, **words, **counts, **state, **same})
    with database.write(engine) as connection:
        connection.execute(insert(schema.claims), claims)
        connection.execute(insert(schema.worklist), rows)
    with engine.connect() as raw:
        raw.execution_options(countersign_writes=True)
        raw.exec_driver_sql("ANALYZE")
        raw.commit()
    return engine


@pytest.mark.parametrize("order", ORDERS)
def test_a_page_of_the_worklist_is_read_by_an_index(crowded: Engine, order: str) -> None:
    wanted = {
        "all": Filters(),
        "payer": Filters(payer_id="3"),
        "risk": Filters(min_risk=280),
        "due": Filters(due_by=date(2026, 1, 1)),
        "rule": Filters(rule="UNIT-01"),
        "holder": Filters(holder=1),
        "audit": Filters(audit_id=1),
        "mine": Filters(assigned_to=1),
    }
    explain = "EXPLAIN QUERY PLAN" if crowded.dialect.name == "sqlite" else "EXPLAIN"
    for name, filters in wanted.items():
        query = query_of("to_review", filters, order, NOW).limit(25).offset(50)
        with database.read(crowded) as connection:
            compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
        assert "Seq Scan on worklist" not in plan, (name, plan)
        assert "SCAN worklist" not in plan, (name, plan)
        assert any(one in plan for one in ("ix_worklist", "worklist_pkey", "pk_worklist")), (name, plan)
        if name == "all":
            assert "TEMP B-TREE" not in plan, plan
