"""Indexes for what is asked at a million lines: a patient's plans and authorisations, and what a load brought."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

INDEXES = (
    ("plans_of_care", "patient_id"),
    ("authorizations", "patient_id"),
    ("claims", "load_id"),
    ("notes", "load_id"),
)


def upgrade() -> None:
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
