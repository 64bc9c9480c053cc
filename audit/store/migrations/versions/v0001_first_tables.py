"""The first tables.

Written out, not taken from `schema.py`: that file moves on, this one must not.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from audit.store.types import Moment, Money

revision = "0001"
down_revision = None


def upgrade() -> None:
    _people()
    _input()
    _context()
    _work()


def downgrade() -> None:
    raise NotImplementedError("the first tables are never taken away: that would be every record")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _to(table: str, name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _must(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _words(names: str, kind: Any = sa.Text) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names.split()]


def _current(table: str, key: str) -> None:
    now = sa.text("is_current")
    op.create_index(f"uq_{table}_current", table, [key], unique=True, sqlite_where=now, postgresql_where=now)


def _people() -> None:
    op.create_table(
        "accounts",
        _id(),
        _must("username", sa.String(80), unique=True),
        _must("name", sa.String(200)),
        _must("role", sa.String(20)),
        _must("npi", sa.String(10), server_default=""),
        _must("password_hash", sa.String(200)),
        _must("must_change_password", sa.Boolean),
        _must("active", sa.Boolean),
        _must("failed_attempts", sa.Integer, server_default="0"),
        sa.Column("locked_until", Moment),
        _must("created_at", Moment),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        _to("accounts", "account_id", index=True),
        _must("created_at", Moment),
        _must("seen_at", Moment),
        sa.Column("ended_at", Moment),
    )
    op.create_table(
        "events",
        _id(),
        _must("at", Moment),
        _to("accounts", "account_id", nullable=True),
        _must("kind", sa.String(40)),
        _must("subject", sa.String(200)),
        _must("details", sa.Text),
        _must("previous_sha256", sa.String(64)),
        _must("sha256", sa.String(64), unique=True),
    )


def _input() -> None:
    op.create_table(
        "loads",
        _id(),
        _must("sha256", sa.String(64), index=True),
        _must("name", sa.Text),
        _to("accounts", "account_id", nullable=True),
        _must("at", Moment),
        _must("counts", sa.Text),
    )
    op.create_table(
        "refusals",
        _id(),
        _to("loads", "load_id", index=True),
        _must("file", sa.Text),
        sa.Column("row", sa.Integer),
        *[_must(name, sa.Text) for name in ("column", "value", "wrong", "do", "table", "record_id")],
    )
    _claims()
    _notes()


def _versioned(*version: sa.Column[Any]) -> list[sa.Column[Any]]:
    return [
        *version,
        _must("is_current", sa.Boolean),
        _must("content_sha256", sa.String(64)),
        _to("loads", "load_id"),
    ]


def _claims() -> None:
    op.create_table(
        "claims",
        _id(),
        _must("claim_id", sa.Text),
        *_versioned(_must("version", sa.Integer)),
        _must("patient_id", sa.Text, index=True),
        *_words("patient_name"),
        _must("payer_id", sa.Text),
        *_words("payer_name"),
        _must("rendering_npi", sa.Text),
        *_words("rendering_name billing_npi"),
        _must("service_date", sa.Date),
        sa.Column("charge_amount", Money),
        sa.UniqueConstraint("claim_id", "version"),
    )
    _current("claims", "claim_id")
    op.create_index("ix_claims_current_date", "claims", ["is_current", "service_date"])
    op.create_table(
        "claim_lines",
        _to("claims", "claim_version_id"),
        _must("line_number", sa.Integer),
        *_words("claim_id patient_id patient_name payer_id payer_name billing_npi rendering_npi rendering_name"),
        *_words("referring_npi place_of_service procedure_code modifier_1 modifier_2 modifier_3 modifier_4"),
        *_words("diagnosis_codes diagnosis_pointers prior_authorization frequency_code claim_filing"),
        *_words("patient_birth_date service_date", sa.Date),
        *_words("units", sa.Integer),
        *_words("charge_amount", Money),
        sa.UniqueConstraint("claim_version_id", "line_number"),
    )
    op.create_index("ix_claim_lines_patient_date", "claim_lines", ["patient_id", "service_date"])
    op.create_index("ix_claim_lines_provider_date", "claim_lines", ["rendering_npi", "service_date"])


def _notes() -> None:
    op.create_table(
        "notes",
        _id(),
        *_versioned(_must("version", sa.Integer)),
        *_words("note_id claim_id patient_id patient_name note_type discipline rendering_npi author_name"),
        *_words("author_credential start_time end_time signed_by signed_at cosigned_by cosigned_at modality"),
        *_words("diagnosis_codes history_level performance_deficits decision_making comorbidities assistance"),
        *_words("text"),
        *_words("patient_birth_date service_date", sa.Date),
        *_words("total_timed_minutes total_treatment_minutes", sa.Integer),
        sa.UniqueConstraint("note_id", "version"),
    )
    _current("notes", "note_id")
    op.create_index("ix_notes_patient_date", "notes", ["patient_id", "service_date"])
    op.create_index("ix_notes_provider_date", "notes", ["rendering_npi", "service_date"])
    op.create_index("ix_notes_claim", "notes", ["claim_id"])
    op.create_table(
        "note_services",
        _to("notes", "note_version_id"),
        _must("position", sa.Integer),
        *_words("note_id procedure_code start_time end_time mode body_region text"),
        *_words("minutes therapist_minutes assistant_minutes together_minutes", sa.Integer),
        sa.UniqueConstraint("note_version_id", "position"),
    )


def _context() -> None:
    op.create_table(
        "payers",
        _id(),
        *_versioned(),
        *_words("payer_id name unit_method therapy_modifier assistant_modifier medicare pair_edits"),
        *_words("effective_from effective_to", sa.Date),
    )
    op.create_index("ix_payers_key", "payers", ["payer_id", "effective_from"])
    op.create_table(
        "plans_of_care",
        _id(),
        *_versioned(),
        *_words("plan_id patient_id discipline certified_by frequency duration"),
        *_words("start_date end_date certified_on signed_order_on sent_on", sa.Date),
    )
    op.create_index("ix_plans_of_care_key", "plans_of_care", ["plan_id"])
    op.create_table(
        "authorizations",
        _id(),
        *_versioned(),
        *_words("number payer_id patient_id procedure_codes"),
        *_words("units visits", sa.Integer),
        *_words("from_date to_date", sa.Date),
    )
    op.create_index("ix_authorizations_key", "authorizations", ["number", "payer_id", "patient_id"])
    op.create_table("providers", _id(), *_versioned(), *_words("npi name credential discipline"))
    op.create_index("ix_providers_key", "providers", ["npi"])


def _work() -> None:
    op.create_table(
        "runs",
        _id(),
        _must("state", sa.String(12)),
        _must("code_version", sa.String(80)),
        _must("facts_sha256", sa.String(64)),
        _must("claims_sha256", sa.String(64)),
        _must("claim_count", sa.Integer),
        _to("accounts", "account_id", nullable=True),
        _must("started_at", Moment),
        sa.Column("finished_at", Moment),
    )
    op.create_table(
        "run_claims",
        _to("runs", "run_id"),
        _to("claims", "claim_version_id", index=True),
        sa.UniqueConstraint("run_id", "claim_version_id"),
    )
    op.create_table(
        "findings",
        _id(),
        _to("runs", "run_id", index=True),
        _to("claims", "claim_version_id", nullable=True, index=True),
        _must("rule", sa.String(40)),
        _must("severity", sa.String(12)),
        *_words("line_number", sa.Integer),
        *_words("note_id procedure_code"),
        *[_must(name, sa.Text) for name in ("expected", "observed", "because", "sources")],
        sa.Column("dollars_at_risk", Money),
        _must("facts_unchecked", sa.Boolean),
    )
    _audits()
    _verdicts()


def _audits() -> None:
    op.create_table(
        "audits",
        _id(),
        _must("name", sa.String(200)),
        _to("runs", "run_id"),
        _must("kind", sa.String(12)),
        _must("frame_csv", sa.Text),
        _must("frame_sha256", sa.String(64)),
        _must("plan", sa.Text),
        _must("plan_sha256", sa.String(64)),
        _to("accounts", "account_id"),
        _must("frozen_at", Moment),
        sa.Column("seed", sa.String(80)),
        sa.Column("seeded_at", Moment),
    )
    op.create_table(
        "audit_claims",
        _to("audits", "audit_id"),
        _to("claims", "claim_version_id", index=True),
        _must("stratum", sa.String(80)),
        _must("position", sa.Integer),
        sa.UniqueConstraint("audit_id", "claim_version_id"),
    )


def _verdicts() -> None:
    op.create_table(
        "decisions",
        _id(),
        _to("claims", "claim_version_id", index=True),
        _to("findings", "finding_id", nullable=True, index=True),
        _to("accounts", "account_id"),
        _must("kind", sa.String(12)),
        _must("reason", sa.String(40), server_default=""),
        _must("text", sa.Text, server_default=""),
        _to("decisions", "undoes_id", nullable=True),
        _must("at", Moment),
    )
    op.create_table(
        "signatures",
        _id(),
        _to("claims", "claim_version_id", index=True),
        _to("accounts", "account_id"),
        _must("meaning", sa.String(12)),
        _must("printed_name", sa.String(200)),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        _must("digest", sa.String(64)),
        _must("at", Moment),
    )
