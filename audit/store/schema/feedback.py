"""What therapists said to what was upheld, and what they were taught."""

from __future__ import annotations

from sqlalchemy import Column, Date, String, Table, Text, UniqueConstraint

from audit.store.schema.columns import metadata, moment, numbered, reference

# What a therapist says to an upheld finding: `decision_id` is the verdict that upheld it, or reported the error.
feedback_answers = Table(
    "feedback_answers",
    metadata,
    numbered(),
    reference("decision_id", "decisions", index=True),
    reference("account_id", "accounts"),
    Column("kind", String(12), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("note_id", Text, nullable=False, server_default=""),
    Column("passage", Text, nullable=False, server_default=""),
    reference("note_version_id", "notes", nullable=True),
    moment("at"),
)
# `decision_id` is the decision that reverses the verdict, when the dispute is accepted.
feedback_rulings = Table(
    "feedback_rulings",
    metadata,
    numbered(),
    reference("answer_id", "feedback_answers"),
    reference("account_id", "accounts"),
    Column("level", String(12), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    reference("decision_id", "decisions", nullable=True),
    moment("at"),
    UniqueConstraint("answer_id"),
)
education_items = Table(
    "education_items",
    metadata,
    numbered(),
    Column("therapist_npi", String(10), nullable=False, index=True),
    Column("rule", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("taught_on", Date, nullable=False),
    reference("account_id", "accounts"),
    moment("at"),
)
