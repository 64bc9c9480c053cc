"""The nouns: the input tables with the grain and columns of each, severities, and the columns of a finding.

The tables are a contract (`docs/formats.md`): intake reads them, `tables` checks them, the store keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "code", "count", "money", "price", "share", "date", "time", "moment", "word", "list"]
"""What a column holds: free text, a code kept as text, a whole number, dollars, dollars of zero or more, a part of 1
kept as text, YYYY-MM-DD, HH:MM, a date with a time, one word of a fixed list, or the name of a list of pairs."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind = "text"
    required: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One input table. `key` names the columns that tell its rows apart."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def offered(self) -> list[str]:
        """The columns that a table of another program can fill: all but those that only reading writes."""
        written = {"refused_row", "columns_untold", *(one for one, _ in UNTOLD.values())}
        return [name for name in self.names if name not in written]

    @property
    def record(self) -> str:
        """The column that names the record a row is part of: a claim's lines stand or fall together."""
        return self.key[0] if self.key else "note_id"


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _codes(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "code") for name in names)


MODIFIERS = ["modifier_1", "modifier_2", "modifier_3", "modifier_4"]
CLAIMS = Table(
    "claims",
    "claim line",
    ("claim_id", "line_number"),
    (
        Column("claim_id", "code", required=True),
        Column("line_number", "count", required=True),
        Column("patient_id", "code", required=True),
        Column("patient_name"),
        Column("patient_birth_date", "date"),
        Column("payer_id", "code", required=True),
        Column("payer_name"),
        Column("billing_npi", "code"),
        Column("rendering_npi", "code", required=True),
        Column("rendering_name"),
        *_codes("referring_npi", "place_of_service"),
        Column("service_date", "date", required=True),
        Column("procedure_code", "code", required=True),
        *_codes(*MODIFIERS),
        Column("units", "count", required=True),
        Column("charge_amount", "money"),
        *_codes("diagnosis_codes", "diagnosis_pointers", "prior_authorization", "frequency_code"),
        *_codes("claim_filing"),
        *_codes("line_control_number", "original_reference", "supervising_npi", "ordering_npi"),
        Column("initial_treatment_date", "date"),
        Column("begin_therapy_date", "date"),
        Column("last_certification_date", "date"),
        Column("recertification_date", "date"),
        Column("modifiers_told", "word", words=("yes", "no")),
    ),
)
NOTES = Table(
    "notes",
    "visit note",
    ("note_id",),
    (
        Column("note_id", "code", required=True),
        Column("claim_id", "code"),
        Column("patient_id", "code", required=True),
        Column("patient_name"),
        Column("patient_birth_date", "date"),
        Column("service_date", "date", required=True),
        Column(
            "note_type",
            "word",
            words=("evaluation", "re-evaluation", "daily", "progress", "recertification", "discharge"),
        ),
        Column("discipline", "word", words=("OT", "PT", "SLP")),
        Column("rendering_npi", "code"),
        *_text("author_name", "author_credential"),
        Column("start_time", "time"),
        Column("end_time", "time"),
        Column("total_timed_minutes", "count"),
        Column("total_treatment_minutes", "count"),
        Column("signed_by"),
        Column("signed_at", "moment"),
        Column("cosigned_by"),
        Column("cosigned_at", "moment"),
        Column("modality", "word", words=("in_person", "video", "audio")),
        Column("diagnosis_codes", "code"),
        Column("history_level", "word", words=("brief", "expanded", "extensive")),
        Column("performance_deficits"),
        Column("decision_making", "word", words=("low", "moderate", "high")),
        Column("comorbidities", "word", words=("none", "may", "present")),
        Column("assistance", "word", words=("none", "min-mod", "significant")),
        Column("text"),
        *_text("unconfirmed", "refused_row"),
        Column("signature_told", "word", words=("yes", "no")),
        Column("columns_untold"),
    ),
)
NOTE_SERVICES = Table(
    "note_services",
    "service within a note",
    (),
    (
        Column("note_id", "code", required=True),
        Column("procedure_code", "code", required=True),
        Column("minutes", "count"),
        Column("therapist_minutes", "count"),
        Column("assistant_minutes", "count"),
        Column("together_minutes", "count"),
        Column("start_time", "time"),
        Column("end_time", "time"),
        Column("mode", "word", words=("individual", "group", "concurrent")),
        *_text("body_region", "text"),
    ),
)
PAYERS = Table(
    "payers",
    "payer and period",
    ("payer_id", "effective_from"),
    (
        Column("payer_id", "code", required=True),
        Column("name"),
        Column("unit_method", "word", words=("total", "midpoint", "unknown")),
        Column("therapy_modifier", "word", words=("required", "refused", "optional")),
        Column("assistant_modifier", "word", words=("required", "optional", "none")),
        Column("medicare", "word", words=("yes", "no")),
        Column("pair_edits", "list"),
        Column("authorization", "word", words=("required", "no")),
        Column("habilitative_modifier", "word", words=("required", "optional", "none")),
        Column("effective_from", "date"),
        Column("effective_to", "date"),
    ),
)
PLANS_OF_CARE = Table(
    "plans_of_care",
    "plan of care",
    ("plan_id",),
    (
        Column("plan_id", "code", required=True),
        Column("patient_id", "code", required=True),
        Column("discipline", "word", words=("OT", "PT", "SLP")),
        Column("start_date", "date"),
        Column("end_date", "date"),
        Column("certified_on", "date"),
        Column("certified_by"),
        Column("signed_order_on", "date"),
        Column("sent_on", "date"),
        *_text("frequency", "duration"),
        Column("verbal_order_on", "date"),
        *_text("delay_reason", "refused_row"),
        Column("certification_told", "word", words=("yes", "no")),
        Column("columns_untold"),
    ),
)
AUTHORIZATIONS = Table(
    "authorizations",
    "authorisation",
    ("number", "payer_id", "patient_id"),
    (
        Column("number", "code", required=True),
        Column("payer_id", "code"),
        Column("patient_id", "code", required=True),
        Column("procedure_codes", "code"),
        Column("units", "count"),
        Column("visits", "count"),
        Column("from_date", "date"),
        Column("to_date", "date"),
        Column("refused_row"),
    ),
)
PROVIDERS = Table(
    "providers",
    "provider",
    ("npi",),
    (
        Column("npi", "code", required=True),
        *_text("name", "credential"),
        Column("discipline", "word", words=("OT", "PT", "SLP")),
    ),
)
FEES = Table(
    "fees",
    "fee of a payer and period",
    ("payer_id", "procedure_code", "effective_from"),
    (
        Column("payer_id", "code", required=True),
        Column("procedure_code", "code", required=True),
        Column("amount", "price", required=True),
        Column("co_factor", "share"),
        Column("effective_from", "date"),
        Column("effective_to", "date"),
    ),
)
PAYMENTS = Table(
    "payments",
    "payment of a claim (position 0) or of one of its lines (1, 2, ...)",
    ("payment_id", "position"),
    (
        Column("payment_id", "code", required=True),
        Column("position", "count", required=True),
        Column("claim_id", "code", required=True),
        *_codes("payer_control_number", "status", "payer_id"),
        Column("payer_name"),
        *_codes("payee_npi", "rendering_npi", "member_id", "claim_filing", "frequency_code"),
        Column("payment_date", "date"),
        *_codes("payment_method", "trace_number"),
        Column("service_date", "date"),
        *_codes("line_control_number", "procedure_code"),
        *_codes(*MODIFIERS, "units"),
        *_codes("billed_procedure_code", "billed_units"),
        Column("charge_amount", "money", required=True),
        Column("allowed_amount", "money"),
        Column("paid_amount", "money", required=True),
        Column("patient_responsibility", "money"),
        Column("remark_codes", "code"),
    ),
)
ADJUSTMENTS = Table(
    "adjustments",
    "adjustment of a payment",
    ("payment_id", "position", "number"),
    (
        Column("payment_id", "code", required=True),
        Column("position", "count", required=True),
        Column("number", "count", required=True),
        Column("claim_id", "code", required=True),
        *_codes("group_code", "reason_code"),
        Column("amount", "money", required=True),
        Column("quantity", "code"),
    ),
)
PAID = (PAYMENTS.name, ADJUSTMENTS.name)
"""What payers answered: kept with the claims and read by `payments`, never judged by a rule."""
TABLES = {
    table.name: table
    for table in (
        *(CLAIMS, NOTES, NOTE_SERVICES, PAYERS, PLANS_OF_CARE, AUTHORIZATIONS, PROVIDERS, FEES),
        *(PAYMENTS, ADJUSTMENTS),
    )
}
WHOSE = {
    NOTES.name: ("note_id", "claim_id", "patient_id", "service_date", "discipline", "note_type"),
    PLANS_OF_CARE.name: ("plan_id", "patient_id", "discipline"),
    AUTHORIZATIONS.name: ("number", "payer_id", "patient_id"),
}
"""What is kept of a record of which a row was refused, where it can be read."""
UNTOLD = {
    CLAIMS.name: ("modifiers_told", tuple(MODIFIERS)),
    NOTES.name: ("signature_told", ("signed_by",)),
    PLANS_OF_CARE.name: ("certification_told", ("certified_on",)),
}
"""Columns whose empty cell is a fact (no modifier, no signature, no certification). A file that has none of them tells
nothing of it: reading writes "no" into the first column named here, and rules call untestable what rests on it."""
ASKED = {
    NOTES.name: ("author_credential", "total_timed_minutes", "total_treatment_minutes", "cosigned_by", "text"),
    PLANS_OF_CARE.name: ("signed_order_on", "sent_on"),
}
"""What a note or a plan must hold, or may hold in place of it: an empty cell bears an error. Those of which the file
has no column reading names in `columns_untold`, with spaces between."""

