"""Every row of the database as lines of text that both kinds of database read again, value for value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    Integer,
    Text,
    column,
    func,
    insert,
    inspect,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from audit.errors import StateError
from audit.store import schema
from audit.store.types import Moment, Money

PASSING = ("sessions", "invitations", "leases")
"""Left out: who is signed in, one-time links and claims being held would come to life again."""
TYPES: dict[str, TypeEngine[Any]] = {
    "moment": Moment(),
    "money": Money(),
    "date": Date(),
    "truth": Boolean(),
    "number": BigInteger(),
    "text": Text(),
}
"""Kinds of columns in a dump; the first that fits is a column's."""
_READ: dict[str, Callable[[str], Any]] = {
    "moment": datetime.fromisoformat,
    "money": Decimal,
    "date": date.fromisoformat,
}
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Dumped:
    """A table as it was written: `columns` name -> kind, in order; `sha256` over its lines."""

    columns: dict[str, str]
    rows: int
    sha256: str


def names(connection: Connection) -> list[str]:
    """The tables to dump, each after those it refers to."""
    held = set(inspect(connection).get_table_names())
    return [one.name for one in schema.metadata.sorted_tables if one.name in held and one.name not in PASSING]


def count(connection: Connection, names: list[str]) -> int:
    """Rows of these tables, all together."""
    each = [select(func.count()).select_from(table(name)).scalar_subquery() for name in names]
    return sum(connection.execute(select(*each)).one())


def columns_of(connection: Connection, name: str) -> dict[str, str]:
    """Name -> kind of the columns that the table has in this database, which may be an older one."""
    known = schema.metadata.tables[name].c
    held = [str(one["name"]) for one in inspect(connection).get_columns(name)]
    if strange := [one for one in held if one not in known]:
        raise StateError(f"the table {name} has a column {strange[0]} that this version of Countersign does not know")
    return {one: _kind(known[one].type) for one in held}


def _kind(type_: TypeEngine[Any]) -> str:
    if isinstance(type_, Integer):
        return "number"
    return next((name for name, kind in TYPES.items() if isinstance(type_, type(kind))), "text")


def lines(connection: Connection, name: str, columns: dict[str, str]) -> Iterator[str]:
    """The rows of a table as JSON arrays, in the order of their keys."""
    of = schema.metadata.tables[name]
    order = list(of.primary_key.columns) or list(next(iter(_uniques(of)), of.c))
    query = select(*[of.c[one] for one in columns]).order_by(*order).execution_options(yield_per=BATCH)
    for row in connection.execute(query):
        yield json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":")) + "\n"


def _uniques(of: Any) -> list[Any]:
    return [list(one.columns) for one in of.constraints if type(one).__name__ == "UniqueConstraint"]


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:.2f}"
    return value


def dump(connection: Connection, name: str, write: Callable[[bytes], Any]) -> Dumped:
    """Hand the lines of a table to `write`."""
    columns, rows, digest = columns_of(connection, name), 0, hashlib.sha256()
    left = lines(connection, name, columns)
    while some := list(islice(left, BATCH)):
        content = "".join(some).encode()
        rows += len(some)
        digest.update(content)
        write(content)
    return Dumped(columns, rows, digest.hexdigest())


def fill(connection: Connection, name: str, columns: dict[str, str], every: Iterable[bytes]) -> int:
    """Put dumped lines into the empty table `name`; return their number. Without guards, inside the caller's
    transaction."""
    into, rows = table(name, *[column(one, TYPES[kind]) for one, kind in columns.items()]), 0
    left = iter(every)
    while some := list(islice(left, BATCH)):
        values = [_values(line, columns) for line in some]
        connection.execute(insert(into), values)
        rows += len(values)
    if "id" in columns and connection.dialect.name == "postgresql":
        newest = select(func.coalesce(func.max(into.c.id), 0) + 1).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), newest, False)))
    return rows


def _values(line: bytes, columns: dict[str, str]) -> dict[str, Any]:
    cells = json.loads(line)
    return {
        one: _READ[kind](cell) if cell is not None and kind in _READ else cell
        for (one, kind), cell in zip(columns.items(), cells, strict=True)
    }
