"""What the database refuses by itself, asked in plain SQL on both engines."""
# ruff: noqa: S608  (the statements are made of the schema's own names)

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from audit.store import database, guards, schema, triggers
from tests.databases import filled
from tests.stored import NOW, add, count_rows, on_postgres, on_sqlite, sentence

pytest_plugins = ["tests.databases"]


UNTIL = NOW + timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A claim of two lines with a finding on which `reviewer` decided; nobody signed it yet."""

    engine: Engine
    claim: int
    finding: int
    run: int
    decision: int
    reviewer: int
    second: int

    def hold(self, account: int, claim: int | None = None) -> None:
        """Whoever held the claim before is done with it."""
        which = {"claim_version_id": claim or self.claim, "account_id": account, "taken_at": NOW, "ends_at": UNTIL}
        with database.write(self.engine) as connection:
            connection.execute(schema.leases.delete().where(schema.leases.c.claim_version_id == (claim or self.claim)))
            connection.execute(schema.leases.insert().values(which))

    def sign(self, account: int, meaning: str = "approved", claim: int | None = None, **values: Any) -> int:
        self.hold(account, claim)
        row = {"claim_version_id": claim or self.claim, "account_id": account, "meaning": meaning, "run_id": self.run}
        if meaning == "second":
            row["review_id"] = count_rows(self.engine)["signatures"]
        return add(self.engine, "signatures", **row | values)

    def decide(self, account: int, **values: Any) -> int:
        self.hold(account, values.get("claim_version_id"))
        row = {"claim_version_id": self.claim, "account_id": account, "kind": "missed", "text": "x"}
        return add(self.engine, "decisions", **row | values)

    def new_run(self, *claims: int) -> int:
        run = add(self.engine, "runs", state="finished")
        for claim in claims:
            add(self.engine, "run_claims", run_id=run, claim_version_id=claim)
        return run


def add_claim(engine: Engine, claim_id: str, **values: Any) -> int:
    load = add(engine, "loads")
    claim = add(engine, "claims", claim_id=claim_id, load_id=load, rendering_npi="1000000001", **values)
    for number, billing in ((1, "1000000008"), (2, "1000000009")):
        cells = {"line_number": number, "rendering_npi": f"200000000{number}", "billing_npi": billing}
        add(engine, "claim_lines", claim_version_id=claim, **cells)
    return claim


def add_account(engine: Engine, username: str, npi: str = "", role: str = "second_reviewer") -> int:
    return add(engine, "accounts", username=username, npi=npi, role=role)


def begun(engine: Engine) -> dict[str, int]:
    reviewer, second = add_account(engine, "reviewer"), add_account(engine, "second")
    claim = add_claim(engine, "C1", billing_npi="1000000007")
    run = add(engine, "runs", state="finished")
    add(engine, "run_claims", run_id=run, claim_version_id=claim)
    finding = add(engine, "findings", run_id=run, claim_version_id=claim)
    made = Case(engine, claim, finding, run, 1, reviewer, second)
    made.decide(reviewer, kind="agree", finding_id=finding)
    return {name: number for name, number in vars(made).items() if name != "engine"}


def reviewed(engine: Engine) -> dict[str, int]:
    numbers = begun(engine)
    Case(engine, **numbers).sign(numbers["reviewer"], "reviewed")
    return numbers


def refused(engine: Engine, sql: str) -> str:
    """The guard's sentence about a statement that must not pass, and proof that it changed nothing."""
    before = count_rows(engine)
    with pytest.raises(DBAPIError) as raised, database.write(engine) as connection:
        connection.execute(text(sql))
    assert count_rows(engine) == before
    return guards.refusal(raised.value) or f"not by a guard: {raised.value}"


