"""What the database refuses, whoever asks: changed records, approval by one's own hand, work on a closed claim.

Each guard is one condition in SQL that SQLite and PostgreSQL both read, and one sentence that says what is
refused. `triggers` makes a trigger of them for each table and action.
"""
# ruff: noqa: S608  (every part of these conditions is a constant or the name of a column)

from __future__ import annotations

from sqlalchemy import Connection, TextClause, inspect, text
from sqlalchemy.exc import DBAPIError

from audit import model
from audit.store import (
    decision_guards,
    feedback_guards,
    personal,
    release_guards,
    schema,
    signature_guards,
    triggers,
)
from audit.store.review_conditions import ALONE, listed
from audit.store.triggers import Guard

APPEND_ONLY = (
    *("findings", "decisions", "signatures", "events"),
    *("claim_lines", "note_services", "audit_claims", "audit_stops", "run_claims", "single_person_mode"),
    *("facts_seen", "review_plans", "planned_claims", "releases", "release_claims", "payer_profiles"),
    *("reaudit_tables", "reaudits", "overpayments"),
    *("documents", "document_steps"),
    *("mappings", "refused_tables", "retirements", "withdrawals"),
    *("feedback_answers", "feedback_rulings", "education_items"),
    *("retentions", "removals"),
)
PEOPLES_WORK = tuple(
    name
    for name in APPEND_ONLY
    if "claim_version_id" in schema.metadata.tables[name].c
    and name not in ("findings", "claim_lines", "run_claims", "planned_claims")
)
"""What people did about a version of a claim: a load that it rests on is not undone."""
VERSIONED = (
    *("claims", "notes", "payers", "plans_of_care", "authorizations", "providers", "fees"),
    *("payments", "adjustments"),
)
"""Only `is_current` may change, and only from true to false; back again only where the load that replaced the row was
undone."""


def single_person_holds() -> TextClause:
    return text(ALONE)


OTHER_SEED = """EXISTS (
    SELECT 1 FROM audits AS drawn WHERE drawn.frame_sha256 = NEW.frame_sha256
    AND drawn.seed IS NOT NULL AND drawn.seed <> NEW.seed)"""


UNDONE_SINCE = """EXISTS (SELECT 1 FROM withdrawals w JOIN runs r ON r.id = NEW.run_id
    WHERE w.load_id <= r.load_id AND w.at >= r.started_at)"""


def _kept(table: str) -> list[Guard]:
    refused = f"NOT {personal.only_removes(table)}" if table in personal.PERSONAL else "1 = 1"
    return [
        Guard(table, "UPDATE", refused, f"{table} is append-only: a row cannot be changed"),
        Guard(table, "DELETE", "1 = 1", f"{table} is append-only: a row cannot be removed"),
    ]


def _versions(table: str, columns: list[str]) -> list[Guard]:
    content = triggers.changed(column for column in columns if column != "is_current")
    if table in personal.PERSONAL:
        content = f"({content}) AND NOT {personal.only_removes(table)}"
    return [
        Guard(table, "UPDATE", content, f"{table} keeps every version as it came: load the change as a new version"),
        Guard(table, "UPDATE", _stays_replaced(table), f"a replaced row of {table} stays replaced"),
        Guard(table, "DELETE", "1 = 1", f"{table} keeps every version: a row cannot be removed"),
    ]


def _stays_replaced(table: str) -> str:
    """Unless the newest load that replaced the row was undone, and the row's own load was not."""
    newest = f"(SELECT MAX(load_id) FROM retirements WHERE table_name = '{table}' AND row_id = OLD.id)"
    return f"""NEW.is_current AND NOT OLD.is_current AND (
        EXISTS (SELECT 1 FROM withdrawals WHERE load_id = OLD.load_id)
        OR NOT EXISTS (SELECT 1 FROM withdrawals WHERE load_id = {newest}))"""


def _withdrawals() -> list[Guard]:
    """What says of `withdrawing.in_the_way` that a person decided stands here too."""
    of_load = "claim_version_id IN (SELECT id FROM claims WHERE load_id = NEW.load_id)"
    rests = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {of_load})" for table in PEOPLES_WORK)
    framed = f"EXISTS (SELECT 1 FROM run_claims c JOIN audits a ON a.run_id = c.run_id WHERE c.{of_load})"
    may = f"EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND active AND role IN {listed(model.OPENERS)})"
    return [
        Guard("withdrawals", "INSERT", "NEW.reason = ''", "a load is undone with a reason"),
        Guard("withdrawals", "INSERT", f"NEW.account_id IS NOT NULL AND NOT {may}", "your account may not undo a load"),
        Guard("withdrawals", "INSERT", f"{rests} OR {framed}", "people's work rests on this load"),
    ]


