"""What payers answered (835), and what an 837P says of a line beside its service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.store.types import Money

revision = "0008"
down_revision = "0007"
LINE_WORDS = ("line_control_number", "original_reference", "supervising_npi", "ordering_npi")
LINE_DATES = ("initial_treatment_date", "begin_therapy_date", "last_certification_date", "recertification_date")


def _version() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False),
    ]


def _words(names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text) for name in names.split()]


def _payments() -> None:
    op.create_table(
        "payments",
        *_version(),
        *_words("payment_id"),
        sa.Column("position", sa.Integer),
        *_words("claim_id payer_control_number status payer_id payer_name payee_npi rendering_npi member_id"),
        *_words("claim_filing frequency_code"),
        sa.Column("payment_date", sa.Date),
        *_words("payment_method trace_number"),
        sa.Column("service_date", sa.Date),
        *_words("line_control_number procedure_code modifier_1 modifier_2 modifier_3 modifier_4 units"),
        *_words("billed_procedure_code billed_units"),
        *[sa.Column(f"{name}_amount", Money) for name in ("charge", "allowed", "paid")],
        sa.Column("patient_responsibility", Money),
        *_words("remark_codes"),
    )
    op.create_index("ix_payments_key", "payments", ["payment_id", "position"])
    op.create_index("ix_payments_claim_id", "payments", ["claim_id"])
    op.create_index("ix_payments_payer_control_number", "payments", ["payer_control_number"])


def _adjustments() -> None:
    op.create_table(
        "adjustments",
        *_version(),
        *_words("payment_id"),
        *[sa.Column(name, sa.Integer) for name in ("position", "number")],
        *_words("claim_id group_code reason_code"),
        sa.Column("amount", Money),
        *_words("quantity"),
    )
    op.create_index("ix_adjustments_key", "adjustments", ["payment_id", "position", "number"])
    op.create_index("ix_adjustments_claim_id", "adjustments", ["claim_id"])


def upgrade() -> None:
    for name in LINE_WORDS:
        op.add_column("claim_lines", sa.Column(name, sa.Text))
    for name in LINE_DATES:
        op.add_column("claim_lines", sa.Column(name, sa.Date))
    _payments()
    _adjustments()


def downgrade() -> None:
    raise NotImplementedError("what payers answered is never taken away")
