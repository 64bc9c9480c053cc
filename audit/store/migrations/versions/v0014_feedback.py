"""Feedback to therapists: what they answer, how disputes are ruled, what was taught."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment

revision = "0014"
down_revision = "0013"


def _to(name: str, target: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def upgrade() -> None:
    op.create_table(
        "feedback_answers",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _to("decision_id", "decisions", index=True),
        _to("account_id", "accounts"),
        sa.Column("kind", sa.String(12), nullable=False),
        *[sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("text", "note_id", "passage")],
        _to("note_version_id", "notes", nullable=True),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "feedback_rulings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _to("answer_id", "feedback_answers"),
        _to("account_id", "accounts"),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _to("decision_id", "decisions", nullable=True),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("answer_id"),
    )
    op.create_table(
        "education_items",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("therapist_npi", sa.String(10), nullable=False, index=True),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("taught_on", sa.Date, nullable=False),
        _to("account_id", "accounts"),
        sa.Column("at", Moment, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("what therapists answered is never taken away")
