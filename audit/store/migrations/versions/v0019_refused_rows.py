"""What is left of notes, plans of care and authorisations of which a row was refused: where that row stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for name in ("notes", "plans_of_care", "authorizations"):
        op.add_column(name, sa.Column("refused_row", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("what is recorded is never taken away")
