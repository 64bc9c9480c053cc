"""FHIR (STU3, R4, R5) as JSON, ndjson or Bundle: claims, what payers answered, and the text of visits.

Claim and ExplanationOfBenefit become claim lines, ExplanationOfBenefit payments and adjustments too; Composition and
DocumentReference become documents with what their Encounter, Patient and Practitioner tell. Each is validated by its
own version; one that is not sound, or that is not ours, is refused with its reason and the rest is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import InputError, Refusal
from audit.intake.documents import Document
from audit.intake.fhir.answers import answers_of
from audit.intake.fhir.claims import lines_of, reason_against
from audit.intake.fhir.context import KEPT, Context, claim_id_of
from audit.intake.fhir.notes import documents_of
from audit.intake.fhir.reading import Resource, looks_like_fhir, resources
from audit.intake.fhir.versions import KINDS, faults, version_of
from audit.model import ADJUSTMENTS, CLAIMS, NOTES, PAYMENTS, TABLES

__all__ = ["KINDS", "Context", "FhirFile", "looks_like_fhir", "read"]
BILLS = ("Claim", "ExplanationOfBenefit")
SAID = 3
"""Faults of a resource that are told; the rest is counted."""


@dataclass
class FhirFile:
    """Rows by table name, documents, refusals; `kinds` counts the resources, all of them, by type.
    `answered`: ids of the claims whose lines are known from what the payer answered only."""

    tables: dict[str, list[dict[str, str]]]
    documents: list[Document] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)

    def add(self, table: str, rows: list[dict[str, str]], place: dict[str, str]) -> None:
        blank = dict.fromkeys(TABLES[table].names, "")
        self.tables[table] += (blank | row | place for row in rows)

    @property
    def ours(self) -> bool:
        """Whether it holds a resource that is read, or one that those refer to."""
        return any(self.kinds[kind] for kind in (*KINDS, *KEPT))


def read(path: Path, context: Context) -> FhirFile:
    """Everything of ours in the file. `context`: what the resources of all files given together refer to.

    Raises InputError when it is no sound JSON or is cut off: then nothing of it is taken. `row` of a Refusal is the
    line of ndjson or the entry of the Bundle."""
    found = FhirFile({table.name: [] for table in (CLAIMS, PAYMENTS, ADJUSTMENTS)})
    for row, _, resource in resources(path):
        found.kinds[resource["resourceType"]] += 1
        if resource["resourceType"] in KINDS:
            _take(found, resource, context, path.name, row)
    return found


def _take(found: FhirFile, resource: Resource, context: Context, file: str, row: int) -> None:
    kind, version = resource["resourceType"], version_of(resource)
    bills = kind in BILLS
    if told := faults(resource, version):
        more = f" and {len(told) - SAID} more" if len(told) > SAID else ""
        wrong = f"the {kind} is no sound FHIR {version}: {'; '.join(told[:SAID])}{more}"
        _refuse(found, resource, (file, row), wrong, "Ask the sender to mend the export")
    elif bills and (against := reason_against(resource)):
        _refuse(found, resource, (file, row), against, "Leave it out, or audit it elsewhere")
    elif bills:
        place = {"source_file": file, "source_row": str(row)}
        # an answer tells less of a claim than the claim itself does
        if kind == "Claim" or claim_id_of(resource) not in context.claims:
            found.add(CLAIMS.name, lines_of(resource, context), place)
        if kind == "ExplanationOfBenefit":
            if (claim := claim_id_of(resource)) not in context.claims:
                found.answered.add(claim)
                context.claims.add(claim)
            for table, rows in zip((PAYMENTS, ADJUSTMENTS), answers_of(resource, context), strict=True):
                found.add(table.name, rows, place)
    else:
        try:
            found.documents += documents_of(resource, context, file=file, sha256=_digest(resource))
        except InputError as error:
            _refuse(found, resource, (file, row), f"the {kind} is not taken: {error.wrong}", error.do)


def _refuse(found: FhirFile, resource: Resource, place: tuple[str, int], wrong: str, do: str) -> None:
    table = CLAIMS if resource["resourceType"] in BILLS else NOTES
    found.refusals.append(Refusal(*place, "", "", wrong, do, table.name))


def _digest(resource: dict[str, Any]) -> str:
    """Names the content of one resource: the same wherever it stands."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True, default=str).encode()).hexdigest()
