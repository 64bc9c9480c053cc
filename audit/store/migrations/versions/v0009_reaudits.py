"""When clinic and therapists are due for their next audit, and the table it follows from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0009"
down_revision = "0008"


def _by() -> list[sa.Column[object]]:
    return [
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "reaudit_tables",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *_by(),
    )
    op.create_table(
        "reaudits",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("audit_id", sa.Integer, sa.ForeignKey("audits.id"), nullable=False, index=True),
        sa.Column("subject", sa.String(12), nullable=False),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("result", sa.String(12), nullable=False),
        sa.Column("finished_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        *_by(),
    )


def downgrade() -> None:
    raise NotImplementedError("what was due is never taken away")
