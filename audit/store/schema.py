"""The tables of the store.

Input rows are kept per load and per version: a corrected claim or note is a new version, the old one stays.
Findings, decisions, signatures and events are only ever added to; `guards` makes the database refuse the rest.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

from audit import model
from audit.store.types import Moment, Money

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
_TYPES: dict[str, TypeEngine[Any]] = {
    "count": Integer(),
    "money": Money(),
    "price": Money(),
    "share": Text(),
    "date": Date(),
    "text": Text(),
    "code": Text(),
    "time": Text(),
    "moment": Text(),
    "word": Text(),
    "list": Text(),
}
"""Times of day and signing times of a note are the clinic's local clock, kept as they were written.

Input is kept without a limit of length: PostgreSQL would refuse a long value that SQLite takes."""


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _reference(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def _contract(table: model.Table, *without: str) -> list[Column[Any]]:
    return [Column(c.name, _TYPES[c.kind]) for c in table.columns if c.name not in without]


def _one_current(table: str, key: str) -> Index:
    """No key has two current versions; also the way to the current version of a key."""
    current = text("is_current")
    return Index(f"uq_{table}_current", key, unique=True, sqlite_where=current, postgresql_where=current)


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment(), nullable=nullable)


accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("username", String(80), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("npi", String(10), nullable=False, server_default=""),
    Column("password_hash", String(200), nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    _moment("locked_until", nullable=True),
    _moment("created_at"),
)
sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    _reference("account_id", "accounts", index=True),
    _moment("created_at"),
    _moment("seen_at"),
    _moment("ended_at", nullable=True),
)
# Without an account: the link that makes the first administrator.
invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    _reference("account_id", "accounts", nullable=True, index=True),
    _moment("made_at"),
    _moment("ends_at"),
    _moment("used_at", nullable=True),
)
identities = Table(
    "identities",
    metadata,
    _id(),
    _reference("account_id", "accounts", index=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    _moment("at"),
    UniqueConstraint("issuer", "subject"),
)
# The newest row is in force. Without an account: the command line.
single_person_mode = Table(
    "single_person_mode",
    metadata,
    _id(),
    Column("is_on", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
)
events = Table(
    "events",
    metadata,
    _id(),
    _moment("at"),
    _reference("account_id", "accounts", nullable=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Index("ix_events_subject", "subject", "id"),
    Index("ix_events_kind", "kind", "id"),
    Index("ix_events_account", "account_id", "id"),
    Index("ix_events_at", "at"),
)
loads = Table(
    "loads",
    metadata,
    _id(),
    Column("sha256", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
    Column("counts", Text, nullable=False),
)
refusals = Table(
    "refusals",
    metadata,
    _id(),
    _reference("load_id", "loads", index=True),
    Column("file", Text, nullable=False),
    Column("row", Integer),
    Column("column", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("wrong", Text, nullable=False),
    Column("do", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("record_id", Text, nullable=False),
)
# The refused rows of one table of a load as they stood, with the reasons, to mend and load again.
refused_tables = Table(
    "refused_tables",
    metadata,
    _id(),
    _reference("load_id", "loads", index=True),
    Column("name", Text, nullable=False),
    Column("csv", Text, nullable=False),
)
# Which rows a load replaced: what becomes current again when it is undone.
retirements = Table(
    "retirements",
    metadata,
    _id(),
    _reference("load_id", "loads", index=True),
    Column("table_name", String(40), nullable=False),
    Column("row_id", Integer, nullable=False),
    Index("ix_retirements_row", "table_name", "row_id"),
)
# A load undone as a whole. Without an account: the command line.
withdrawals = Table(
    "withdrawals",
    metadata,
    _reference("load_id", "loads"),
    Column("reason", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
    UniqueConstraint("load_id"),
)
# How tables of other programs are read; the newest of a name counts. `content` is JSON of `audit.intake.foreign`.
mappings = Table(
    "mappings",
    metadata,
    _id(),
    Column("name", Text, nullable=False, index=True),
    Column("content", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
)
claims = Table(
    "claims",
    metadata,
    _id(),
    Column("claim_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    _reference("load_id", "loads"),
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
    _one_current("claims", "claim_id"),
    Index("ix_claims_current_date", "is_current", "service_date"),
)
claim_lines = Table(
    "claim_lines",
    metadata,
    _reference("claim_version_id", "claims"),
    Column("line_number", Integer, nullable=False),
    *_contract(model.CLAIMS, "line_number"),
    UniqueConstraint("claim_version_id", "line_number"),
    Index("ix_claim_lines_patient_date", "patient_id", "service_date"),
    Index("ix_claim_lines_provider_date", "rendering_npi", "service_date"),
)
notes = Table(
    "notes",
    metadata,
    _id(),
    Column("version", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    _reference("load_id", "loads"),
    *_contract(model.NOTES),
    UniqueConstraint("note_id", "version"),
    _one_current("notes", "note_id"),
    Index("ix_notes_patient_date", "patient_id", "service_date"),
    Index("ix_notes_provider_date", "rendering_npi", "service_date"),
    Index("ix_notes_claim", "claim_id"),
)
note_services = Table(
    "note_services",
    metadata,
    _reference("note_version_id", "notes"),
    Column("position", Integer, nullable=False),
    *_contract(model.NOTE_SERVICES),
    UniqueConstraint("note_version_id", "position"),
)


def _context(table: model.Table, *looked_up: str) -> Table:
    """A table of context (payers, plans ...): versions are told apart by load, the newest counts."""
    return Table(
        table.name,
        metadata,
        _id(),
        Column("is_current", Boolean, nullable=False),
        Column("content_sha256", String(64), nullable=False),
        _reference("load_id", "loads"),
        *_contract(table),
        Index(f"ix_{table.name}_key", *table.key),
        *[Index(f"ix_{table.name}_{name}", name) for name in looked_up],
    )


payers = _context(model.PAYERS)
plans_of_care = _context(model.PLANS_OF_CARE)
authorizations = _context(model.AUTHORIZATIONS)
providers = _context(model.PROVIDERS)
fees = _context(model.FEES)
payments = _context(model.PAYMENTS, "claim_id", "payer_control_number")
adjustments = _context(model.ADJUSTMENTS, "claim_id")
# Saved by an administrator: from its first day on, a profile takes the place of what was saved before.
payer_profiles = Table(
    "payer_profiles",
    metadata,
    _id(),
    Column("payer_id", Text, nullable=False, index=True),
    *[Column(c.name, Text, nullable=False) for c in model.PAYERS.columns if c.kind not in ("date",) and not c.required],
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    _reference("account_id", "accounts"),
    _moment("at"),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("state", String(12), nullable=False),
    Column("code_version", String(80), nullable=False),
    Column("facts_sha256", String(64), nullable=False),
    Column("claims_sha256", String(64), nullable=False),
    Column("claim_count", Integer, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("started_at"),
    _moment("finished_at", nullable=True),
    Column("load_id", Integer),
)
"""`load_id` is the newest load when the run began: a record loaded later was not seen by it."""
# A finding without a claim is about a note nobody billed, or about a rule that failed.
findings = Table(
    "findings",
    metadata,
    _id(),
    _reference("run_id", "runs", index=True),
    _reference("claim_version_id", "claims", nullable=True, index=True),
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
    _reference("run_id", "runs"),
    _reference("claim_version_id", "claims", index=True),
    Column("dollars_over", Money()),
    Column("dollars_under", Money()),
    UniqueConstraint("run_id", "claim_version_id"),
)
audits = Table(
    "audits",
    metadata,
    _id(),
    Column("name", String(200), nullable=False),
    _reference("run_id", "runs"),
    Column("kind", String(12), nullable=False),
    Column("frame_csv", Text, nullable=False),
    Column("frame_sha256", String(64), nullable=False),
    Column("plan", Text, nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    _reference("account_id", "accounts"),
    _moment("frozen_at"),
    Column("seed", String(80)),
    _moment("seeded_at", nullable=True),
)
audit_claims = Table(
    "audit_claims",
    metadata,
    _reference("audit_id", "audits"),
    _reference("claim_version_id", "claims", index=True),
    Column("stratum", String(80), nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("audit_id", "claim_version_id"),
)
audit_stops = Table(
    "audit_stops",
    metadata,
    _reference("audit_id", "audits"),
    Column("verdict", String(12), nullable=False),
    Column("reviewed", Integer, nullable=False),
    _reference("account_id", "accounts"),
    _moment("at"),
    UniqueConstraint("audit_id"),
)
decisions = Table(
    "decisions",
    metadata,
    _id(),
    _reference("claim_version_id", "claims", index=True),
    _reference("finding_id", "findings", nullable=True, index=True),
    _reference("account_id", "accounts"),
    Column("kind", String(12), nullable=False),
    Column("reason", String(40), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    _reference("undoes_id", "decisions", nullable=True),
    _moment("at"),
    Column("stage", String(12), nullable=False, server_default="first"),
    _reference("review_id", "signatures", nullable=True),
    _reference("about_id", "decisions", nullable=True, index=True),
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
    _id(),
    _reference("claim_version_id", "claims", index=True),
    _reference("account_id", "accounts"),
    Column("meaning", String(12), nullable=False),
    Column("printed_name", String(200), nullable=False),
    Column("single_person", Boolean, nullable=False, server_default=false()),
    Column("reason", Text, nullable=False, server_default=""),
    Column("digest", String(64), nullable=False),
    _moment("at"),
    _reference("run_id", "runs", nullable=True),
    _reference("review_id", "signatures", nullable=True),
    Column("decision_id", Integer),
)
"""`run_id` is the run whose findings were signed: a newer one leaves the signature behind. `decision_id` is the newest
decision on the version when it was signed. From these two the digest can be worked out again at any time."""
# What a therapist says to an upheld finding: `decision_id` is the verdict that upheld it, or reported the error.
feedback_answers = Table(
    "feedback_answers",
    metadata,
    _id(),
    _reference("decision_id", "decisions", index=True),
    _reference("account_id", "accounts"),
    Column("kind", String(12), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("note_id", Text, nullable=False, server_default=""),
    Column("passage", Text, nullable=False, server_default=""),
    _reference("note_version_id", "notes", nullable=True),
    _moment("at"),
)
# `decision_id` is the decision that reverses the verdict, when the dispute is accepted.
feedback_rulings = Table(
    "feedback_rulings",
    metadata,
    _id(),
    _reference("answer_id", "feedback_answers"),
    _reference("account_id", "accounts"),
    Column("level", String(12), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    _reference("decision_id", "decisions", nullable=True),
    _moment("at"),
    UniqueConstraint("answer_id"),
)
education_items = Table(
    "education_items",
    metadata,
    _id(),
    Column("therapist_npi", String(10), nullable=False, index=True),
    Column("rule", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("taught_on", Date, nullable=False),
    _reference("account_id", "accounts"),
    _moment("at"),
)
facts_seen = Table(
    "facts_seen",
    metadata,
    _id(),
    Column("facts_sha256", String(64), nullable=False),
    _moment("at"),
)
review_plans = Table(
    "review_plans",
    metadata,
    _id(),
    Column("content", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
)
planned_claims = Table(
    "planned_claims",
    metadata,
    _id(),
    _reference("claim_version_id", "claims", index=True),
    _reference("plan_id", "review_plans", nullable=True),
    Column("people", Integer, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    _moment("at"),
)
releases = Table(
    "releases",
    metadata,
    _id(),
    _reference("account_id", "accounts"),
    _moment("at"),
    Column("claim_count", Integer, nullable=False),
    Column("csv", Text, nullable=False),
    Column("csv_sha256", String(64), nullable=False),
)
release_claims = Table(
    "release_claims",
    metadata,
    _reference("release_id", "releases", index=True),
    _reference("claim_version_id", "claims"),
    _reference("signature_id", "signatures"),
    UniqueConstraint("claim_version_id"),
)
# Notes as documents, one row a visit; what became of each is the newest of its steps.
documents = Table(
    "documents",
    metadata,
    _id(),
    Column("note_id", Text, nullable=False, unique=True),
    Column("file", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("values", Text, nullable=False),
    Column("held", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
)
"""`values`: what was read from `text`, as JSON; `held`: why it waits for a person, "" when it did not have to."""
document_steps = Table(
    "document_steps",
    metadata,
    _id(),
    _reference("document_id", "documents", index=True),
    Column("kind", String(12), nullable=False),
    Column("content", Text, nullable=False),
    _reference("account_id", "accounts", nullable=True),
    _moment("at"),
)
"""`kind`: tied, confirmed, set aside. `content`: the visit, the values as confirmed, or the reason, as JSON."""

# The newest row is in force; before the first, what comes with Countersign.
reaudit_tables = Table(
    "reaudit_tables",
    metadata,
    _id(),
    Column("content", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _reference("account_id", "accounts"),
    _moment("at"),
)
reaudits = Table(
    "reaudits",
    metadata,
    _id(),
    _reference("audit_id", "audits", index=True),
    Column("subject", String(12), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("result", String(12), nullable=False),
    Column("finished_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    _reference("account_id", "accounts"),
    _moment("at"),
)
"""When a clinic or a therapist is due again; of a subject and name the newest row holds."""
overpayments = Table(
    "overpayments",
    metadata,
    _id(),
    _reference("claim_version_id", "claims", index=True),
    Column("act", String(16), nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("amount", Money()),
    Column("way", String(20), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    _reference("undoes_id", "overpayments", nullable=True),
    _reference("account_id", "accounts"),
    _moment("at"),
    UniqueConstraint("undoes_id"),
)

# From here on: what may change. Nothing that counts as evidence stands in these.
leases = Table(
    "leases",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    _reference("account_id", "accounts", index=True),
    _moment("taken_at"),
    _moment("ends_at"),
)
assignments = Table(
    "assignments",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    _reference("account_id", "accounts"),
    _reference("by_id", "accounts"),
    Column("due_on", Date),
    _moment("at"),
)
drafts = Table(
    "drafts",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("fields", Text, nullable=False),
    _moment("at"),
)
_IN_STATE = ("risk", "dollars", "due_on", "since", "service_date")
worklist = Table(
    "worklist",
    metadata,
    Column("claim_version_id", ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("claim_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("people", Integer, nullable=False),
    Column("blind", Boolean, nullable=False),
    _reference("run_id", "runs", nullable=True),
    *[Column(name, Integer, nullable=False) for name in ("risk", "errors", "warnings", "infos", "untestables")],
    Column("undecided", Integer, nullable=False),
    Column("dollars", Money(), nullable=False),
    Column("found", Text, nullable=False),
    Column("payer_id", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("rendering_npi", Text, nullable=False),
    Column("therapist", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    _reference("assigned_to", "accounts", nullable=True),
    _reference("first_id", "accounts", nullable=True),
    _moment("since"),
    *[Index(f"ix_worklist_{name}", "state", name, "claim_version_id") for name in _IN_STATE],
    Index("ix_worklist_payer_id", "payer_id", "state"),
    Index("ix_worklist_rendering_npi", "rendering_npi", "state"),
    Index("ix_worklist_assigned_to", "assigned_to", "state"),
)
"""Where each claim under review stands, kept so that a page of it is read by an index. Made by `standing.refresh`
from signatures and decisions and never asked when something is decided; `countersign verify` compares."""
