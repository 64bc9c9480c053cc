"""What pages ask of the store reads no large table whole: every query behind a claim, explained by the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select

from audit.auditing import audits
from audit.reviewing import evidence, review_plan, worklist
from audit.store import adding, database, kept, rows, schema
from audit.store.loading import load
from tests.databases import filled
from tests.stored import NOW, add, line, note, service, tables_of

pytest_plugins = ["tests.databases"]

CLAIMS = 1500
LARGE = ("claims", "claim_lines", "notes", "note_services", "findings", "run_claims", "plans_of_care", "authorizations",
         "worklist", "audit_claims")  # fmt: skip
"""Those that the clinic fills: PostgreSQL reads an empty table whole, and rightly."""
SCAN = re.compile(r"(?:Seq Scan on|SCAN) (?:public\.)?(\w+)")


def _fill(engine: Engine) -> int:
    """A clinic of CLAIMS claims that a run judged, and the worklist of it; returns a claim in the middle."""
    reviewer = add(engine, "accounts", username="rita", role="reviewer", npi="")
    days = [(date(2026, 1, 1) + timedelta(days=n % 90)).isoformat() for n in range(CLAIMS)]
    told = [
        {"patient_id": f"P{n // 10}", "service_date": days[n], "rendering_npi": f"{n % 30:010}"} for n in range(CLAIMS)
    ]
    tables = tables_of(
        claims=[line(f"C{n}", **told[n]) for n in range(CLAIMS)],
        notes=[note(f"N{n}", claim_id=f"C{n}", **told[n]) for n in range(CLAIMS)],
        note_services=[service(f"N{n}") for n in range(CLAIMS)],
        plans_of_care=[{"plan_id": f"L{n}", "patient_id": f"P{n}", "start_date": "2026-01-01"} for n in range(600)],
        authorizations=[{"number": f"A{n}", "patient_id": f"P{n}", "units": "9"} for n in range(600)],
    )
    load(engine, tables, [], name="x", sha256="1" * 64, account_id=None, at=NOW)
    run = add(engine, "runs", state="finished", load_id=1, facts_sha256="x")
    ids = range(1, CLAIMS + 1)
    found = {"run_id": run, "rule": "UNIT-01", "severity": "error", "line_number": 1, "facts_unchecked": False}
    found |= dict.fromkeys(("expected", "observed", "because", "sources"), "x")
    with database.write(engine) as connection:
        connection.execute(insert(schema.run_claims), [{"run_id": run, "claim_version_id": one} for one in ids])
        connection.execute(insert(schema.findings), [{**found, "claim_version_id": one} for one in ids for _ in "ab"])
        audit = {"name": "x", "run_id": run, "kind": "flagged", "account_id": reviewer, "frozen_at": NOW}
        audit |= dict.fromkeys(("frame_csv", "frame_sha256", "plan", "plan_sha256"), "x")
        connection.execute(insert(schema.audits), [audit])
        taken = [{"audit_id": 1, "claim_version_id": one, "stratum": "all", "position": one} for one in ids]
        connection.execute(insert(schema.audit_claims), taken)
        kept.refresh(connection, list(ids), NOW)
    with engine.connect() as raw:
        raw.execution_options(countersign_writes=True)
        raw.exec_driver_sql("ANALYZE")
        raw.commit()
    return CLAIMS // 2


clinic = filled("clinic", _fill)


@contextmanager
def explained(engine: Engine) -> Iterator[dict[str, str]]:
    """The plan of every query within, by the query; each is asked of the database with its parameters."""
    found: dict[str, str] = {}

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.lstrip().startswith("SELECT"):
            word = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
            other = connection.connection.driver_connection.cursor()
            if engine.dialect.name == "postgresql":  # a small table is read whole where that is cheaper
                other.execute("SET LOCAL enable_seqscan = off")
            other.execute(f"{word} {statement}", parameters)
            found[statement] = "\n".join(str(row[-1]) for row in other.fetchall())

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def _scanned(plan: str) -> set[str]:
    return set(SCAN.findall(plan)) & set(LARGE)


def _look(engine: Engine, claim: int) -> None:
    with database.read(engine) as connection:
        evidence.decided(connection, claim, 1)


ASKED: dict[str, Callable[[Engine, int], Any]] = {
    "where a claim stands": _look,
    "its evidence": evidence.evidence,
    "a claim by its number": lambda engine, claim: evidence.claim_version(engine, f"C{claim - 1}"),
    "the next claim": lambda engine, _: worklist.next_claim(engine, "to_review", account_id=1, at=NOW),
    "the one that follows": lambda engine, one: worklist.next_claim(engine, "ready", after=one, account_id=1, at=NOW),
    "the worklist": lambda engine, _: worklist.worklist(engine, "to_review", at=NOW, page=20),
}


def test_no_large_table_is_read_whole(engine: Engine, clinic: int) -> None:
    for name, ask in ASKED.items():
        with explained(engine) as plans:
            assert ask(engine, clinic) is not clinic
        assert plans, name
        for query, plan in plans.items():
            assert _scanned(plan) == set(), (name, query, plan)


def test_a_plan_that_reads_a_table_whole_is_seen(engine: Engine, clinic: int) -> None:
    with explained(engine) as plans, database.read(engine) as connection:
        connection.exec_driver_sql("SELECT because FROM findings WHERE because = 'y'")
    assert [_scanned(plan) for plan in plans.values()] == [{"findings"}]
    assert clinic


def test_next_goes_round_all_claims_the_urgent_ones_first(engine: Engine, clinic: int) -> None:
    shown = schema.worklist
    with database.write(engine) as connection:
        connection.execute(shown.update().where(shown.c.claim_version_id % 7 == 0).values(state="sent_back"))
        connection.execute(shown.update().where(shown.c.claim_version_id % 5 == 0).values(risk=shown.c.risk + 1))
    states = worklist.counts(engine)
    round_trip = [worklist.next_claim(engine, "to_review")]
    while len(round_trip) <= CLAIMS:
        round_trip.append(worklist.next_claim(engine, "to_review", after=round_trip[-1]))
    listed = [
        int(one)
        for view in ("sent_back", "to_review")
        for one in worklist.worklist(engine, view, at=NOW, size=CLAIMS).rows["claim_version_id"]
    ]
    assert min(states["sent_back"], states["to_review"]) > 1
    assert round_trip == [*listed, listed[0]]
    assert clinic in listed


def test_after_a_signature_comes_what_is_urgent_and_then_what_followed(engine: Engine, clinic: int) -> None:
    shown = schema.worklist
    order = list(worklist.worklist(engine, "to_review", at=NOW, size=CLAIMS).rows["claim_version_id"])
    signed, following, urgent = int(order[3]), int(order[4]), int(order[0])
    with database.write(engine) as connection:
        connection.execute(shown.update().where(shown.c.claim_version_id == signed).values(state="ready"))
    assert worklist.next_claim(engine, "to_review", after=signed) == following
    with database.write(engine) as connection:
        connection.execute(shown.update().where(shown.c.claim_version_id == urgent).values(state="sent_back"))
    assert worklist.next_claim(engine, "to_review", after=signed) == urgent
    assert clinic in order


def test_many_claims_are_planned_part_by_part_and_stand_as_they_should(
    engine: Engine, clinic: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "AT_ONCE", 400)
    shown = schema.worklist
    two = review_plan.Plan((review_plan.PlanRule(2, severity="error", blind=True),), seed="s")
    monkeypatch.setattr(review_plan, "current", lambda _: two)
    with database.write(engine) as connection:
        told: list[tuple[int, int]] = []
        review_plan.plan_claims(connection, range(1, CLAIMS + 1), NOW, lambda *step: told.append(step))
        assert told == [(done, CLAIMS) for done in (0, 400, 800, 1200)]
        assert kept.differing(connection) == []
        planned = connection.execute(
            select(shown.c.people, shown.c.blind, func.count()).group_by(shown.c.people, shown.c.blind)
        ).all()
        again = connection.execute(select(func.count()).select_from(schema.planned_claims)).scalar()
        review_plan.plan_claims(connection, range(1, CLAIMS + 1), NOW)
        assert connection.execute(select(func.count()).select_from(schema.planned_claims)).scalar() == again == CLAIMS
    assert [tuple(row) for row in planned] == [(2, True, CLAIMS)]
    assert clinic


def test_an_audit_that_is_stopped_while_it_takes_claims_was_never_opened(engine: Engine, clinic: int) -> None:
    by = add(engine, "accounts", username="max", role="manager", npi="")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    told: Any = {"name": "stopped", "plan": None, "account_id": by, "at": NOW}
    with pytest.raises(KeyboardInterrupt):
        audits.open_audit(engine, 1, **told, progress=stop)
    assert len(audits.audits(engine)) == 1, "the one of the clinic"
    assert clinic


def test_how_long_claims_wait_is_the_middle_of_them(engine: Engine, clinic: int) -> None:
    first = NOW - timedelta(days=7)
    shown = schema.worklist
    with database.write(engine) as connection:
        connection.execute(shown.update().where(shown.c.claim_version_id <= clinic).values(since=first))
    for hours, days in ((0, 0), (30, 1), (24 * 9, 9)):
        [row] = worklist.ages(engine, NOW + timedelta(hours=hours)).to_dict("records")
        assert row == {"state": "to_review", "claims": CLAIMS, "oldest": 7 + days, "median": 3.5 + days}


def test_a_large_load_lets_the_database_choose_the_right_index(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without statistics SQLite goes through all current claims to find one by its number."""
    monkeypatch.setattr(adding, "AT_ONCE", 100)
    tables = tables_of(claims=[line(f"C{n}", patient_id=f"P{n // 10}") for n in range(300)])
    load(engine, tables, [], name="x", sha256="1" * 64, account_id=None, at=NOW)
    with explained(engine) as plans:
        evidence.claim_version(engine, "C7")
    [plan] = plans.values()
    assert "ix_claims_current_date" not in plan, plan
