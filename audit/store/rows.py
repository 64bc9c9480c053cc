"""Checked tables into rows of the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ARRAY, ColumnElement, Connection, String, any_, bindparam, cast, func, literal, select

from audit import model

Row = dict[str, Any]


def rows(frame: pd.DataFrame, table: model.Table) -> list[Row]:
    """The contract's columns of a checked table, one dict a row: str, int, date, Decimal; None for unknown."""
    columns = [_values(frame[column.name], column.kind) for column in table.columns]
    names = table.names
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(values: pd.Series[Any], kind: model.Kind) -> list[Any]:
    if kind == "date":
        values = values.dt.date
    if kind in ("date", "count", "money", "price"):
        return [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]
    return values.tolist()


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
