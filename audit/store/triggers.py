"""Guards as triggers, in SQLite's words and in PostgreSQL's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection, text

PREFIX = "countersign: "
_CLAIM = "PERFORM 1 FROM claims WHERE id = NEW.claim_version_id FOR NO KEY UPDATE;"
_MODE = "hashtext('countersign single-person mode')"
_TURNS = {
    "decisions": (_CLAIM,),
    "signatures": (_CLAIM, f"PERFORM pg_advisory_xact_lock_shared({_MODE});"),
    "planned_claims": (_CLAIM,),
    "release_claims": (_CLAIM,),
    "feedback_answers": ("PERFORM 1 FROM decisions WHERE id = NEW.decision_id FOR NO KEY UPDATE;",),
    "single_person_mode": (f"PERFORM pg_advisory_xact_lock({_MODE});",),
}
"""What a PostgreSQL trigger waits for before it looks: whoever else is at work on the claim, or switches the mode."""
_TRUNCATE = "guard_truncate"


@dataclass(frozen=True, slots=True)
class Guard:
    """`refused`, when it is true of the row NEW (and OLD), stops `action` on `table` and says `sentence`."""

    table: str
    action: Literal["INSERT", "UPDATE", "DELETE"]
    refused: str
    sentence: str

    @property
    def name(self) -> str:
        return f"guard_{self.table}_{self.action.lower()}"

    @property
    def message(self) -> str:
        return "'" + (PREFIX + self.sentence).replace("'", "''") + "'"


def on_insert(table: str, condition: str, refused: dict[str, str]) -> list[Guard]:
    """A guard for each sentence of `refused` -> what it refuses, of rows that meet the condition."""
    return [Guard(table, "INSERT", f"{condition} AND {wrong}", sentence) for sentence, wrong in refused.items()]


def changed(columns: Iterable[str]) -> str:
    """True when one of the columns of NEW differs from OLD; written as PostgreSQL has it."""
    return " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in columns)


def definitions(connection: Connection, guards: list[Guard]) -> dict[str, str]:
    """Name of each trigger -> the code it should hold in this database."""
    ordered = sorted(guards, key=lambda guard: guard.name)  # stable: guards of one trigger keep their order
    write = _sqlite if connection.dialect.name == "sqlite" else _postgres
    found = {name: write(list(checks)) for name, checks in groupby(ordered, key=lambda guard: guard.name)}
    if connection.dialect.name == "postgresql":
        message = f"'{PREFIX}' || TG_TABLE_NAME || ' cannot be emptied'"
        body = f"BEGIN RAISE EXCEPTION USING MESSAGE = {message}, ERRCODE = '23000'; END"
        found |= {f"{_TRUNCATE}_{table}": body for table in {guard.table for guard in guards}}
    return found


def _sqlite(checks: list[Guard]) -> str:
    first = checks[0]
    refusals = "\n".join(
        f"  SELECT RAISE(ABORT, {check.message}) WHERE {check.refused.replace('IS DISTINCT FROM', 'IS NOT')};"
        for check in checks
    )
    return f"CREATE TRIGGER {first.name} BEFORE {first.action} ON {first.table} BEGIN\n{refusals}\nEND"


def _postgres(checks: list[Guard]) -> str:
    """The body of a trigger function. Two people at work on one claim take turns: each sees what the other did."""
    first = checks[0]
    row = "OLD" if first.action == "DELETE" else "NEW"
    turn = "".join(f"  {wait}\n" for wait in _TURNS.get(first.table, ()) if row == "NEW")
    refusals = "\n".join(
        f"  IF {check.refused} THEN RAISE EXCEPTION USING MESSAGE = {check.message}, ERRCODE = '23000'; END IF;"
        for check in checks
    )
    return f"BEGIN\n{turn}{refusals}\n  RETURN {row};\nEND"


def create(connection: Connection, guards: list[Guard]) -> None:
    """Make every trigger anew."""
    drop(connection)
    actions = {guard.name: (guard.table, f"{guard.action} ON {guard.table} FOR EACH ROW") for guard in guards}
    for name, code in definitions(connection, guards).items():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(code)
            continue
        table = name.removeprefix(f"{_TRUNCATE}_")
        fires = actions[name][1] if name in actions else f"TRUNCATE ON {table} FOR EACH STATEMENT"
        _create_postgres(connection, name, code, fires)


def _create_postgres(connection: Connection, name: str, body: str, fires: str) -> None:
    """A function and its trigger. The fixed search_path keeps a temporary table from posing as one of ours."""
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    connection.exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp"
        f" AS $guard${body}$guard$"
    )
    connection.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE {fires} EXECUTE FUNCTION {name}()")


def installed(connection: Connection) -> dict[str, str]:
    """Name of each trigger that is in force -> the code it holds."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard_%'"
    else:
        query = """SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            JOIN pg_class c ON c.oid = t.tgrelid
            WHERE t.tgname LIKE 'guard_%' AND t.tgenabled IN ('O', 'A')
            AND c.relnamespace = current_schema()::regnamespace"""
    return {str(name): str(code) for name, code in connection.execute(text(query))}


def drop(connection: Connection) -> None:
    """Take every trigger away."""
    if connection.dialect.name == "sqlite":
        drops = [f"DROP TRIGGER {name}" for name in installed(connection)]
    else:
        names = (
            "SELECT proname FROM pg_proc WHERE proname LIKE 'guard_%' AND pronamespace = current_schema()::regnamespace"
        )
        drops = [f"DROP FUNCTION {name}() CASCADE" for name in connection.execute(text(names)).scalars()]
    for drop in drops:
        connection.exec_driver_sql(drop)
