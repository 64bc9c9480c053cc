"""What was removed because the clinic's period for keeping it is over: values of persons, never that something was."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text, UniqueConstraint

from audit.store.schema.columns import metadata, moment, numbered, reference

retentions = Table(
    "retentions",
    metadata,
    numbered(),
    Column("before_on", Date, nullable=False),
    Column("claim_count", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    moment("at"),
)
"""`before_on`: claims whose every date of service lies before it. Always made by the command line."""
removals = Table(
    "removals",
    metadata,
    numbered(),
    reference("retention_id", "retentions", index=True),
    Column("table_name", String(40), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("was_sha256", String(64), nullable=False),
    Column("now_sha256", String(64), nullable=False),
    UniqueConstraint("table_name", "row_id"),
)
"""One row for each row that lost values: its digest before and after. `table_name` "seals": the digest of a signature,
which can be worked out from what is left from then on only."""
