"""A document that stands within another file (FHIR, C-CDA), read as the file that it is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from audit import temporary
from audit.errors import InputError
from audit.intake import documents
from audit.intake.documents import Document
from audit.intake.markup import readable

ENDINGS = {
    "text/plain": ".txt",
    "text/markdown": ".txt",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
MARKUP = ("text/html", "application/xhtml+xml")
XML = ("text/xml", "application/xml", "application/hl7-cda+xml", "application/hl7-v3+xml", "application/xml+cda")


def media_type(sent: str) -> str:
    """The kind without its parameters: "text/plain; charset=utf-8" is text/plain, which nothing is too."""
    return sent.partition(";")[0].strip().lower() or "text/plain"


def decoded(data: str, file: str) -> bytes:
    """Base64, with whatever line breaks. Raises InputError when it is broken."""
    try:
        return base64.b64decode(re.sub(r"\s", "", data), validate=True)
    except (binascii.Error, ValueError):
        raise InputError("the document within it is broken (base64)", where=file, do="Export it again") from None


def read(content: bytes, kind: str, given: Mapping[str, str], *, file: str, sha256: str, within: str) -> list[Document]:
    """The documents of an attachment of a media type. `within`: the kind of file that holds it (FHIR, C-CDA)."""
    if kind in MARKUP:
        text = readable(content.decode("utf-8", "replace"))
        return documents.from_text(text, file=file, kind=within, sha256=sha256, given=given)
    if kind not in ENDINGS:
        raise InputError(
            "the document within it is of a kind that is not read",
            where=file,
            do="Give it as text, PDF, Word or C-CDA",
        )
    with temporary.folder() as folder:
        path = folder / f"attachment{ENDINGS[kind]}"
        path.write_bytes(content)
        try:
            return documents.read(path, content[:4096], sha256, name=file, given=given)
        except InputError as error:
            raise InputError(error.wrong, where=file, do=error.do) from None
