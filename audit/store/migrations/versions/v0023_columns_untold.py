"""Notes and plans of care say which columns their file lacked of those that are asked of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("notes", sa.Column("columns_untold", sa.Text))
    op.add_column("plans_of_care", sa.Column("columns_untold", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("what is recorded is never taken away")