SEVERITIES = ("error", "warning", "info", "untestable")
"""`error`: do not submit as is. `warning`: the reviewer decides. `info`: a note. `untestable`: cannot be
judged with the inputs present; always shown, never a pass."""

FINDING_COLUMNS = (
    "rule",
    "severity",
    "claim_id",
    "line_number",
    "note_id",
    "patient_id",
    "service_date",
    "procedure_code",
    "expected",
    "observed",
    "because",
    "sources",
    "change",
    "dollars_at_risk",
    "dollars_under",
    "dollars_because",
    "facts_unchecked",
)

UNPRICED = {"change": "", "dollars_at_risk": None, "dollars_under": None, "dollars_because": ""}
"""What a finding without a price has in the columns of money."""

Role = Literal["reviewer", "second_reviewer", "doctor_of_ot", "manager", "administrator", "auditor", "therapist"]
OPENERS: tuple[Role, ...] = ("reviewer", "second_reviewer", "manager", "administrator")
"""Roles that load claims and open audits."""
ROLE_NAMES: dict[str, str] = {
    "reviewer": "reviewer",
    "second_reviewer": "second reviewer",
    "doctor_of_ot": "doctor of OT",
    "manager": "manager",
    "administrator": "administrator",
    "auditor": "read-only auditor",
    "therapist": "therapist",
}
STAFF: tuple[Role, ...] = ("reviewer", "second_reviewer", "doctor_of_ot", "manager", "administrator", "auditor")
"""Everyone but therapists, who see the feedback on their own claims and nothing else."""
