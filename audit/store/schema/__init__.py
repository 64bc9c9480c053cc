"""The tables of the store, by area; `schema.claims` and its like are all anybody needs.

Findings, decisions, signatures and events are only ever added to; `guards` makes the database refuse the rest.
"""

from audit.store.schema.audits import audit_claims, audit_stops, audits, reaudit_tables, reaudits
from audit.store.schema.columns import metadata
from audit.store.schema.desk import assignments, drafts, leases, worklist
from audit.store.schema.events import events
from audit.store.schema.feedback import education_items, feedback_answers, feedback_rulings
from audit.store.schema.loads import loads, mappings, refusals, refused_tables, retirements, withdrawals
from audit.store.schema.people import accounts, identities, invitations, sessions, single_person_mode
from audit.store.schema.records import (
    adjustments,
    authorizations,
    claim_lines,
    claims,
    document_steps,
    documents,
    fees,
    note_services,
    notes,
    payer_profiles,
    payers,
    payments,
    plans_of_care,
    providers,
)
from audit.store.schema.retention import removals, retentions
from audit.store.schema.review import (
    decisions,
    overpayments,
    planned_claims,
    release_claims,
    releases,
    review_plans,
    signatures,
)
from audit.store.schema.runs import facts_seen, findings, run_claims, runs

__all__ = [
    "accounts",
    "adjustments",
    "assignments",
    "audit_claims",
    "audit_stops",
    "audits",
    "authorizations",
    "claim_lines",
    "claims",
    "decisions",
    "document_steps",
    "documents",
    "drafts",
    "education_items",
    "events",
    "facts_seen",
    "feedback_answers",
    "feedback_rulings",
    "fees",
    "findings",
    "identities",
    "invitations",
    "leases",
    "loads",
    "mappings",
    "metadata",
    "note_services",
    "notes",
    "overpayments",
    "payer_profiles",
    "payers",
    "payments",
    "planned_claims",
    "plans_of_care",
    "providers",
    "reaudit_tables",
    "reaudits",
    "refusals",
    "refused_tables",
    "release_claims",
    "releases",
    "removals",
    "retentions",
    "retirements",
    "review_plans",
    "run_claims",
    "runs",
    "sessions",
    "signatures",
    "single_person_mode",
    "withdrawals",
    "worklist",
]
