"""What people decided and signed, by which plan, and what followed: the release and the money returned."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, Text, UniqueConstraint, false, text

from audit.store.schema.columns import metadata, moment, numbered, reference
from audit.store.types import Money

decisions = Table(
    "decisions",
    metadata,
    numbered(),
    reference("claim_version_id", "claims", index=True),
    reference("finding_id", "findings", nullable=True, index=True),
    reference("account_id", "accounts"),
    Column("kind", String(12), nullable=False),
    Column("reason", String(40), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    reference("undoes_id", "decisions", nullable=True),
    moment("at"),
    Column("stage", String(12), nullable=False, server_default="first"),
    reference("review_id", "signatures", nullable=True),
    reference("about_id", "decisions", nullable=True, index=True),
    Column("corrected", Text, nullable=False, server_default=""),
    Column("due_on", Date),
    Index(
        "uq_decisions_undoes_id",
        "undoes_id",
        unique=True,
        sqlite_where=text("undoes_id IS NOT NULL"),
        postgresql_where=text("undoes_id IS NOT NULL"),
    ),
)
"""`review_id` is the first signature that a second review or an adjudication is about; `about_id` the question that
an answer answers, or the missed error that a verdict is on."""
signatures = Table(
    "signatures",
    metadata,
    numbered(),
    reference("claim_version_id", "claims", index=True),
    reference("account_id", "accounts"),
    Column("meaning", String(12), nullable=False),
    Column("printed_name", String(200), nullable=False),
    Column("single_person", Boolean, nullable=False, server_default=false()),
    Column("reason", Text, nullable=False, server_default=""),
    Column("digest", String(64), nullable=False),
    moment("at"),
    reference("run_id", "runs", nullable=True),
    reference("review_id", "signatures", nullable=True),
    Column("decision_id", Integer),
)
"""`run_id` is the run whose findings were signed: a newer one leaves the signature behind. `decision_id` is the newest
decision on the version when it was signed. From these two the digest can be worked out again at any time."""
review_plans = Table(
    "review_plans",
    metadata,
    numbered(),
    Column("content", Text, nullable=False),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
)
planned_claims = Table(
    "planned_claims",
    metadata,
    numbered(),
    reference("claim_version_id", "claims", index=True),
    reference("plan_id", "review_plans", nullable=True),
    Column("people", Integer, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    moment("at"),
)
releases = Table(
    "releases",
    metadata,
    numbered(),
    reference("account_id", "accounts"),
    moment("at"),
    Column("claim_count", Integer, nullable=False),
    Column("csv", Text, nullable=False),
    Column("csv_sha256", String(64), nullable=False),
)
release_claims = Table(
    "release_claims",
    metadata,
    reference("release_id", "releases", index=True),
    reference("claim_version_id", "claims"),
    reference("signature_id", "signatures"),
    UniqueConstraint("claim_version_id"),
)
overpayments = Table(
    "overpayments",
    metadata,
    numbered(),
    reference("claim_version_id", "claims", index=True),
    Column("act", String(16), nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("amount", Money()),
    Column("way", String(20), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    reference("undoes_id", "overpayments", nullable=True),
    reference("account_id", "accounts"),
    moment("at"),
    UniqueConstraint("undoes_id"),
)
