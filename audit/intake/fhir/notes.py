"""Composition and DocumentReference into documents: the text of a visit, with who, when and for whom."""

from __future__ import annotations

import hashlib
from typing import Any

from audit import temporary
from audit.errors import InputError
from audit.intake import attachments, ccda, documents
from audit.intake.documents import Document
from audit.intake.fhir.context import Context
from audit.intake.fhir.reading import Resource
from audit.intake.fhir.values import one_day, parts, text_of
from audit.intake.markup import readable

Given = dict[str, str]
DEEPEST = 20
STANDING = {"Composition": ("final", "amended"), "DocumentReference": ("current",)}


def documents_of(resource: Resource, context: Context, *, file: str, sha256: str) -> list[Document]:
    """The documents of one resource. Raises InputError when it holds no text, or one that cannot be read."""
    kind = resource["resourceType"]
    if resource.get("status") not in STANDING[kind]:
        raise InputError("it is a draft, replaced, or entered in error", where=file, do="Give the one in force")
    if kind == "Composition":
        text = "\n\n".join(_section(one, 0) for one in parts(resource.get("section")))
        if not text.strip():
            text = readable(str((resource.get("text") or {}).get("div") or ""))
        if not text.strip():
            raise InputError("it holds no text", where=file, do="Give the document as a file of its own")
        return documents.from_text(text, file=file, kind="FHIR", sha256=sha256, given=given(resource, context))
    found: list[Document] = []
    for number, content in enumerate(parts(resource.get("content")), start=1):
        of_this = hashlib.sha256(f"{sha256} {number}".encode()).hexdigest()
        found += _attached(content.get("attachment") or {}, resource, context, file=file, sha256=of_this)
    return found


def given(resource: Resource, context: Context) -> Given:
    """Columns of notes that the resource tells beside its text."""
    encounter = _encounter(resource, context)
    author = next(iter(parts(resource.get("author"))), {})
    legal = next((one for one in parts(resource.get("attester")) if {"legal", "professional"} & _modes(one)), {})
    party = legal.get("party") or author
    return {
        **context.patient(_first(resource.get("subject")), resource),
        "service_date": _service_date(resource, encounter),
        "author_name": context.name(author, resource),
        "author_credential": context.credential(author, resource),
        "rendering_npi": context.npi(author, resource),
        "signed_by": context.name(party, resource) if legal else "",
        "signed_at": str(legal.get("time") or ""),
    }


def _service_date(resource: Resource, encounter: Resource) -> str:
    """The day of the visit, else the time of service of the document. When it was written says nothing of the visit."""
    visit = one_day(encounter.get("actualPeriod") or encounter.get("period"))
    context = resource.get("context")
    of_document = one_day(context.get("period") if isinstance(context, dict) else resource.get("period"))
    return visit or of_document


def _encounter(resource: Resource, context: Context) -> Resource:
    told = resource.get("context")
    inside = told.get("encounter") if isinstance(told, dict) else told
    for reference in [*parts(resource.get("encounter")), *parts(inside)]:
        found = context.at(reference, resource)
        if found.get("resourceType") == "Encounter":
            return found
    return {}


def _modes(attester: dict[str, Any]) -> set[str]:
    mode = attester.get("mode")
    if isinstance(mode, dict):
        return {str(one.get("code")) for one in parts(mode.get("coding"))}
    return set(mode) if isinstance(mode, list) else {str(mode)}


def _first(value: Any) -> Any:
    return next(iter(parts(value)), None)


def _section(section: dict[str, Any], depth: int) -> str:
    """Title and text of a section and of those within it."""
    title = str(section.get("title") or text_of(section.get("code")))
    inside = [_section(one, depth + 1) for one in parts(section.get("section"))] if depth < DEEPEST else []
    body = readable(str((section.get("text") or {}).get("div") or ""))
    return "\n".join(filter(None, [title, body, *inside]))


def _attached(
    attachment: dict[str, Any], resource: Resource, context: Context, *, file: str, sha256: str
) -> list[Document]:
    if not attachment.get("data"):
        raise InputError("its document stands elsewhere (url)", where=file, do="Give the document as a file of its own")
    kind = attachments.media_type(str(attachment.get("contentType") or ""))
    content, told = attachments.decoded(str(attachment["data"]), file), given(resource, context)
    if kind not in attachments.XML:
        return attachments.read(content, kind, told, file=file, sha256=sha256, within="FHIR")
    with temporary.folder() as folder:
        path = folder / "attachment.xml"
        path.write_bytes(content)
        return ccda.read(path, sha256, name=file, beside=told)