def a_row_in_each(engine: Engine) -> dict[str, int]:
    """At least one row in every guarded table: a row trigger says nothing of an empty table."""
    numbers = reviewed(engine)
    case, load = Case(engine, **numbers), add(engine, "loads")
    note = add(engine, "notes", note_id="N1", load_id=load)
    add(engine, "note_services", note_version_id=note)
    for table in ("payers", "plans_of_care", "authorizations", "providers", "fees", "payments", "adjustments"):
        add(engine, table, load_id=load)
    add(engine, "document_steps", document_id=add(engine, "documents"))
    audit = add(engine, "audits", account_id=case.reviewer)
    add(engine, "audit_claims", audit_id=audit, claim_version_id=case.claim)
    for table in ("events", "facts_seen", "review_plans", "reaudit_tables"):
        add(engine, table)
    released = add_claim(engine, "released")
    run = case.new_run(released)
    signs = replace(case, run=run, claim=released)
    signs.sign(case.reviewer, "reviewed")
    with database.write(engine) as connection:  # the facts that the runs used
        connection.execute(schema.facts_seen.insert().values(facts_sha256="x", at=NOW))
    approved, release = signs.sign(case.second), add(engine, "releases", account_id=case.second)
    add(engine, "release_claims", release_id=release, claim_version_id=released, signature_id=approved)
    add(engine, "planned_claims", claim_version_id=released, people=1)
    if "single_person_mode" in guards.APPEND_ONLY:
        add(engine, "single_person_mode", is_on=False)
    answered_and_taught(case)
    add(engine, "audit_stops", audit_id=audit, account_id=case.reviewer)
    add(engine, "reaudits", audit_id=audit, account_id=case.reviewer)
    add(engine, "overpayments", claim_version_id=case.claim, account_id=case.reviewer)
    add(engine, "withdrawals", load_id=add(engine, "loads"), account_id=None)
    for table in ("mappings", "refused_tables", "retirements"):
        add(engine, table, **({} if table == "mappings" else {"load_id": load}))
    add(engine, "payer_profiles", effective_from=date(2026, 1, 1), account_id=case.reviewer)
    return numbers


def answered_and_taught(case: Case) -> None:
    """A note agreed on an approved claim, which its therapist disputes with success."""
    engine = case.engine
    claim = add_claim(engine, "answered")
    run = case.new_run(claim)
    finding = add(engine, "findings", run_id=run, claim_version_id=claim)
    signs = replace(case, run=run, claim=claim)
    verdict = signs.decide(case.reviewer, kind="agree", finding_id=finding)
    signs.sign(case.reviewer, "reviewed", decision_id=verdict)
    signs.sign(case.second, decision_id=verdict)
    therapist = add_account(engine, "therapist", npi="1000000001", role="therapist")
    answer = add(engine, "feedback_answers", decision_id=verdict, account_id=therapist, kind="dispute", text="x")
    doctor = add_account(engine, "doctor", role="doctor_of_ot")
    row = {"claim_version_id": claim, "finding_id": finding, "account_id": doctor, "stage": "dispute"}
    reversed_by = add(engine, "decisions", kind="dismiss", reason="dispute", **row)
    ruling = {"answer_id": answer, "account_id": doctor, "level": "doctor", "outcome": "accepted"}
    add(engine, "feedback_rulings", decision_id=reversed_by, **ruling)
    add(engine, "education_items", account_id=doctor)
    add(engine, "removals", retention_id=add(engine, "retentions"), table_name="none of ours")


numbers_begun = filled("numbers_begun", begun)
numbers_reviewed = filled("numbers_reviewed", reviewed)
numbers_in_each = filled("numbers_in_each", a_row_in_each)


@pytest.fixture
def unsigned(engine: Engine, numbers_begun: dict[str, int]) -> Case:
    return Case(engine, **numbers_begun)


@pytest.fixture
def case(engine: Engine, numbers_reviewed: dict[str, int]) -> Case:
    """Reviewed by `reviewer`; nobody approved it yet."""
    return Case(engine, **numbers_reviewed)


@pytest.fixture
def full(engine: Engine, numbers_in_each: dict[str, int]) -> Case:
    """The same, with a row in every guarded table."""
    return Case(engine, **numbers_in_each)


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_rows_that_are_only_added_to_cannot_be_changed_removed_or_emptied(full: Case, table: str) -> None:
    column = next(c.name for c in schema.metadata.tables[table].c if c.name != "id")
    update = f'UPDATE {table} SET "{column}" = "{column}"'
    assert refused(full.engine, update) == f"{table} is append-only: a row cannot be changed"
    assert refused(full.engine, f"DELETE FROM {table}") == f"{table} is append-only: a row cannot be removed"
    if full.engine.dialect.name == "postgresql":
        assert refused(full.engine, f"TRUNCATE {table} CASCADE").endswith("cannot be emptied")


