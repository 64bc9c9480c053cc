"""Nothing about the tables: the guards let a removal empty what a finding says where it quotes a patient's value."""

from __future__ import annotations

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """The guards are put in force after every migration."""


def downgrade() -> None:
    raise NotImplementedError("guards are never taken away")
