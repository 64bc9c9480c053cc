"""Changes to the tables, one file each in `versions/`, run by Alembic from the first table on.

A new one: change `schema.py` and write `versions/v0002_what_it_does.py`. The guards are taken away before the first
and put back, as this code has them, after the last: a revision has nothing to do with them, but a change of the
guards alone needs a revision too, if an empty one. A test compares the migrated database with `schema.py`.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from audit.errors import InputError
from audit.store import guards


def settings(connection: Connection) -> Config:
    """What alembic.ini would say, for this connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction. Raises InputError for tables that are not ours."""
    config = settings(connection)
    scripts = ScriptDirectory.from_config(config)
    _refuse_strangers(connection, scripts)
    if not is_current(connection):
        guards.remove(connection)
        complete(connection)


def begin_at(connection: Connection, revision: str) -> None:
    """The tables as they were at a revision, in an empty database, without guards: to be filled, then `complete`."""
    config = settings(connection)
    if revision not in {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}:
        raise InputError(
            "it was made by a newer version of Countersign", where=f"revision {revision}", do="Install that version"
        )
    command.upgrade(config, revision)


def complete(connection: Connection) -> None:
    """Run what is missing and put the guards in force."""
    command.upgrade(settings(connection), "head")
    guards.install(connection)


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this code."""
    heads = ScriptDirectory.from_config(settings(connection)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def revision(connection: Connection) -> str | None:
    """The revision that the tables have; None where there are none of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_strangers(connection: Connection, scripts: ScriptDirectory) -> None:
    where = connection.engine.url.render_as_string(hide_password=True)
    known = {revision.revision for revision in scripts.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if present - known:
        raise InputError(
            "the database was made by a newer version of Countersign",
            where=where,
            do="Install that version, or restore a backup from before it",
        )
    if not present and inspect(connection).get_table_names():
        raise InputError(
            "the database holds another program's tables", where=where, do="Name an empty or a new database"
        )
