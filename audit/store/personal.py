"""Which columns hold what is a patient's, and what may stand in them once it is removed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Date

from audit.store import schema
from audit.store.rows import Row
from audit.store.seal import row_digest

PERSONAL: dict[str, tuple[str, ...]] = {
    "claims": ("patient_id", "patient_name"),
    "claim_lines": (
        *("patient_id", "patient_name", "patient_birth_date"),
        *("prior_authorization", "line_control_number", "original_reference"),
    ),
    "notes": ("patient_id", "patient_name", "patient_birth_date", "performance_deficits", "text", "refused_row"),
    "note_services": ("body_region", "text"),
    "plans_of_care": ("patient_id", "frequency", "duration", "delay_reason", "refused_row"),
    "authorizations": ("number", "patient_id", "refused_row"),
    "payments": ("payer_control_number", "member_id", "trace_number", "line_control_number"),
    "documents": ("file", "text", "values", "held"),
    "document_steps": ("content",),
    "findings": ("expected", "observed", "because"),
    "decisions": ("text",),
    "signatures": ("reason",),
    "overpayments": ("text",),
    "feedback_answers": ("text", "passage"),
    "feedback_rulings": ("reason",),
    "refused_tables": ("name", "csv"),
}
"""Table -> its columns with names, birth dates, numbers that name a person, and free text; of findings only those that
quote such a value. Codes, minutes, dates of
service, dollars and the clinic's own numbers of claims and notes stay: every figure rests on them."""
OWNERS = {
    "claim_lines": ("claims", "claim_version_id"),
    "note_services": ("notes", "note_version_id"),
    "document_steps": ("documents", "document_id"),
    "refused_tables": ("loads", "load_id"),
}
"""Tables whose rows go with another row, and the column that names it."""
MARK = "removed-"
"""Begins what stands in the place of a number that tells persons apart, the same for one person in one removal."""
NUMBERS = ("patient_id", "number")
_EMPTY = {"values": "[]", "content": "{}"}


def pseudonym(patient_id: str, salt: bytes) -> str:
    """The salt is thrown away: nobody can find the number again, or try numbers until one fits."""
    return MARK + hashlib.blake2b(patient_id.encode(), key=salt, digest_size=8).hexdigest()


def emptied(table: str, row: Mapping[str, Any], salt: bytes) -> Row:
    """What stands in the personal columns of a row afterwards."""
    columns = schema.metadata.tables[table].c
    return {
        name: pseudonym(str(row[name]), salt)
        if name in NUMBERS
        else _EMPTY.get(name, "")
        if not columns[name].nullable
        else None
        for name in PERSONAL[table]
    }


def state_of(row: Mapping[str, Any]) -> str:
    """The digest of a row, whether it is current or not."""
    return row_digest({name: value for name, value in row.items() if name != "is_current"})


def only_removes(table: str) -> str:
    """SQL, true where the change from OLD to NEW does nothing but empty personal columns of a row whose removal is
    written down."""
    owner, key = OWNERS.get(table, (table, "id"))
    columns = schema.metadata.tables[table].c
    written = f"EXISTS (SELECT 1 FROM removals WHERE table_name = '{owner}' AND row_id = OLD.\"{key}\")"  # noqa: S608
    others = [name for name in dict(columns) if name not in PERSONAL[table]]
    same = [f'NOT (NEW."{name}" IS DISTINCT FROM OLD."{name}")' for name in others]
    empty = []
    for name in PERSONAL[table]:
        nothing = f'NEW."{name}" IS NULL'
        if isinstance(columns[name].type, Date):
            empty.append(nothing)
        elif name in NUMBERS:
            empty.append(f"substr(NEW.\"{name}\", 1, {len(MARK)}) = '{MARK}'")
        else:
            empty.append(f"({nothing} OR NEW.\"{name}\" IN ('', '[]', '{{}}'))")
    return "(" + " AND ".join([written, *same, *empty]) + ")"
