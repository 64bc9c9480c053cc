"""Many rows into a table at once: executemany on SQLite, COPY on PostgreSQL, within the caller's transaction.

The guards of the database see every row, as they do of any other INSERT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.sql.compiler import IdentifierPreparer

from audit.store import troubles
from audit.store.cells import Cells

AT_ONCE = 10_000
"""Rows made ready, and told of, at a time."""
CACHE = 100_000
"""Kilobytes that SQLite may keep of a database while much is added: its indexes are read again and again."""
SURVEYED = 1_000
"""Rows of each index that SQLite looks at in a survey."""
Told = Callable[[int], None]
"""Called with the number of rows that were added since the last call; raise from it to give up."""
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def add(connection: Connection, table: Table, row: dict[str, Cells], number: int, told: Told) -> None:
    """Add `number` rows, given as columns by name."""
    if not number:
        return
    quoted = IdentifierPreparer(connection.dialect).quote
    names, into = ", ".join(quoted(name) for name in row), quoted(table.name)
    blocks = [slice(start, start + AT_ONCE) for start in range(0, number, AT_ONCE)]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE}")
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO {into} ({names}) VALUES ({marks})"  # noqa: S608  (names of the schema alone)
        for block in blocks:
            rows = _rows(_stored(connection, table, row, block))
            connection.exec_driver_sql(statement, rows)
            told(len(rows))
        connection.exec_driver_sql("PRAGMA cache_size = -2000")  # as SQLite has it
        return
    with troubles.told(connection), _driver(connection).cursor().copy(f"COPY {into} ({names}) FROM STDIN") as copy:
        for block in blocks:
            rows = _rows({name: _spelled(cells) for name, cells in _stored(connection, table, row, block).items()})
            copy.write("".join(["\t".join(row) + "\n" for row in rows]))
            told(len(rows))


def survey(connection: Connection) -> None:
    """Let the database look at a part of each table anew, so that it chooses among indexes by what is in them. Without,
    SQLite may look for a claim among all current ones instead of by its number."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {SURVEYED}")
    connection.exec_driver_sql("ANALYZE")


def new_ids(connection: Connection, table: Table, number: int) -> list[int]:
    """Ids for so many rows of a table."""
    if connection.dialect.name == "sqlite":  # a write transaction is the only one
        last = connection.execute(select(func.max(table.c.id))).scalar() or 0
        return list(range(last + 1, last + 1 + number))
    query = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number)")
    return list(connection.execute(query, {"name": table.name, "number": number}).scalars())


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _stored(connection: Connection, table: Table, row: dict[str, Cells], block: slice) -> dict[str, Cells]:
    """These rows, each value as the database takes it."""
    return {name: _bound(connection, table.c[name].type, cells.at(block)) for name, cells in row.items()}


def _bound(connection: Connection, kind: Any, cells: Cells) -> Cells:
    process = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return cells if process is None else Cells([process(value) for value in cells.distinct], cells.places)


def _spelled(cells: Cells) -> Cells:
    """As COPY reads it."""
    return Cells([_text(value) for value in cells.distinct], cells.places)


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).translate(_ESCAPED)


def _rows(row: dict[str, Cells]) -> list[tuple[Any, ...]]:
    return list(zip(*[cells.each() for cells in row.values()], strict=True))
