"""Claims, notes and plans of care say whether their file told modifiers, signatures and certifications at all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("claim_lines", sa.Column("modifiers_told", sa.Text))
    op.add_column("notes", sa.Column("signature_told", sa.Text))
    op.add_column("plans_of_care", sa.Column("certification_told", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("what is recorded is never taken away")
