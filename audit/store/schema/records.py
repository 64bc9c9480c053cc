"""What was loaded: claims, notes and what the rules read beside them.

Rows are kept per load and per version: a corrected claim or note is a new version, the old one stays."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, Text, UniqueConstraint

from audit import model
from audit.store.schema.columns import metadata, moment, numbered, of_contract, one_current, reference
from audit.store.types import Money

claims = Table(
    "claims",
    metadata,
    numbered(),
    Column("claim_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    reference("load_id", "loads", index=True),
    Column("patient_id", Text, nullable=False, index=True),
    Column("patient_name", Text),
    Column("payer_id", Text, nullable=False),
    Column("payer_name", Text),
    Column("rendering_npi", Text, nullable=False),
    Column("rendering_name", Text),
    Column("billing_npi", Text),
    Column("service_date", Date, nullable=False),
    Column("charge_amount", Money()),
    UniqueConstraint("claim_id", "version"),
    one_current("claims", "claim_id"),
    Index("ix_claims_current_date", "is_current", "service_date"),
)
claim_lines = Table(
    "claim_lines",
    metadata,
    reference("claim_version_id", "claims"),
    Column("line_number", Integer, nullable=False),
    *of_contract(model.CLAIMS, "line_number"),
    UniqueConstraint("claim_version_id", "line_number"),
    Index("ix_claim_lines_patient_date", "patient_id", "service_date"),
    Index("ix_claim_lines_provider_date", "rendering_npi", "service_date"),
)
notes = Table(
    "notes",
    metadata,
    numbered(),
    Column("version", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    reference("load_id", "loads", index=True),
    *of_contract(model.NOTES),
    UniqueConstraint("note_id", "version"),
    one_current("notes", "note_id"),
    Index("ix_notes_patient_date", "patient_id", "service_date"),
    Index("ix_notes_provider_date", "rendering_npi", "service_date"),
    Index("ix_notes_claim", "claim_id"),
)
note_services = Table(
    "note_services",
    metadata,
    reference("note_version_id", "notes"),
    Column("position", Integer, nullable=False),
    *of_contract(model.NOTE_SERVICES),
    UniqueConstraint("note_version_id", "position"),
)


def _context(table: model.Table, *looked_up: str) -> Table:
    """A table of context (payers, plans ...): versions are told apart by load, the newest counts."""
    return Table(
        table.name,
        metadata,
        numbered(),
        Column("is_current", Boolean, nullable=False),
        Column("content_sha256", String(64), nullable=False),
        reference("load_id", "loads"),
        *of_contract(table),
        Index(f"ix_{table.name}_key", *table.key),
        *[Index(f"ix_{table.name}_{name}", name) for name in looked_up],
    )


payers = _context(model.PAYERS)
plans_of_care = _context(model.PLANS_OF_CARE, "patient_id")
authorizations = _context(model.AUTHORIZATIONS, "patient_id")
providers = _context(model.PROVIDERS)
fees = _context(model.FEES)
payments = _context(model.PAYMENTS, "claim_id", "payer_control_number")
adjustments = _context(model.ADJUSTMENTS, "claim_id")
# Saved by an administrator: from its first day on, a profile takes the place of what was saved before.
payer_profiles = Table(
    "payer_profiles",
    metadata,
    numbered(),
    Column("payer_id", Text, nullable=False, index=True),
    *[Column(c.name, Text, nullable=False) for c in model.PAYERS.columns if c.kind not in ("date",) and not c.required],
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    reference("account_id", "accounts"),
    moment("at"),
)
# Notes as documents, one row a visit; what became of each is the newest of its steps.
documents = Table(
    "documents",
    metadata,
    numbered(),
    Column("note_id", Text, nullable=False, unique=True),
    Column("file", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("values", Text, nullable=False),
    Column("held", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
)
"""`values`: what was read from `text`, as JSON; `held`: why it waits for a person, "" when it did not have to."""
document_steps = Table(
    "document_steps",
    metadata,
    numbered(),
    reference("document_id", "documents", index=True),
    Column("kind", String(12), nullable=False),
    Column("content", Text, nullable=False),
    reference("account_id", "accounts", nullable=True),
    moment("at"),
)
"""`kind`: tied, confirmed, set aside. `content`: the visit, the values as confirmed, or the reason, as JSON."""
