"""C-CDA: a progress note, evaluation or procedure note as the document of its visit.

Read without entities, DTDs or anything from outside. The text is that of the sections, each under its title; a
document that only wraps another (nonXMLBody: text, PDF, Word) is read as the one it wraps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from audit.errors import InputError
from audit.intake import attachments, documents
from audit.intake.documents import Document, Held
from audit.intake.documents.limits import refuse_large
from audit.intake.markup import narrative

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

V3 = "{urn:hl7-org:v3}"
NPI = "2.16.840.1.113883.4.6"
DEEPEST = 200
SUMMARIES = {
    "1.2": "a summary of care (CCD)",
    "1.8": "a discharge summary of a hospital",
    "1.13": "a transfer summary",
    "1.14": "a referral note",
    "1.15": "a care plan",
}
"""Documents that tell of a patient, not of one visit, by the end of their template (2.16.840.1.113883.10.20.22...)."""
TEMPLATES = "2.16.840.1.113883.10.20.22."
AGAIN = "Export the note again as C-CDA, PDF or text"
"""What to do with a file that cannot be read."""


def looks_like_xml(path: Path, start: bytes) -> bool:
    """Whether the file is XML, C-CDA or not: what is not is refused by name."""
    text = _plain(start).lstrip()
    return text.startswith((b"<?xml", b"<ClinicalDocument")) or (path.suffix.lower() == ".xml" and text[:1] == b"<")


def looks_like_ccda(path: Path) -> bool:
    """Whether XML names a clinical document near its beginning."""
    with path.open("rb") as file:
        return b"ClinicalDocument" in _plain(file.read(64 * 1024))


def read(path: Path, sha256: str, *, name: str = "", beside: Mapping[str, str] | None = None) -> list[Document]:
    """The documents of a C-CDA file.

    `beside`: columns of notes told by whoever holds it; they count where it is silent, and the patient's id first:
    claims of the same source have it too. Raises InputError for XML that is broken, declares entities, or is no
    clinical document."""
    file = name or path.name
    refuse_large(path)
    root = _parsed(path.read_bytes(), file)
    if root.tag != f"{V3}ClinicalDocument":
        raise InputError("this is XML, but no clinical document (C-CDA)", where=file, do=AGAIN)
    if len({_person(one) for one in root.findall(f"{V3}recordTarget/{V3}patientRole")}) > 1:
        raise InputError("the clinical document is of several patients", where=file, do="Export one for each patient")
    told = {**(beside or {}), **{column: value for column, value in given(root).items() if value}}
    told["patient_id"] = (beside or {}).get("patient_id") or told.get("patient_id", "")
    held = _held(root)
    wrapped = root.find(f"{V3}component/{V3}nonXMLBody/{V3}text")
    if wrapped is not None:
        return _wrapped(wrapped, told, file=file, sha256=sha256)
    sections = root.findall(f"{V3}component/{V3}structuredBody/{V3}component/{V3}section")
    text = "\n\n".join(filter(None, (section_text(section) for section in sections)))
    if not text:
        raise InputError("the clinical document holds no text", where=file, do=AGAIN)
    return documents.from_text(text, file=file, kind="C-CDA", sha256=sha256, given=told, held=held)


def _parsed(content: bytes, file: str) -> Element:
    if not content.strip():
        raise InputError("the file is empty", where=file, do=AGAIN)
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise InputError(
            "the XML declares a document type or entities, which are not read", where=file, do=AGAIN
        ) from None
    except (ParseError, ValueError, LookupError):
        raise InputError("the XML is broken or cut off", where=file, do=AGAIN) from None
    level = [root]
    for _ in range(DEEPEST):
        level = [child for one in level for child in one]
        if not level:
            return root
    raise InputError("the XML is nested too deeply", where=file, do=AGAIN)


def _held(root: Element) -> Held | None:
    ends = [one.get("root", "").removeprefix(TEMPLATES) for one in root.findall(f"{V3}templateId")]
    kind = next((SUMMARIES[end] for end in ends if end in SUMMARIES), "")
    return (
        Held(f"this is {kind}, not the note of a visit", "Give the visit's own note, or link it by hand")
        if kind
        else None
    )


def given(root: Element) -> dict[str, str]:
    """Columns of notes that the header tells; "" for what it does not."""
    role = root.find(f"{V3}recordTarget/{V3}patientRole")
    patient = role.find(f"{V3}patient") if role is not None else None
    authors = root.findall(f"{V3}author/{V3}assignedAuthor")
    people = [one for one in authors if one.find(f"{V3}assignedPerson") is not None]  # a device may stand first
    author = next(iter([*people, *authors]), None)
    signer = root.find(f"{V3}legalAuthenticator")
    signed = signer is not None and _attribute(signer, f"{V3}signatureCode", "code") in ("S", "X")
    return {
        "patient_id": _first_id(role),
        "patient_name": _name(patient, f"{V3}name"),
        "patient_birth_date": _day(_attribute(patient, f"{V3}birthTime", "value")),
        "service_date": _service_date(root),
        "author_name": _name(author, f"{V3}assignedPerson/{V3}name"),
        "author_credential": _words(author, f"{V3}assignedPerson/{V3}name/{V3}suffix"),
        "rendering_npi": _npi(author),
        "signed_by": _name(signer, f"{V3}assignedEntity/{V3}assignedPerson/{V3}name") if signed else "",
        "signed_at": _moment(_attribute(signer, f"{V3}time", "value")) if signed else "",
    }


def _person(role: Element) -> tuple[str, str]:
    patient = role.find(f"{V3}patient")
    return _name(patient, f"{V3}name"), _day(_attribute(patient, f"{V3}birthTime", "value"))


def _service_date(root: Element) -> str:
    """The day of the visit (encompassing encounter, else service event); "" when it spans several or is not told."""
    for place in (f"{V3}componentOf/{V3}encompassingEncounter", f"{V3}documentationOf/{V3}serviceEvent"):
        time = root.find(f"{place}/{V3}effectiveTime")
        if time is None:
            continue
        first = _day(time.get("value") or _attribute(time, f"{V3}low", "value"))
        last = _day(_attribute(time, f"{V3}high", "value"))
        if first and last in ("", first):
            return first
    return ""


def section_text(section: Element) -> str:
    """Title and text of a section, and of the sections within it."""
    title = _words(section, f"{V3}title") or _attribute(section, f"{V3}code", "displayName")
    text = section.find(f"{V3}text")
    inside = [section_text(one) for one in section.findall(f"{V3}component/{V3}section")]
    body = narrative(text) if text is not None else ""
    return "\n".join(filter(None, [title if body or any(inside) else "", body, *inside]))


def _wrapped(text: Element, told: Mapping[str, str], *, file: str, sha256: str) -> list[Document]:
    kind = attachments.media_type(text.get("mediaType", ""))
    body = "".join(text.itertext())
    if text.find(f"{V3}reference") is not None and not body.strip():
        raise InputError("its text stands in another file", where=file, do="Give that file")
    if text.get("representation") == "B64":
        content = attachments.decoded(body, file)
        return attachments.read(content, kind, told, file=file, sha256=sha256, within="C-CDA")
    if not body.strip():
        raise InputError("the clinical document holds no text", where=file, do=AGAIN)
    return documents.from_text(body, file=file, kind="C-CDA", sha256=sha256, given=told)


def _attribute(within: Element | None, place: str, name: str) -> str:
    found = within.find(place) if within is not None else None
    return found.get(name, "").strip() if found is not None else ""


def _words(within: Element | None, place: str) -> str:
    found = within.find(place) if within is not None else None
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _name(within: Element | None, place: str) -> str:
    """FAMILY, GIVEN; else the name as it is written."""
    family, given_names = _words(within, f"{place}/{V3}family"), _words(within, f"{place}/{V3}given")
    return ", ".join(filter(None, (family, given_names))) or _words(within, place)


def _first_id(role: Element | None) -> str:
    ids = role.findall(f"{V3}id") if role is not None else []
    return next((one.get("extension", "").strip() for one in ids if one.get("extension")), "")


def _npi(author: Element | None) -> str:
    ids = author.findall(f"{V3}id") if author is not None else []
    return next((one.get("extension", "").strip() for one in ids if one.get("root") == NPI), "")


def _day(sent: str) -> str:
    """YYYYMMDD... as YYYY-MM-DD; "" for a month or a year."""
    found = re.match(r"(\d{4})(\d\d)(\d\d)", sent)
    return "-".join(found.groups()) if found else ""


def _moment(sent: str) -> str:
    """YYYYMMDDhhmm[ss][.f][+-zzzz] as YYYY-MM-DDThh:mm, on the clock that it was written by."""
    found = re.match(r"(\d{8})(\d\d)(\d\d)", sent)
    return f"{_day(sent)}T{found[2]}:{found[3]}" if found else _day(sent)


def _plain(start: bytes) -> bytes:
    """The head of a file without byte-order mark, UTF-16 as ASCII."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return start[2:].replace(b"\x00", b"")
    return start.removeprefix(b"\xef\xbb\xbf")
