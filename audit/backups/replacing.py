"""What is there before a restore: whether it has data, and how it is set aside instead of removed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select

from audit.errors import InputError, StateError, StoreError
from audit.store import guards, migrations, schema
from audit.store.database import place, read

__all__ = ["has_data", "place", "remove", "retained_since", "set_schema_aside", "stamp", "swap"]
SIDES = ("", "-wal", "-shm", "-journal")


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def has_data(engine: Engine) -> bool:
    """Whether anybody has worked in it: there is an account or a load. A file that cannot be read counts as data."""
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
        return False
    try:
        with read(engine) as connection:
            held = set(inspect(connection).get_table_names())
            ours = migrations.revision(connection) is not None
            if held and not ours:
                raise InputError(
                    "the database holds another program's tables",
                    where=place(engine),
                    do="Name an empty or a new database",
                )
            worked = (schema.accounts, schema.loads)
            return any(connection.execute(select(one.c.id).limit(1)).first() for one in worked if one.name in held)
    except StoreError:
        if engine.dialect.name == "sqlite":
            return True
        raise


def retained_since(engine: Engine, made: datetime) -> tuple[date, ...]:
    """The days of the retentions that were run in it since then: what they removed is still in a backup of then."""
    table = schema.retentions
    try:
        with read(engine) as connection:
            if table.name not in inspect(connection).get_table_names():
                return ()
            query = select(table.c.before_on).where(table.c.at > made).order_by(table.c.id)
            return tuple(connection.execute(query).scalars())
    except StoreError:  # damaged: nobody can tell
        return ()


def remove(path: Path) -> None:
    for side in SIDES:
        path.with_name(path.name + side).unlink(missing_ok=True)


def swap(making: Path, target: Path, at: datetime, *, keep: bool) -> str:
    """Put a finished file in the place of another. `keep`: that one is kept under a name with the time; return it.

    Raises StateError when a program has the old one open: it would go on writing into the file set aside.
    """
    if not target.exists():
        os.replace(making, target)
        return ""
    aside = target.with_name(f"{target.name}.before-restore-{stamp(at)}")
    _nobody_has_open(target)
    if keep:
        _keep_as(target, aside)
    for side in SIDES[1:]:  # of a damaged file: what SQLite could not take back into it
        if keep and (beside := target.with_name(target.name + side)).exists():
            os.replace(beside, aside.with_name(aside.name + side))
    os.replace(making, target)
    return str(aside) if keep else ""


def _keep_as(target: Path, aside: Path) -> None:
    """Under a second name, so that there is a database at every moment."""
    try:
        os.link(target, aside)
    except OSError:  # a disk without links
        shutil.copy2(target, aside)


def _nobody_has_open(path: Path) -> None:
    """Ends write-ahead logging, which SQLite does only for one who is alone, and takes the log back into the file."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StateError(
                "another program has the database open",
                where=str(path),
                do="Stop Countersign (serve, watch), then do it again",
            ) from None
    except sqlite3.DatabaseError:
        pass  # damaged: that may be why it is replaced
    finally:
        connection.close()


def set_schema_aside(connection: Connection, at: datetime, *, keep: bool) -> str:
    """PostgreSQL: drop our tables, or (`keep`) move them into a schema of their own; return its name. Inside the
    caller's transaction."""
    held = set(inspect(connection).get_table_names())
    ours = [one.name for one in schema.metadata.sorted_tables if one.name in held]
    ours += ["alembic_version"] if "alembic_version" in held else []
    if not ours:
        return ""
    guards.remove(connection)
    aside = f"before_restore_{stamp(at)}"
    if keep:
        connection.exec_driver_sql(f"CREATE SCHEMA {aside}")
    for name in ours:
        change = f"ALTER TABLE {name} SET SCHEMA {aside}" if keep else f"DROP TABLE {name} CASCADE"
        connection.exec_driver_sql(change)
    return f"the schema {aside}" if keep else ""