@pytest.mark.parametrize("table", guards.VERSIONED)
def test_a_version_of_the_input_stays_as_it_came(full: Case, table: str) -> None:
    says = f"{table} keeps every version as it came: load the change as a new version"
    for column in schema.metadata.tables[table].c:
        other = {"DATE": "'1999-01-01'", "INTEGER": "77", "BIGINT": "77", "NUMERIC(12, 2)": "77"}
        kind = column.type.compile(full.engine.dialect)
        if column.name not in ("is_current", "load_id"):
            change = f'UPDATE {table} SET "{column.name}" = {other.get(kind, "$$changed$$")}'.replace("$$", "'")
            assert refused(full.engine, change) == says, column.name
    assert refused(full.engine, f"DELETE FROM {table}") == f"{table} keeps every version: a row cannot be removed"
    if full.engine.dialect.name == "postgresql":
        assert refused(full.engine, f"TRUNCATE {table} CASCADE").endswith("cannot be emptied")


@pytest.mark.parametrize("table", guards.VERSIONED)
def test_a_version_may_be_replaced_once_and_for_all(full: Case, table: str) -> None:
    with database.write(full.engine) as connection:
        assert connection.execute(text(f"UPDATE {table} SET is_current = false")).rowcount >= 1
    says = refused(full.engine, f"UPDATE {table} SET is_current = true")
    assert says == f"a replaced row of {table} stays replaced"


@on_sqlite
@pytest.mark.parametrize("table", [*guards.APPEND_ONLY, *guards.VERSIONED, "audits"])
def test_sqlite_cannot_overwrite_a_row_by_inserting_it_again(full: Case, table: str) -> None:
    columns = [c.name for c in schema.metadata.tables[table].c]
    names = ", ".join(f'"{name}"' for name in ("rowid", *(c for c in columns if c != "id")))
    without_rowid = names.removeprefix('"rowid", ')
    says = f"{table} has this row already: it cannot be replaced"
    copy = f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}"
    assert refused(full.engine, copy) == says
    if table in ("claims", "notes", "events", "claim_lines", "note_services", "audit_claims", "run_claims"):
        by_key = f"INSERT OR REPLACE INTO {table} ({without_rowid}) SELECT {without_rowid} FROM {table}"
        assert refused(full.engine, by_key) == says


@on_sqlite
def test_sqlite_cannot_push_out_the_current_version_with_another_number(full: Case) -> None:
    columns = [c.name for c in schema.claims.c if c.name not in ("id", "version")]
    push = f"INSERT OR REPLACE INTO claims ({', '.join(columns)}, version) SELECT {', '.join(columns)}, 9 FROM claims"
    assert refused(full.engine, push) == "claims has this row already: it cannot be replaced"


@on_sqlite
@pytest.mark.parametrize("how", ["INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL"])
def test_no_way_of_inserting_in_sqlite_gets_round_a_guard(case: Case, how: str) -> None:
    approve = (
        f"{how} INTO signatures (claim_version_id, account_id, run_id, meaning, printed_name, digest, at)"
        f" VALUES ({case.claim}, {case.reviewer}, {case.run}, 'approved', 'x', 'x', '2026-01-01')"
    )
    case.hold(case.reviewer)
    assert refused(case.engine, approve) == "whoever decided on a claim may not approve it"


def test_the_frame_and_the_plan_of_an_audit_never_change(case: Case) -> None:
    add(case.engine, "audits", account_id=case.reviewer)
    for column in schema.audits.c:
        if column.name not in ("seed", "seeded_at"):
            kind = column.type.compile(case.engine.dialect)
            other = "77" if kind == "INTEGER" else "'1999-01-01'" if column.name == "frozen_at" else "'other'"
            says = refused(case.engine, f"UPDATE audits SET {column.name} = {other}")
            assert says == "the frame and the plan of an audit are frozen", column.name


