"""The log of overpayments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment, Money

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "overpayments",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("claim_version_id", sa.Integer, sa.ForeignKey("claims.id"), nullable=False, index=True),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("amount", Money),
        sa.Column("way", sa.String(20), nullable=False, server_default=""),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("undoes_id", sa.Integer, sa.ForeignKey("overpayments.id")),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("undoes_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was known of an overpayment is never taken away")
