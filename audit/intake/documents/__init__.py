"""Notes as documents: text, Word, PDF, and text that another reader found (C-CDA, FHIR), one `Document` a visit.

`read` knows them by content. What cannot be read is refused by name with what to do; what a person has to look at
(a scan, several visits that cannot be told apart) comes as a `Document` that is held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.intake.documents import legacy, pdf, plain, word

if TYPE_CHECKING:
    from audit.extraction import Value

__all__ = ["NOT_HELD", "Document", "Held", "from_text", "looks_like_document", "read"]


@dataclass(frozen=True, slots=True)
class Held:
    """Why a document waits for a person, and what that person does."""

    why: str = ""
    do: str = ""


NOT_HELD = Held()


@dataclass(frozen=True, slots=True)
class Document:
    """The note of one visit as a document tells it.

    `part` counts the visits of one file from 1. `kind`: "text", "Word", "PDF", "C-CDA", "FHIR". `sha256` of the
    file's bytes. `values` were read from `text` and nobody has confirmed them; those that a structured file gives
    itself have start and end 0. `held.why` is "" when nothing but linking and confirming is to do.
    """

    file: str
    part: int
    kind: str
    sha256: str
    text: str
    values: tuple[Value, ...]
    held: Held = NOT_HELD

    @property
    def note_id(self) -> str:
        return f"doc-{self.sha256[:16]}-{self.part}"

    def told(self, field: str) -> str:
        """The value of a column of notes, "" when the document does not tell it."""
        return next((one.value for one in self.values if one.field == field), "")

    @property
    def is_note(self) -> bool:
        """Whether it tells anything that a note of a visit would."""
        return bool({"service_date", "patient_id", "claim_id", "service", "signed_by"} & {v.field for v in self.values})


def from_text(
    text: str, *, file: str, kind: str, sha256: str, given: Mapping[str, str] | None = None, held: Held | None = None
) -> list[Document]:
    """A text as the documents of its visits, with the values read from it.

    `given`: columns of notes that the file itself tells outside the text (patient_id, service_date ...); they count
    before what the text says, and where they name the day, the text is of that one visit. Raises nothing: a text of
    several visits that cannot be parted comes as one, held.
    """
    from audit.extraction import LONGEST  # noqa: PLC0415  its many patterns are compiled only where there is a document
    from audit.intake.documents.visits import parted  # noqa: PLC0415

    whole = plain.clean(text)
    one_visit = bool((given or {}).get("service_date"))
    parts, wrong = ([whole[:LONGEST]], "") if one_visit else parted(whole[:LONGEST])
    reason = held or (Held(wrong, "Give each visit as a file of its own") if wrong else NOT_HELD)
    if not held and len(whole) > LONGEST:
        reason = Held(f"the text is longer than {LONGEST:,} characters", "Give each visit as a file of its own")
    return [
        Document(file, number, kind, sha256, part, _values(part, given or {}), reason)
        for number, part in enumerate(parts, start=1)
    ]


def _values(text: str, given: Mapping[str, str]) -> tuple[Value, ...]:
    from audit.extraction import Value, extract  # noqa: PLC0415

    told = [Value(field, value, 0, 0, "given by the file") for field, value in given.items() if value]
    return (*told, *(one for one in extract(text) if one.field not in given or not given[one.field]))


_READERS: list[tuple[str, Callable[[Path, bytes], bool], Callable[[Path], tuple[str, str, str]]]] = [
    ("Word", word.looks_like, word.read),
    ("PDF", pdf.looks_like, pdf.read),
    ("text", plain.looks_like, plain.read),
]


def looks_like_document(path: Path, start: bytes) -> bool:
    """Whether the file is a note as a document, or one of a kind that is refused by name. `start`: its first bytes."""
    return bool(legacy.kind_of(path, start)) or any(known(path, start) for _, known, _ in _READERS)


def read(
    path: Path, start: bytes, sha256: str, *, name: str = "", given: Mapping[str, str] | None = None
) -> list[Document]:
    """The documents of a file that `looks_like_document`. Raises InputError for one that is refused whole.

    `name` and `given` for a document within another file: what that is called, and what it tells of the visit."""
    legacy.refuse(path, start)
    kind, reader = next((kind, reader) for kind, known, reader in _READERS if known(path, start))
    text, why, do = reader(path)
    held = Held(why, do) if why else None
    return from_text(text, file=name or path.name, kind=kind, sha256=sha256, given=given, held=held)
