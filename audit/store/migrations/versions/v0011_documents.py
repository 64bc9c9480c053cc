"""Notes as documents: what was read from them, where they were tied to, who confirmed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("notes", sa.Column("unconfirmed", sa.Text))
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("note_id", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("values", sa.Text, nullable=False),
        sa.Column("held", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("note_id"),
    )
    op.create_table(
        "document_steps",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_index("ix_document_steps_document_id", "document_steps", ["document_id"])


def downgrade() -> None:
    raise NotImplementedError("what was read from a note, and who confirmed it, is never taken away")
