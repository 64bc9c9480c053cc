"""Stages of review, plans, leases, drafts, the kept worklist, releases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment, Money

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _columns()
    _kept()
    _changing()
    _worklist()


def downgrade() -> None:
    raise NotImplementedError("what people decided is never taken away")


def _to(table: str, name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), **options)


def _must(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _columns() -> None:
    for name, columns in {
        "subject": ["subject", "id"],
        "kind": ["kind", "id"],
        "account": ["account_id", "id"],
        "at": ["at"],
    }.items():
        op.create_index(f"ix_events_{name}", "events", columns)
    op.add_column("runs", sa.Column("load_id", sa.Integer))
    op.add_column("decisions", _must("stage", sa.String(12), server_default="first"))
    op.add_column("decisions", _to("signatures", "review_id"), inline_references=True)
    op.add_column("decisions", _to("decisions", "about_id"), inline_references=True)
    op.add_column("decisions", _must("corrected", sa.Text, server_default=""))
    op.add_column("decisions", sa.Column("due_on", sa.Date))
    op.create_index("ix_decisions_about_id", "decisions", ["about_id"])
    undoes = sa.text("undoes_id IS NOT NULL")
    op.create_index(
        "uq_decisions_undoes_id",
        "decisions",
        ["undoes_id"],
        unique=True,
        sqlite_where=undoes,
        postgresql_where=undoes,
    )
    op.add_column("signatures", _to("runs", "run_id"), inline_references=True)
    op.add_column("signatures", _to("signatures", "review_id"), inline_references=True)
    op.add_column("signatures", sa.Column("decision_id", sa.Integer))


def _kept() -> None:
    op.create_table("facts_seen", _id(), _must("facts_sha256", sa.String(64)), _must("at", Moment))
    op.create_table(
        "review_plans",
        _id(),
        _must("content", sa.Text),
        _must("reason", sa.Text),
        _to("accounts", "account_id", nullable=True),
        _must("at", Moment),
    )
    op.create_table(
        "planned_claims",
        _id(),
        _to("claims", "claim_version_id", nullable=False, index=True),
        _to("review_plans", "plan_id", nullable=True),
        _must("people", sa.Integer),
        _must("blind", sa.Boolean),
        _must("why", sa.Text),
        _must("at", Moment),
    )
    op.create_table(
        "releases",
        _id(),
        _to("accounts", "account_id", nullable=False),
        _must("at", Moment),
        _must("claim_count", sa.Integer),
        _must("csv", sa.Text),
        _must("csv_sha256", sa.String(64)),
    )
    op.create_table(
        "release_claims",
        _to("releases", "release_id", nullable=False, index=True),
        _to("claims", "claim_version_id", nullable=False),
        _to("signatures", "signature_id", nullable=False),
        sa.UniqueConstraint("claim_version_id"),
    )


def _changing() -> None:
    op.create_table(
        "leases",
        _to("claims", "claim_version_id", primary_key=True, autoincrement=False),
        _to("accounts", "account_id", nullable=False, index=True),
        _must("taken_at", Moment),
        _must("ends_at", Moment),
    )
    op.create_table(
        "assignments",
        _to("claims", "claim_version_id", primary_key=True, autoincrement=False),
        _to("accounts", "account_id", nullable=False),
        _to("accounts", "by_id", nullable=False),
        sa.Column("due_on", sa.Date),
        _must("at", Moment),
    )
    op.create_table(
        "drafts",
        _to("accounts", "account_id", primary_key=True, autoincrement=False),
        _to("claims", "claim_version_id", primary_key=True, autoincrement=False),
        _must("fields", sa.Text),
        _must("at", Moment),
    )


def _worklist() -> None:
    op.create_table(
        "worklist",
        _to("claims", "claim_version_id", primary_key=True, autoincrement=False),
        _must("claim_id", sa.Text),
        _must("state", sa.String(12)),
        _must("people", sa.Integer),
        _must("blind", sa.Boolean),
        _to("runs", "run_id", nullable=True),
        *[_must(name, sa.Integer) for name in ("risk", "errors", "warnings", "infos", "untestables", "undecided")],
        _must("dollars", Money),
        *[_must(name, sa.Text) for name in ("found", "payer_id", "payer", "rendering_npi", "therapist")],
        _must("service_date", sa.Date),
        _must("due_on", sa.Date),
        _to("accounts", "assigned_to", nullable=True),
        _to("accounts", "first_id", nullable=True),
        _must("since", Moment),
    )
    for name in ("risk", "dollars", "due_on", "since", "service_date"):
        op.create_index(f"ix_worklist_{name}", "worklist", ["state", name, "claim_version_id"])
    for name in ("payer_id", "rendering_npi", "assigned_to"):
        op.create_index(f"ix_worklist_{name}", "worklist", [name, "state"])
