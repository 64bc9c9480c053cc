"""What the database refuses, whoever asks: changed records, approval by one's own hand, work on a closed claim.

Each guard is one condition in SQL that SQLite and PostgreSQL both read, and one sentence that says what is
refused. `triggers` makes a trigger of them for each table and action.
"""
# ruff: noqa: S608  (every part of these conditions is a constant or the name of a column)

from __future__ import annotations

from sqlalchemy import Connection, TextClause, inspect, text
from sqlalchemy.exc import DBAPIError

from audit.store import triggers
from audit.store.triggers import Guard

APPEND_ONLY = (
    *("findings", "decisions", "signatures", "events"),
    *("claim_lines", "note_services", "audit_claims", "run_claims", "single_person_mode"),
)
VERSIONED = ("claims", "notes", "payers", "plans_of_care", "authorizations", "providers")
"""Only `is_current` may change, and only from true to false."""


THIS_VERSION = "claim_version_id = NEW.claim_version_id"
APPROVED = f"EXISTS (SELECT 1 FROM signatures WHERE {THIS_VERSION} AND meaning = 'approved')"
REPLACED = "NOT EXISTS (SELECT 1 FROM claims WHERE id = NEW.claim_version_id AND is_current)"
BY_THIS_ACCOUNT = f"{THIS_VERSION} AND account_id = NEW.account_id"
OWN_WORK = """EXISTS (
    SELECT 1 FROM accounts WHERE accounts.id = NEW.account_id AND accounts.npi <> '' AND (
        EXISTS (SELECT 1 FROM claims WHERE claims.id = NEW.claim_version_id
            AND accounts.npi IN (claims.rendering_npi, claims.billing_npi))
        OR EXISTS (SELECT 1 FROM claim_lines WHERE claim_lines.claim_version_id = NEW.claim_version_id
            AND accounts.npi IN (claim_lines.rendering_npi, claim_lines.billing_npi))))"""
FINDING_ELSEWHERE = f"""NEW.finding_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM findings WHERE id = NEW.finding_id AND {THIS_VERSION})"""
NOT_OWN_DECISION = f"""NEW.undoes_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM decisions WHERE id = NEW.undoes_id AND {BY_THIS_ACCOUNT})"""

SECOND_REVIEWER = """(SELECT COUNT(*) FROM accounts
    WHERE active AND role IN ('reviewer', 'second_reviewer', 'doctor_of_ot')) > 1"""
ALONE = f"""(COALESCE((SELECT is_on FROM single_person_mode ORDER BY id DESC LIMIT 1), FALSE)
    AND NOT {SECOND_REVIEWER})"""
"""Single-person mode holds: it is set, and no second person may review."""


def single_person_holds() -> TextClause:
    return text(ALONE)


def _closed(table: str) -> list[Guard]:
    return [
        Guard(
            table, "INSERT", REPLACED, f"a newer version has replaced this version of the claim; it takes no {table}"
        ),
        Guard(table, "INSERT", APPROVED, f"this version of the claim is approved; it takes no more {table}"),
    ]


def _decisions() -> list[Guard]:
    return [
        *_closed("decisions"),
        Guard("decisions", "INSERT", FINDING_ELSEWHERE, "the finding is not one of this version of the claim"),
        Guard(
            "decisions",
            "INSERT",
            NOT_OWN_DECISION,
            "only a decision of one's own on the same version of the claim can be undone",
        ),
    ]


def _signatures() -> list[Guard]:
    refused = {
        "whoever decided on a claim may not approve it": f"EXISTS (SELECT 1 FROM decisions WHERE {BY_THIS_ACCOUNT})",
        "whoever reviewed a claim may not approve it": (
            f"EXISTS (SELECT 1 FROM signatures WHERE {BY_THIS_ACCOUNT} AND meaning = 'reviewed')"
        ),
        "whoever rendered or billed a claim may not approve it": OWN_WORK,
        "another person must review a claim before it is approved": (
            f"NOT EXISTS (SELECT 1 FROM signatures WHERE {THIS_VERSION} AND meaning = 'reviewed'"
            " AND account_id <> NEW.account_id)"
        ),
    }
    approving = [
        Guard("signatures", "INSERT", f"NEW.meaning = 'approved' AND NOT {ALONE} AND {condition}", sentence)
        for sentence, condition in refused.items()
    ]
    marked = Guard(
        "signatures",
        "INSERT",
        f"NEW.single_person IS DISTINCT FROM {ALONE}",
        "a signature carries the mark of single-person mode while that is on, and only then",
    )
    return [*_closed("signatures"), *approving, marked]


def _single_person_mode() -> list[Guard]:
    administrator = """EXISTS (SELECT 1 FROM accounts
        WHERE id = NEW.account_id AND active AND role = 'administrator')"""
    refused = {
        "only an administrator may switch single-person mode on": f"NOT {administrator}",
        "single-person mode is for a practice in which one person reviews; two accounts may": SECOND_REVIEWER,
    }
    return [
        Guard("single_person_mode", "INSERT", f"NEW.is_on AND {condition}", sentence)
        for sentence, condition in refused.items()
    ]


def _kept(table: str) -> list[Guard]:
    return [
        Guard(table, "UPDATE", "1 = 1", f"{table} is append-only: a row cannot be changed"),
        Guard(table, "DELETE", "1 = 1", f"{table} is append-only: a row cannot be removed"),
    ]


def _versions(table: str, columns: list[str]) -> list[Guard]:
    content = triggers.changed(column for column in columns if column != "is_current")
    return [
        Guard(table, "UPDATE", content, f"{table} keeps every version as it came: load the change as a new version"),
        Guard(table, "UPDATE", "NEW.is_current AND NOT OLD.is_current", f"a replaced row of {table} stays replaced"),
        Guard(table, "DELETE", "1 = 1", f"{table} keeps every version: a row cannot be removed"),
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
        Guard("audits", "DELETE", "1 = 1", "an audit cannot be removed"),
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
        found += [_unreplaced(connection, table) for table in (*APPEND_ONLY, *columns)]
    return [*found, *_audits(columns["audits"]), *_decisions(), *_signatures(), *_single_person_mode()]


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
