"""What the rules found, by run."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint, false

from audit.store.schema.columns import metadata, moment, numbered, reference
from audit.store.types import Money

runs = Table(
    "runs",
    metadata,
    numbered(),
    Column("state", String(12), nullable=False),
    Column("code_version", String(80), nullable=False),
    Column("facts_sha256", String(64), nullable=False),
    Column("claims_sha256", String(64), nullable=False),
    Column("claim_count", Integer, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("started_at"),
    moment("finished_at", nullable=True),
    Column("load_id", Integer),
    Column("complete", Boolean, nullable=False, server_default=false()),
)
"""`load_id` is the newest load when the run began: a record loaded later was not seen by it. `complete`: with it, every
claim that is current then is judged as by one run over all (`store.touched`)."""
# A finding without a claim is about a note nobody billed, or about a rule that failed.
findings = Table(
    "findings",
    metadata,
    numbered(),
    reference("run_id", "runs", index=True),
    reference("claim_version_id", "claims", nullable=True, index=True),
    Column("rule", String(40), nullable=False),
    Column("severity", String(12), nullable=False),
    Column("line_number", Integer),
    Column("note_id", Text),
    Column("procedure_code", Text),
    Column("expected", Text, nullable=False),
    Column("observed", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("dollars_at_risk", Money()),
    Column("facts_unchecked", Boolean, nullable=False),
    Column("change", Text, nullable=False, server_default=""),
    Column("dollars_under", Money()),
    Column("dollars_because", Text, nullable=False, server_default=""),
)
run_claims = Table(
    "run_claims",
    metadata,
    reference("run_id", "runs"),
    reference("claim_version_id", "claims", index=True),
    Column("dollars_over", Money()),
    Column("dollars_under", Money()),
    UniqueConstraint("run_id", "claim_version_id"),
)
facts_seen = Table(
    "facts_seen",
    metadata,
    numbered(),
    Column("facts_sha256", String(64), nullable=False),
    moment("at"),
)
