"""Watched samples that a person ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "audit_stops",
        sa.Column("audit_id", sa.Integer, sa.ForeignKey("audits.id"), nullable=False),
        sa.Column("verdict", sa.String(12), nullable=False),
        sa.Column("reviewed", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("audit_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("how an audit ended is never taken away")
