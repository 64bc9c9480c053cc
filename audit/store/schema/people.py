"""Who may enter, and how they come in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint

from audit.store.schema.columns import metadata, moment, numbered, reference

accounts = Table(
    "accounts",
    metadata,
    numbered(),
    Column("username", String(80), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("npi", String(10), nullable=False, server_default=""),
    Column("password_hash", String(200), nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    moment("locked_until", nullable=True),
    moment("created_at"),
)
sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    reference("account_id", "accounts", index=True),
    moment("created_at"),
    moment("seen_at"),
    moment("ended_at", nullable=True),
)
# Without an account: the link that makes the first administrator.
invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    reference("account_id", "accounts", nullable=True, index=True),
    moment("made_at"),
    moment("ends_at"),
    moment("used_at", nullable=True),
)
identities = Table(
    "identities",
    metadata,
    numbered(),
    reference("account_id", "accounts", index=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    moment("at"),
    UniqueConstraint("issuer", "subject"),
)
# The newest row is in force. Without an account: the command line.
single_person_mode = Table(
    "single_person_mode",
    metadata,
    numbered(),
    Column("is_on", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
)
