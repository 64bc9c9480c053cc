"""Audits, their samples, and when a clinic or a therapist is due again."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text, UniqueConstraint

from audit.store.schema.columns import metadata, moment, numbered, reference

audits = Table(
    "audits",
    metadata,
    numbered(),
    Column("name", String(200), nullable=False),
    reference("run_id", "runs"),
    Column("kind", String(12), nullable=False),
    Column("frame_csv", Text, nullable=False),
    Column("frame_sha256", String(64), nullable=False),
    Column("plan", Text, nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    reference("account_id", "accounts"),
    moment("frozen_at"),
    Column("seed", String(80)),
    moment("seeded_at", nullable=True),
)
audit_claims = Table(
    "audit_claims",
    metadata,
    reference("audit_id", "audits"),
    reference("claim_version_id", "claims", index=True),
    Column("stratum", String(80), nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("audit_id", "claim_version_id"),
)
audit_stops = Table(
    "audit_stops",
    metadata,
    reference("audit_id", "audits"),
    Column("verdict", String(12), nullable=False),
    Column("reviewed", Integer, nullable=False),
    reference("account_id", "accounts"),
    moment("at"),
    UniqueConstraint("audit_id"),
)
# The newest row is in force; before the first, what comes with Countersign.
reaudit_tables = Table(
    "reaudit_tables",
    metadata,
    numbered(),
    Column("content", Text, nullable=False),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts"),
    moment("at"),
)
reaudits = Table(
    "reaudits",
    metadata,
    numbered(),
    reference("audit_id", "audits", index=True),
    Column("subject", String(12), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("result", String(12), nullable=False),
    Column("finished_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    reference("account_id", "accounts"),
    moment("at"),
)
"""When a clinic or a therapist is due again; of a subject and name the newest row holds."""
