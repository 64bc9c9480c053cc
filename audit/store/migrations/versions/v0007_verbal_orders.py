"""Plans: the verbal order and the reason of a delay. Payers: what they say of modifiers 96 and 97."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("plans_of_care", sa.Column("verbal_order_on", sa.Date))
    op.add_column("plans_of_care", sa.Column("delay_reason", sa.Text))
    op.add_column("payers", sa.Column("habilitative_modifier", sa.Text))
    op.add_column("payer_profiles", sa.Column("habilitative_modifier", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("what runs were made with is never taken away")
