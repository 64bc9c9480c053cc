"""The shapes that columns of several tables share, and the metadata every table stands in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, Text, text
from sqlalchemy.types import TypeEngine

from audit import model
from audit.store.types import Moment, Money

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
_TYPES: dict[str, TypeEngine[Any]] = {
    "count": Integer(),
    "money": Money(),
    "price": Money(),
    "share": Text(),
    "date": Date(),
    "text": Text(),
    "code": Text(),
    "time": Text(),
    "moment": Text(),
    "word": Text(),
    "list": Text(),
}
"""Times of day and signing times of a note are the clinic's local clock, kept as they were written.

Input is kept without a limit of length: PostgreSQL would refuse a long value that SQLite takes."""


def numbered() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def reference(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def of_contract(table: model.Table, *without: str) -> list[Column[Any]]:
    return [Column(c.name, _TYPES[c.kind]) for c in table.columns if c.name not in without]


def one_current(table: str, key: str) -> Index:
    """No key has two current versions; also the way to the current version of a key."""
    current = text("is_current")
    return Index(f"uq_{table}_current", key, unique=True, sqlite_where=current, postgresql_where=current)


def moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment(), nullable=nullable)
