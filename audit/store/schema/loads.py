"""What was loaded, what was refused, what a load replaced, and how other programs' tables are read."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from audit.store.schema.columns import metadata, moment, numbered, reference

loads = Table(
    "loads",
    metadata,
    numbered(),
    Column("sha256", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
    Column("counts", Text, nullable=False),
)
refusals = Table(
    "refusals",
    metadata,
    numbered(),
    reference("load_id", "loads", index=True),
    Column("file", Text, nullable=False),
    Column("row", Integer),
    Column("column", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("wrong", Text, nullable=False),
    Column("do", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("record_id", Text, nullable=False),
)
# The refused rows of one table of a load as they stood, with the reasons, to mend and load again.
refused_tables = Table(
    "refused_tables",
    metadata,
    numbered(),
    reference("load_id", "loads", index=True),
    Column("name", Text, nullable=False),
    Column("csv", Text, nullable=False),
)
# Which rows a load replaced: what becomes current again when it is undone.
retirements = Table(
    "retirements",
    metadata,
    numbered(),
    reference("load_id", "loads", index=True),
    Column("table_name", String(40), nullable=False),
    Column("row_id", Integer, nullable=False),
    Index("ix_retirements_row", "table_name", "row_id"),
)
# A load undone as a whole. Without an account: the command line.
withdrawals = Table(
    "withdrawals",
    metadata,
    reference("load_id", "loads"),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
    UniqueConstraint("load_id"),
)
# How tables of other programs are read; the newest of a name counts. `content` is JSON of `audit.intake.foreign`.
mappings = Table(
    "mappings",
    metadata,
    numbered(),
    Column("name", Text, nullable=False, index=True),
    Column("content", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
)