def test_the_seed_of_an_audit_is_drawn_once_with_its_time(case: Case) -> None:
    add(case.engine, "audits", account_id=case.reviewer)
    assert refused(case.engine, "UPDATE audits SET seed = '1'") == "the seed and its time are set together, once"
    with database.write(case.engine) as connection:
        connection.execute(schema.audits.update().values(seed="20261124", seeded_at=NOW))
    drawn = "the seed of this audit is drawn; nothing changes any more"
    assert refused(case.engine, "UPDATE audits SET seed = '2'") == drawn
    assert refused(case.engine, "UPDATE audits SET seed = NULL, seeded_at = NULL") == drawn
    assert refused(case.engine, "UPDATE audits SET name = 'other'") == drawn
    assert refused(case.engine, "DELETE FROM audits") == "an audit cannot be removed"


def test_a_frame_is_never_drawn_from_with_a_second_seed(case: Case) -> None:
    add(case.engine, "audits", account_id=case.reviewer, frame_sha256="f", seed="20261124", seeded_at=NOW)
    add(case.engine, "audits", account_id=case.reviewer, frame_sha256="f")
    other = "UPDATE audits SET seed = '9', seeded_at = '2026-11-24 12:00:00' WHERE seed IS NULL"
    assert refused(case.engine, other) == "this frame has been drawn from with another seed: no sample is drawn twice"
    with database.write(case.engine) as connection:
        extended = schema.audits.update().where(schema.audits.c.seed.is_(None))
        connection.execute(extended.values(seed="20261124", seeded_at=NOW))


def test_a_second_person_may_approve_what_another_reviewed(case: Case) -> None:
    case.sign(case.second)
    assert count_rows(case.engine)["signatures"] == 2


def test_whoever_decided_may_not_approve(unsigned: Case) -> None:
    third = add_account(unsigned.engine, "third")
    unsigned.decide(third)
    unsigned.sign(unsigned.reviewer, "reviewed")
    assert sentence(unsigned.sign, third) == "whoever decided on a claim may not approve it"


def test_a_decision_taken_back_is_still_a_decision(unsigned: Case) -> None:
    third = add_account(unsigned.engine, "third")
    unsigned.decide(third, kind="undo", undoes_id=unsigned.decide(third))
    unsigned.sign(unsigned.reviewer, "reviewed")
    assert sentence(unsigned.sign, third) == "whoever decided on a claim may not approve it"


def test_whoever_reviewed_may_not_approve(case: Case) -> None:
    case.sign(case.second, "sent_back", reason="look again")
    third = add_account(case.engine, "third")
    case.sign(third, "reviewed")
    assert sentence(case.sign, third) == "whoever reviewed a claim may not approve it"


@pytest.mark.parametrize("npi", ["1000000001", "1000000007", "2000000001", "2000000002", "1000000008", "1000000009"])
@pytest.mark.parametrize("meaning", ["approved", "returned", "sent_back"])
def test_whoever_rendered_or_billed_the_claim_or_a_line_judges_no_review(case: Case, npi: str, meaning: str) -> None:
    own = add_account(case.engine, "own", npi)
    says = str(sentence(case.sign, own, meaning, reason="x"))
    assert says.startswith("whoever rendered or billed a claim may not ")


@pytest.mark.parametrize("role", ["reviewer", "manager", "administrator", "auditor"])
@pytest.mark.parametrize("meaning", ["approved", "returned", "sent_back"])
def test_no_other_role_judges_a_review_not_even_an_administrator(case: Case, role: str, meaning: str) -> None:
    other = add_account(case.engine, "other", role=role)
    assert str(sentence(case.sign, other, meaning, reason="x")).startswith("your account may not ")


def test_an_account_with_another_npi_or_none_may_approve_even_a_claim_without_billing_npi(case: Case) -> None:
    for number, npi in enumerate(["3000000001", ""]):
        claim = add_claim(case.engine, f"free {number}", billing_npi="" if number else None)
        signs = replace(case, run=case.new_run(claim), claim=claim)
        signs.sign(case.reviewer, "reviewed")
        signs.sign(add_account(case.engine, f"other {number}", npi))


