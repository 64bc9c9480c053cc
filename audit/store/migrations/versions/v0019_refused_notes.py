"""What is left of notes of which a row was refused, and where that row stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("notes", sa.Column("refused_row", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("what is recorded is never taken away")
