"""Rows of the database, and conditions on many values at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, String, any_, bindparam, cast, func, literal, select

Row = dict[str, Any]
AT_ONCE = 5_000
"""Claims whose rows are held at a time: of many more, Python goes through what it holds again and again."""


def at_once(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """These ids in parts of AT_ONCE."""
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def among(connection: Connection, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`, sent as one parameter: an IN list has a limit of some ten thousand."""
    if len(values) == 1:  # the most frequent by far, and the plainest for the database
        only: ColumnElement[bool] = column == values[0]
        return only
    if connection.dialect.name == "sqlite":
        return _in_list(column, literal(json.dumps(list(values))))
    return column == any_(cast(literal(list(values), ARRAY(column.type)), ARRAY(column.type)))


def among_asked(backend: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """As `among`, for a query that is built once and asked with `asked`."""
    if backend == "sqlite":
        return _in_list(column, bindparam("asked", type_=String))
    return column == any_(cast(bindparam("asked", type_=ARRAY(column.type)), ARRAY(column.type)))


def asked(backend: str, values: Sequence[Any]) -> Row:
    """The parameters of a query with `among_asked`."""
    return {"asked": json.dumps(list(values)) if backend == "sqlite" else list(values)}


def _in_list(column: ColumnElement[Any], values: ColumnElement[str]) -> ColumnElement[bool]:
    return column.in_(select(func.json_each(values).table_valued("value").c.value))