def test_an_approval_needs_a_review_by_another_person(case: Case) -> None:
    claim = add_claim(case.engine, "C2")
    signs = replace(case, run=case.new_run(claim), claim=claim)
    says = "another person must review a claim before it is approved or returned"
    assert sentence(signs.sign, case.second) == says
    signs.sign(case.reviewer, "reviewed")
    signs.sign(case.second)


def test_an_approved_version_takes_nothing_more_until_the_rules_ran_again(case: Case) -> None:
    case.sign(case.second)
    third = add_account(case.engine, "third")
    closed = "this version of the claim is approved; it takes no more"
    assert sentence(case.sign, third, "reviewed") == f"{closed} signatures"
    assert sentence(case.sign, third) == f"{closed} signatures"
    assert sentence(case.decide, third) == f"{closed} decisions"
    again = replace(case, run=case.new_run(case.claim))
    again.decide(third)


def test_a_replaced_version_takes_nothing_more(case: Case) -> None:
    with database.write(case.engine) as connection:
        connection.execute(schema.claims.update().values(is_current=False))
    replaced = "a newer version has replaced this version of the claim; it takes no"
    assert sentence(case.sign, case.second) == f"{replaced} signatures"
    assert sentence(case.decide, case.second) == f"{replaced} decisions"


def test_a_decision_is_on_a_finding_of_the_same_version_and_of_the_newest_run(unsigned: Case) -> None:
    other = add_claim(unsigned.engine, "C2")
    says = "the finding is not one of this version of the claim"
    wrong = {"kind": "agree", "text": ""}
    of_finding = {"claim_version_id": other, "finding_id": unsigned.finding}
    assert sentence(unsigned.decide, unsigned.reviewer, **wrong, **of_finding) == says
    of_no_claim = add(unsigned.engine, "findings", run_id=1, claim_version_id=None)
    assert sentence(unsigned.decide, unsigned.reviewer, **wrong, finding_id=of_no_claim) == says
    unsigned.new_run(unsigned.claim)
    says = "a newer run has replaced this finding"
    assert sentence(unsigned.decide, unsigned.reviewer, **wrong, finding_id=unsigned.finding) == says


def test_only_ones_own_decision_on_the_same_version_can_be_undone_once(unsigned: Case) -> None:
    says = "only a decision of one's own on the same version of the claim can be undone"
    undo = {"kind": "undo", "undoes_id": unsigned.decision}
    assert sentence(unsigned.decide, unsigned.second, **undo) == says
    other = add_claim(unsigned.engine, "C2")
    assert sentence(unsigned.decide, unsigned.reviewer, claim_version_id=other, **undo) == says
    assert sentence(unsigned.decide, unsigned.reviewer, **undo, text="").endswith("need words")
    undone = unsigned.decide(unsigned.reviewer, **undo)
    assert sentence(unsigned.decide, unsigned.reviewer, **undo) == "this decision was taken back already"
    says = "an undoing cannot be undone: decide again"
    assert sentence(unsigned.decide, unsigned.reviewer, kind="undo", undoes_id=undone) == says


def test_two_rows_of_one_statement_are_each_looked_at(unsigned: Case) -> None:
    unsigned.hold(unsigned.second)
    both = " UNION ALL ".join(
        f"SELECT {unsigned.claim}, {unsigned.second}, {unsigned.run}, '{meaning}', 'x', 'x', '2026-01-01 00:00'{cast}"
        for meaning in ("reviewed", "approved")
        for cast in ["::timestamptz" if unsigned.engine.dialect.name == "postgresql" else ""]
    )
    names = "claim_version_id, account_id, run_id, meaning, printed_name, digest, at"
    says = refused(unsigned.engine, f"INSERT INTO signatures ({names}) {both}")
    assert says == "whoever reviewed a claim may not approve it"