def _audits(columns: list[str]) -> list[Guard]:
    frozen = triggers.changed(column for column in columns if column not in ("seed", "seeded_at"))
    return [
        Guard("audits", "UPDATE", "OLD.seed IS NOT NULL", "the seed of this audit is drawn; nothing changes any more"),
        Guard("audits", "UPDATE", frozen, "the frame and the plan of an audit are frozen"),
        Guard(
            "audits",
            "UPDATE",
            "NEW.seed IS NULL OR NEW.seeded_at IS NULL",
            "the seed and its time are set together, once",
        ),
        Guard(
            "audits",
            "UPDATE",
            OTHER_SEED,
            "this frame has been drawn from with another seed: no sample is drawn twice",
        ),
        Guard("audits", "DELETE", "1 = 1", "an audit cannot be removed"),
        Guard("audits", "INSERT", UNDONE_SINCE, "a load that the run saw was undone: run the rules again"),
    ]


def _accounts() -> list[Guard]:
    """Whose claims somebody may not sign hangs on the NPI; what somebody did, on the account."""
    who = "NEW.id IS DISTINCT FROM OLD.id OR NEW.username IS DISTINCT FROM OLD.username"
    npi = "OLD.npi <> '' AND NEW.npi IS DISTINCT FROM OLD.npi"
    return [
        Guard("accounts", "UPDATE", who, "an account keeps its username"),
        Guard("accounts", "UPDATE", npi, "an account keeps its NPI: stop it and add another"),
        Guard("accounts", "DELETE", "1 = 1", "an account is stopped, never removed"),
    ]


def _unreplaced(connection: Connection, table: str) -> Guard:
    """SQLite's INSERT OR REPLACE takes the row in its way out without an UPDATE or DELETE trigger."""
    ways = [["rowid"], *[unique["column_names"] for unique in inspect(connection).get_unique_constraints(table)]]
    same = [" AND ".join(f"held.{column} = NEW.{column}" for column in way) for way in ways]
    if table in ("claims", "notes"):
        key = "claim_id" if table == "claims" else "note_id"
        same.append(f"held.{key} = NEW.{key} AND held.is_current AND NEW.is_current")
    in_the_way = " OR ".join(f"EXISTS (SELECT 1 FROM {table} AS held WHERE {match})" for match in same)
    return Guard(table, "INSERT", in_the_way, f"{table} has this row already: it cannot be replaced")


def every(connection: Connection) -> list[Guard]:
    """Every guard, for the columns the tables have now."""
    columns = {
        table: [column["name"] for column in inspect(connection).get_columns(table)] for table in (*VERSIONED, "audits")
    }
    found = [guard for table in APPEND_ONLY for guard in _kept(table)]
    found += [guard for table in VERSIONED for guard in _versions(table, columns[table])]
    if connection.dialect.name == "sqlite":
        found += [_unreplaced(connection, table) for table in (*APPEND_ONLY, *columns, "accounts")]
    return [
        *found,
        *_audits(columns["audits"]),
        *_accounts(),
        *_withdrawals(),
        *decision_guards.every(),
        *signature_guards.every(),
        *release_guards.every(),
        *feedback_guards.every(),
    ]


def install(connection: Connection) -> None:
    """Put every guard in force, as this code has them: after the last migration."""
    triggers.create(connection, every(connection))


def remove(connection: Connection) -> None:
    """Take every guard away, before the first migration: SQLite cannot rebuild a table that they name."""
    triggers.drop(connection)


def missing(connection: Connection) -> list[str]:
    """Names of the guards that are not in force as this code has them: dropped, switched off or altered."""
    held = triggers.installed(connection)
    wanted = triggers.definitions(connection, every(connection))
    return sorted(name for name, code in wanted.items() if held.get(name) != code)


def refusal(error: BaseException) -> str | None:
    """The sentence of the guard that raised this exception (of SQLAlchemy or the driver), else None."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    first_line = str(cause).partition("\n")[0]
    return first_line.removeprefix(triggers.PREFIX) if first_line.startswith(triggers.PREFIX) else None
