"""Two at once, twenty at once, rows changed behind the program's back, and how the database reads the worklist."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, text

from audit import leases, review
from audit.errors import CountersignError
from audit.store import database, guards, kept, schema, verifying
from audit.worklist import ORDERS, Filters, query_of
from tests import test_review_machine
from tests.stored import NOW, add, on_sqlite
from tests.test_review_machine import Reviewing

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
    audit, ids = add(engine, "audits"), []
    for number in range(claims):
        ids.append(add(engine, "claims", claim_id=f"C{number}", load_id=load))
        for table, of in (("audit_claims", {"audit_id": audit}), ("run_claims", {"run_id": run})):
            add(engine, table, claim_version_id=ids[-1], **of)
        rows = {"run_id": run, "claim_version_id": ids[-1], "severity": "error", "rule": "UNIT-01"}
        texts = dict.fromkeys(("expected", "observed", "because", "sources"), "x")
        with database.write(engine) as connection:
            connection.execute(insert(schema.findings), [{**rows, **texts, "facts_unchecked": False}] * findings)
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


def test_a_finding_decided_twice_at_once_is_decided_once(engine: Engine) -> None:
    [claim] = under_review(engine, 1, 1)
    person = add(engine, "accounts", username="p", role="reviewer")
    leases.take(engine, claim, account_id=person, at=NOW)
    with database.read(engine) as connection:
        finding = connection.execute(select(schema.findings.c.id)).scalar_one()
    decision = {"kind": review.AGREE, "account_id": person, "at": NOW}
    said = at_once([lambda: review.decide(engine, finding, **decision) for _ in range(4)])
    assert sorted(one == "" for one in said) == [False, False, False, True], said


@on_sqlite
def test_twenty_reviewers_of_fifty_decisions_each_lose_none_and_double_none(engine: Engine) -> None:
    claims = under_review(engine, 20, 50)
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
        assert connection.execute(select(*number)).one() == (1000, 1000, 20)
        assert verifying.verify(connection).breaks == ()


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
