"""Checked tables as records: a claim with its lines, a note with its services, a row of context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from audit import model
from audit.store.canonical import digest
from audit.store.rows import Row, rows
from audit.tables import Tables

CONTEXT = ("payers", "plans_of_care", "authorizations", "providers", "fees")
SINGLE = (*CONTEXT, *model.PAID)
"""Tables of which each row is a record."""
KEYS = {"claims": ("claim_id",), "notes": ("note_id",)} | {name: model.TABLES[name].key for name in SINGLE}
"""What tells the current records of a table apart."""


@dataclass(frozen=True, slots=True)
class Record:
    """`row` goes into the table itself, `parts` (lines or services) into the table of its parts."""

    key: tuple[Any, ...]
    row: Row
    content_sha256: str
    parts: list[Row] = field(default_factory=list)


def records(tables: Tables, services: list[Row]) -> dict[str, list[Record]]:
    """Every record of `tables` by table name. `services` are the rows of the notes' services."""
    found = {name: [_context(name, row) for row in rows(getattr(tables, name), model.TABLES[name])] for name in SINGLE}
    of_note = _grouped(services, "note_id")
    notes = [_note(row, of_note[row["note_id"]]) for row in rows(tables.notes, model.NOTES)]
    claims = [_claim(lines) for lines in _grouped(rows(tables.claims, model.CLAIMS), "claim_id").values()]
    return {"claims": claims, "notes": notes, **found}


def _grouped(found: Iterable[Row], name: str) -> defaultdict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        groups[row[name]].append(row)
    return groups


def _claim(lines: list[Row]) -> Record:
    """The row of a claim is its first line's; its date is the first date of service, its charge the sum."""
    lines = sorted(lines, key=lambda line: int(line["line_number"]))
    first, charges = lines[0], [line["charge_amount"] for line in lines]
    row = {name: first[name] for name in _CLAIM_COLUMNS} | {
        "service_date": min(line["service_date"] for line in lines),
        "charge_amount": None if None in charges else sum(charges, Decimal(0)),
    }
    return Record((first["claim_id"],), row, digest({}, lines), lines)


def _note(row: Row, services: list[Row]) -> Record:
    parts = [{"position": position, **service} for position, service in enumerate(services, start=1)]
    return Record((row["note_id"],), row, digest(row, services), parts)


def _context(name: str, row: Row) -> Record:
    return Record(tuple(row[column] for column in KEYS[name]), row, digest(row))


_CLAIM_COLUMNS = (
    *("claim_id", "patient_id", "patient_name", "payer_id", "payer_name"),
    *("rendering_npi", "rendering_name", "billing_npi"),
)
