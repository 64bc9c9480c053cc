"""Runs: what was screened and found, kept as one piece or not at all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, select, text

from audit import model
from audit.errors import StateError
from audit.store import database, runs, schema, trail
from audit.store.loading import load
from audit.store.reading import chosen_claims
from tests.stored import NOW, add, count_rows, line, tables_of

pytest_plugins = ["tests.databases"]


@pytest.fixture
def chosen(engine: Engine) -> list[int]:
    tables = tables_of(claims=[line("C1"), line("C2"), line("C3")])
    load(engine, tables, [], name="x", sha256="x", account_id=None, at=NOW)
    return chosen_claims(engine)


def start(engine: Engine, claims: list[int], **values: Any) -> int:
    fixed: dict[str, Any] = {"code_version": "0.1.0", "facts_sha256": "f" * 64, "account_id": None, "at": NOW}
    return runs.start_run(engine, claim_version_ids=claims, **fixed | values)


def finding(claim: int | None, **cells: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(model.FINDING_COLUMNS, ""),
        "claim_version_id": claim,
        "rule": "UNIT-01",
        "severity": "error",
        "line_number": 1,
        "sources": "cms-100-04-ch5-20.2 42-cfr-410.59",
        "dollars_at_risk": Decimal("22.21"),
        "dollars_under": Decimal("0.00"),
        "facts_unchecked": True,
    } | cells


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=list(runs.FINDING_COLUMNS))
    return found.astype({"line_number": "Int64", "claim_version_id": "Int64", "rule": "str", "expected": "str"})


def all_of(engine: Engine, table: str) -> list[dict[str, Any]]:
    with database.read(engine) as connection:
        return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]


def test_a_run_keeps_what_it_screened_and_found(engine: Engine, chosen: list[int]) -> None:
    ada = add(engine, "accounts", username="ada")
    run = start(engine, chosen, account_id=ada)
    found = frame(finding(chosen[0], expected="1", observed="2"), finding(chosen[1], severity="untestable"))
    assert runs.finish_run(engine, run, findings=found, claim_version_ids=chosen, at=NOW) == 2
    [row] = all_of(engine, "runs")
    assert (row["state"], row["claim_count"], row["finished_at"], row["account_id"]) == ("finished", 3, NOW, ada)
    assert [r["claim_version_id"] for r in all_of(engine, "run_claims")] == chosen
    first = all_of(engine, "findings")[0]
    assert (first["expected"], first["observed"], first["dollars_at_risk"]) == ("1", "2", Decimal("22.21"))
    assert (first["line_number"], first["facts_unchecked"]) == (1, True)
    assert first["sources"] == "cms-100-04-ch5-20.2 42-cfr-410.59"


def test_a_finding_may_have_no_claim_no_line_and_no_amount(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen)
    unbilled = finding(None, line_number=None, dollars_at_risk=None, note_id="N7", facts_unchecked=False)
    runs.finish_run(engine, run, findings=frame(unbilled), claim_version_ids=chosen, at=NOW)
    [kept] = all_of(engine, "findings")
    assert (kept["claim_version_id"], kept["line_number"], kept["dollars_at_risk"]) == (None, None, None)
    assert kept["note_id"] == "N7"


def test_a_run_without_findings_or_claims_is_a_run(engine: Engine) -> None:
    run = start(engine, [])
    assert runs.finish_run(engine, run, findings=frame(), claim_version_ids=[], at=NOW) == 0
    assert all_of(engine, "runs")[0]["state"] == "finished"


def test_an_exception_while_findings_are_kept_leaves_the_start_alone(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen)
    before = count_rows(engine)
    bad = frame(finding(chosen[0]), finding(chosen[1], rule=None))
    with pytest.raises(Exception, match="rule"):
        runs.finish_run(engine, run, findings=bad, claim_version_ids=chosen, at=NOW)
    assert count_rows(engine) == before
    assert all_of(engine, "runs")[0]["state"] == "running"


def test_a_run_that_failed_says_why_in_the_trail(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen)
    runs.fail_run(engine, run, wrong="the disk is full", at=NOW)
    assert all_of(engine, "runs")[0]["state"] == "failed"
    events = [(event["kind"], event["subject"]) for event in all_of(engine, "events")]
    assert events[1:] == [("run started", f"run {run}"), ("run failed", f"run {run}")]
    assert json.loads(all_of(engine, "events")[-1]["details"]) == {"wrong": "the disk is full"}
    with database.read(engine) as connection:
        assert trail.verify(connection) is None


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_a_run_ends_once(engine: Engine, chosen: list[int], end: str) -> None:
    run = start(engine, chosen)
    runs.finish_run(engine, run, findings=frame(), claim_version_ids=chosen, at=NOW)
    again: Any = {
        "finish": lambda: runs.finish_run(engine, run, findings=frame(), claim_version_ids=chosen, at=NOW),
        "fail": lambda: runs.fail_run(engine, run, wrong="late", at=NOW),
    }[end]
    with pytest.raises(StateError, match=f"run {run} is finished: it cannot be closed"):
        again()


def test_a_run_that_never_began_cannot_end(engine: Engine) -> None:
    with pytest.raises(StateError, match="run 99 is not in the store"):
        runs.fail_run(engine, 99, wrong="", at=NOW)


def test_a_run_ends_over_the_claims_it_began_with(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen)
    with pytest.raises(StateError, match="began with other claims"):
        runs.finish_run(engine, run, findings=frame(), claim_version_ids=chosen[:2], at=NOW)


def test_a_finding_on_a_claim_that_was_not_screened_is_refused(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen[:2])
    stray = frame(finding(chosen[2]))
    with pytest.raises(StateError, match="findings on 1 claims that it did not screen"):
        runs.finish_run(engine, run, findings=stray, claim_version_ids=chosen[:2], at=NOW)
    assert count_rows(engine)["run_claims"] == 0


def test_a_run_over_claims_that_are_not_there_is_refused(engine: Engine, chosen: list[int]) -> None:
    with pytest.raises(StateError, match="1 of the claim versions are not in the store"):
        start(engine, [*chosen, 99])


def test_the_digest_of_the_claims_depends_on_content_not_on_order(engine: Engine, chosen: list[int]) -> None:
    with database.read(engine) as connection:
        whole = runs.claims_sha256(connection, chosen)
        assert runs.claims_sha256(connection, chosen[::-1]) == whole
        assert runs.claims_sha256(connection, chosen[:2]) != whole


def test_findings_cannot_be_changed_once_kept(engine: Engine, chosen: list[int]) -> None:
    run = start(engine, chosen)
    runs.finish_run(engine, run, findings=frame(finding(chosen[0])), claim_version_ids=chosen, at=NOW)
    with pytest.raises(Exception, match="append-only"), database.write(engine) as connection:
        connection.execute(text("DELETE FROM findings"))
