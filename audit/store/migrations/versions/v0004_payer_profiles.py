"""Payer profiles saved in the app, and what a payer says of authorisation numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0004"
down_revision = "0003"
WORDS = ("name", "unit_method", "therapy_modifier", "assistant_modifier", "medicare", "pair_edits", "authorization")


def upgrade() -> None:
    op.create_table(
        "payer_profiles",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("payer_id", sa.Text, nullable=False, index=True),
        *[sa.Column(name, sa.Text, nullable=False) for name in WORDS],
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.add_column("payers", sa.Column("authorization", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("profiles that runs were made with are never taken away")
