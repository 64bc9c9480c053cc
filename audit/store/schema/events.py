"""The trail: everything anybody did, each event sealed by the one before."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from audit.store.schema.columns import metadata, moment, numbered, reference

events = Table(
    "events",
    metadata,
    numbered(),
    moment("at"),
    reference("account_id", "accounts", nullable=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Index("ix_events_subject", "subject", "id"),
    Index("ix_events_kind", "kind", "id"),
    Index("ix_events_account", "account_id", "id"),
    Index("ix_events_at", "at"),
)
