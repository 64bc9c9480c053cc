"""Nothing about the tables: the guards know all of people's work that keeps a load from being undone."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """The guards are put in force after every migration."""


def downgrade() -> None:
    raise NotImplementedError("guards are never taken away")
