"""What was removed because the clinic's period for keeping it is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "retentions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("before_on", sa.Date, nullable=False),
        sa.Column("claim_count", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "removals",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("retention_id", sa.Integer, sa.ForeignKey("retentions.id"), nullable=False),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_id", sa.Integer, nullable=False),
        sa.Column("was_sha256", sa.String(64), nullable=False),
        sa.Column("now_sha256", sa.String(64), nullable=False),
        sa.UniqueConstraint("table_name", "row_id", name="uq_removals_table_name"),
    )
    op.create_index("ix_removals_retention_id", "removals", ["retention_id"])


def downgrade() -> None:
    raise NotImplementedError("what was removed cannot come back")
