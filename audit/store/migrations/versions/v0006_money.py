"""What findings are worth, what each claim of a run comes to, and the fees of other payers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Money

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("change", "dollars_because"):
        op.add_column("findings", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("findings", sa.Column("dollars_under", Money))
    for name in ("dollars_over", "dollars_under"):
        op.add_column("run_claims", sa.Column(name, Money))
    op.create_table(
        "fees",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("payer_id", sa.Text),
        sa.Column("procedure_code", sa.Text),
        sa.Column("amount", Money),
        sa.Column("co_factor", sa.Text),
        sa.Column("effective_from", sa.Date),
        sa.Column("effective_to", sa.Date),
    )
    op.create_index("ix_fees_key", "fees", ["payer_id", "procedure_code", "effective_from"])


def downgrade() -> None:
    raise NotImplementedError("what a claim was said to be worth is never taken away")