def test_an_account_stays_who_it_is(case: Case) -> None:
    own = add_account(case.engine, "own", "1000000001")
    change = f"UPDATE accounts SET npi = '' WHERE id = {own}"
    assert refused(case.engine, change) == "an account keeps its NPI: stop it and add another"
    assert refused(case.engine, "UPDATE accounts SET username = 'x'") == "an account keeps its username"
    assert refused(case.engine, f"DELETE FROM accounts WHERE id = {own}") == "an account is stopped, never removed"
    if case.engine.dialect.name == "sqlite":
        columns = ", ".join(f'"{c.name}"' for c in schema.accounts.c if c.name not in ("id", "npi"))
        replace = f"INSERT OR REPLACE INTO accounts ({columns}) SELECT {columns} FROM accounts WHERE id = {own}"
        assert refused(case.engine, replace) == "accounts has this row already: it cannot be replaced"
    alter(case.engine, f"UPDATE accounts SET name = 'Married', role = 'auditor' WHERE id = {own}")


def test_an_approval_waits_for_a_return_that_is_being_made(case: Case) -> None:
    """On PostgreSQL two transactions do not see one another: without a lock both would pass."""
    case.hold(case.second)
    said: list[str | None] = []
    row = {"claim_version_id": case.claim, "account_id": case.second, "run_id": case.run, "at": NOW}
    row |= {"printed_name": "x", "digest": "x"}
    with database.write(case.engine) as connection:
        values = {**row, "meaning": "sent_back", "reason": "x"}
        connection.execute(schema.signatures.insert().values(values))
        approve = {**row, "meaning": "approved"}
        approving = threading.Thread(target=lambda: said.append(sentence(add, case.engine, "signatures", **approve)))
        approving.start()
        approving.join(0.3)
        assert approving.is_alive(), "it did not wait"
    approving.join()
    assert said == ["another person must review a claim before it is approved or returned"]


@on_postgres
def test_a_temporary_table_cannot_pose_as_ours(case: Case) -> None:
    pose = "CREATE TEMPORARY TABLE decisions (claim_version_id integer, account_id integer)"
    names = "(claim_version_id, account_id, run_id, meaning, printed_name, digest, at)"
    values = f"VALUES ({case.claim}, {case.reviewer}, {case.run}, 'approved', 'x', 'x', '2026-01-01')"
    case.hold(case.reviewer)
    says = refused(case.engine, f"{pose}; INSERT INTO signatures {names} {values}")
    assert says == "whoever decided on a claim may not approve it"


def test_a_guard_that_was_taken_away_switched_off_or_altered_is_missed(case: Case) -> None:
    def missing() -> list[str]:
        with database.read(case.engine) as connection:
            return guards.missing(connection)

    name = "guard_findings_delete"
    drop = f"DROP TRIGGER {name}" + ("" if case.engine.dialect.name == "sqlite" else " ON findings")
    alter(case.engine, drop)
    assert missing() == [name]
    with database.write(case.engine) as connection:
        guards.install(connection)
    assert missing() == []
    with database.write(case.engine) as connection:
        guards.remove(connection)
        assert triggers.installed(connection) == {}
        guards.install(connection)
    assert missing() == []
    if case.engine.dialect.name == "sqlite":
        alter(case.engine, drop, f"CREATE TRIGGER {name} BEFORE DELETE ON findings BEGIN SELECT 1; END")
    else:
        empty = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
        alter(case.engine, f"CREATE OR REPLACE FUNCTION {name}() {empty}")
        assert missing() == [name]
        alter(case.engine, "ALTER TABLE events DISABLE TRIGGER ALL")
        assert missing() == ["guard_events_delete", "guard_events_update", name, "guard_truncate_events"]
        return
    assert missing() == [name]


def alter(engine: Engine, *statements: str) -> None:
    with database.write(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_exception_of_another_kind_is_no_refusal(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as raised, database.read(engine) as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert guards.refusal(raised.value) is None
    assert guards.refusal(ValueError("countersigned: no")) is None


def test_every_guard_has_words_and_a_trigger(engine: Engine) -> None:
    with database.read(engine) as connection:
        every, installed = guards.every(connection), triggers.installed(connection)
    assert {guard.name for guard in every} <= set(installed)
    assert all(guard.message in installed[guard.name] for guard in every)
