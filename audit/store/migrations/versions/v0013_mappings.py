"""Mappings of columns, refused rows as they stood, what each load replaced, and loads undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0013"
down_revision = "0012"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def upgrade() -> None:
    op.create_table(
        "mappings",
        _id(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_index("ix_mappings_name", "mappings", ["name"])
    op.create_table(
        "refused_tables",
        _id(),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("csv", sa.Text, nullable=False),
    )
    op.create_table(
        "retirements",
        _id(),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False, index=True),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_id", sa.Integer, nullable=False),
    )
    op.create_index("ix_retirements_row", "retirements", ["table_name", "row_id"])
    op.create_table(
        "withdrawals",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("load_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("which loads were undone is never taken away")
