"""Documents tied to the visits of claims, and made rows of notes; nothing is guessed.

A document is tied by the claim it names, or by its patient's number and date of service, or by name, birth date and
date of service together. Where nothing fits, or two do, or there is a note for the visit already, it waits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from audit.intake import Batch
from audit.intake.documents import NOT_HELD, Document, Held
from audit.model import NOTE_SERVICES, NOTES

CLAIM_COLUMNS = ["claim_id", "patient_id", "patient_name", "patient_birth_date", "service_date"]
NOT_MARKED = "nothing was read"
BY_HAND = "Pick the claim by hand on the page Documents"
_DISCIPLINES = (("OT", r"\b(?:C?OTA|OTR|OTD|OT)\b"), ("PT", r"\bD?PTA?\b"), ("SLP", r"\bSLP\b"))


@dataclass(frozen=True, slots=True)
class Visit:
    """The visit of a patient that a note is of; `claim_id` only where the document or a person names it."""

    patient_id: str
    service_date: str
    claim_id: str = ""


@dataclass(frozen=True, slots=True)
class Tied:
    """A document with its visit, or with the reason why it waits for a person."""

    document: Document
    visit: Visit | None
    waits: Held = NOT_HELD


def tie(documents: Iterable[Document], claims: pd.DataFrame, noted: Collection[tuple[str, str]]) -> list[Tied]:
    """Each document with its visit. `claims`: CLAIM_COLUMNS as text, dates as YYYY-MM-DD; `noted`: patient and date of
    the visits that have a note already."""
    taken = set(noted)
    found = []
    for document in documents:
        one = _tie(document, claims)
        if one.visit and (key := (one.visit.patient_id, one.visit.service_date)) in taken:
            one = Tied(document, None, Held("there is a note for this visit already", BY_HAND))
        elif one.visit:
            taken.add(key)
        found.append(one)
    return found


def _tie(document: Document, claims: pd.DataFrame) -> Tied:
    if document.held.why:
        return Tied(document, None, document.held)
    fits, wrong = _fitting(document, claims)
    visits = list(dict.fromkeys(zip(fits["patient_id"], fits["service_date"], strict=True)))
    if wrong or len(visits) != 1:
        why = wrong or ("more than one visit fits it" if visits else "no claim fits it")
        return Tied(document, None, Held(why, BY_HAND))
    named = document.told("claim_id")
    return Tied(document, Visit(*visits[0], named if (fits["claim_id"] == named).any() else ""))


def _fitting(document: Document, claims: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Claim lines that the document fits, and what stands against them."""
    told = {name: document.told(name) for name in CLAIM_COLUMNS}
    for key in ("claim_id", "patient_id"):
        rows = claims[claims[key].str.casefold() == told[key].casefold()] if told[key] else claims[:0]
        if len(rows):
            rows, wrong = _agreeing(rows, told)
            if wrong:
                return rows[:0], wrong
            if not told["service_date"] and key == "patient_id":
                return rows[:0], "it tells no date of service"
            return _of_day(rows, told["service_date"])
    if not (told["patient_name"] and told["patient_birth_date"] and told["service_date"]):
        return claims[:0], "it tells neither a claim nor a patient number that is on file"
    born = claims[claims["patient_birth_date"] == told["patient_birth_date"]]
    same = born[born["patient_name"].map(plain_name) == plain_name(told["patient_name"])]
    if same["patient_id"].nunique() > 1:
        return claims[:0], "more than one patient has this name and birth date"
    return _of_day(same, told["service_date"])


def _agreeing(rows: pd.DataFrame, told: dict[str, str]) -> tuple[pd.DataFrame, str]:
    """Nothing that the document tells of the patient may be told otherwise by the claim."""
    for name, says in (("patient_id", "patient number"), ("patient_birth_date", "birth date")):
        held = set(rows[name]) - {""}
        if told[name] and held and told[name].casefold() not in {one.casefold() for one in held}:
            return rows, f"its {says} is not that of the claim"
    return rows, ""


def _of_day(rows: pd.DataFrame, day: str) -> tuple[pd.DataFrame, str]:
    fits = rows[rows["service_date"] == day] if day else rows
    if len(rows) and fits.empty:
        return fits, "no claim of this patient has its date of service"
    return fits, ""


def plain_name(name: str) -> str:
    """A name in one spelling: "Roe, Jane Q." and "jane roe" are one."""
    last, comma, first = name.casefold().partition(",")
    words = re.findall(r"[^\W\d_]{2,}", f"{first} {last}" if comma else last)
    return " ".join(words)


def rows_of(document: Document, visit: Visit) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The rows of notes and note_services of a document, its values marked as unconfirmed."""
    from audit.extraction import note_of, services_of  # noqa: PLC0415  loaded only where there is a document

    note = note_of(document.values) | {
        "note_id": document.note_id,
        "patient_id": visit.patient_id,
        "service_date": visit.service_date,
        "claim_id": visit.claim_id,
        "text": document.text,
    }
    note["discipline"] = note.get("discipline") or discipline_of(note.get("author_credential", ""))
    read = sorted({one.field for one in document.values if one.end})
    note["unconfirmed"] = " ".join(read) or NOT_MARKED
    return note, [{**row, "note_id": document.note_id} for row in services_of(document.values)]


def discipline_of(credential: str) -> str:
    """OT, PT or SLP; "" where the credential names none."""
    return next((name for name, pattern in _DISCIPLINES if re.search(pattern, credential)), "")


def add_notes(batch: Batch, tied: Iterable[Tied]) -> None:
    """Add the rows of the documents that have a visit to the batch; their place is the file and the visit in it."""
    for one in tied:
        if one.visit is None:
            continue
        note, services = rows_of(one.document, one.visit)
        place = {"source_file": one.document.file, "source_row": str(one.document.part)}
        batch.add("notes", _raw([note], NOTES.names, place))
        if services:
            batch.add("note_services", _raw(services, NOTE_SERVICES.names, place))


def _raw(rows: list[dict[str, str]], names: list[str], place: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, dtype="str").reindex(columns=names, fill_value="").fillna("")
    return frame.assign(**place).astype("str")


def settle(batch: Batch, claims: pd.DataFrame | None = None, noted: Collection[tuple[str, str]] = ()) -> list[Tied]:
    """Tie the documents of a batch to its own claims and to `claims`, and add their notes to it."""
    if not batch.documents:
        return []
    own = batch.tables.get("claims", pd.DataFrame(columns=CLAIM_COLUMNS, dtype="str"))
    every = pd.concat([own, own[:0] if claims is None else claims]).reindex(columns=CLAIM_COLUMNS, fill_value="")
    notes = batch.tables.get("notes")
    mine = zip(notes["patient_id"], notes["service_date"], strict=True) if notes is not None else ()
    tied = tie(batch.documents, every.fillna("").astype("str"), {*noted, *mine})
    add_notes(batch, tied)
    return tied


def says(tied: Iterable[Tied]) -> list[str]:
    """A line for each document that waits, and one for those that are judged unconfirmed."""
    listed = list(tied)
    lines = [
        f"{one.document.file}{f', visit {one.document.part}' if one.document.part > 1 else ''}: waits for a person: "
        f"{one.waits.why}. {one.waits.do}."
        for one in listed
        if one.visit is None
    ]
    taken = sum(one.visit is not None for one in listed)
    if taken:
        notes = "1 note was" if taken == 1 else f"{taken} notes were"
        lines.append(f"{notes} read from documents: what rests on them is a warning until a person has confirmed them.")
    return lines
