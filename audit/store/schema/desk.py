"""What may change: who holds a claim, half-written forms, the worklist. Nothing that counts as evidence."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from audit.store.schema.columns import metadata, moment, reference
from audit.store.types import Money

leases = Table(
    "leases",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    reference("account_id", "accounts", index=True),
    moment("taken_at"),
    moment("ends_at"),
)
assignments = Table(
    "assignments",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    reference("account_id", "accounts"),
    reference("by_id", "accounts"),
    Column("due_on", Date),
    moment("at"),
)
drafts = Table(
    "drafts",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("fields", Text, nullable=False),
    moment("at"),
)
_IN_STATE = ("risk", "dollars", "due_on", "since", "service_date")
worklist = Table(
    "worklist",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("claim_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("people", Integer, nullable=False),
    Column("blind", Boolean, nullable=False),
    reference("run_id", "runs", nullable=True),
    *[Column(name, Integer, nullable=False) for name in ("risk", "errors", "warnings", "infos", "untestables")],
    Column("undecided", Integer, nullable=False),
    Column("dollars", Money(), nullable=False),
    Column("found", Text, nullable=False),
    Column("payer_id", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("rendering_npi", Text, nullable=False),
    Column("therapist", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    reference("assigned_to", "accounts", nullable=True),
    reference("first_id", "accounts", nullable=True),
    moment("since"),
    *[Index(f"ix_worklist_{name}", "state", name, "claim_version_id") for name in _IN_STATE],
    Index("ix_worklist_payer_id", "payer_id", "state"),
    Index("ix_worklist_rendering_npi", "rendering_npi", "state"),
    Index("ix_worklist_assigned_to", "assigned_to", "state"),
)
"""Where each claim under review stands, kept so that a page of it is read by an index. Made by `standing.refresh`
from signatures and decisions and never asked when something is decided; `countersign verify` compares."""
