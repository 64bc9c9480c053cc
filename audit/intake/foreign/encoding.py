"""In which encoding a text is written: told by its mark, else UTF-8 where all of it is, else what fits best."""

from __future__ import annotations

import codecs
from pathlib import Path

from audit.errors import InputError

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
OLD = ("cp1252", "mac_roman")
"""What programs of clinics in the United States wrote before UTF-8."""
_CHUNK = 1 << 20


def encoding_of(path: Path) -> str:
    """A name that `open` takes. Raises InputError when no encoding fits."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    odd = _first_not_utf8(path)
    if not odd:
        return "utf-8-sig"
    from charset_normalizer import from_bytes  # noqa: PLC0415  loaded only where there is such a file

    best = from_bytes(odd, cp_isolation=list(OLD)).best()
    if best is None:
        raise InputError("the encoding of the text is not known", where=path.name, do="Save it as 'CSV UTF-8'")
    return best.encoding


def _first_not_utf8(path: Path) -> bytes:
    """The first piece of the file that is not UTF-8; empty when all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return chunk
    return b""
