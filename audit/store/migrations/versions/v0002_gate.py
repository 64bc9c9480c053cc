"""One-time links, identities of another provider, and single-person mode with its mark on signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=True, index=True),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "single_person_mode",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=True),
        sa.Column("at", Moment, nullable=False),
    )
    mark = sa.Column("single_person", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("signatures", mark)


def downgrade() -> None:
    raise NotImplementedError("marks on signatures are never taken away")
