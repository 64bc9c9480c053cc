"""A FHIR file as its resources: one JSON object, a Bundle, or one resource a line (ndjson)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from audit.errors import InputError
from audit.intake.json_texts import parsed

Resource = dict[str, Any]
LARGEST = 64 * 1024 * 1024
"""Bytes of one JSON object: a file that is one, or a line of ndjson."""
BLOCK = 1024 * 1024
DEEPEST = 60
"""Objects and lists within each other; a real resource has about 15."""
NAMED = re.compile(rb'"resourceType"\s*:')
AGAIN = "Export the file again, as JSON or as one resource a line (ndjson)"
XML = re.compile(rb"<(?:\?xml[^>]*>\s*)?[^>]{0,200}http://hl7\.org/fhir[\"'\s]")


def looks_like_fhir(path: Path) -> bool:
    """Whether the file is JSON in which a resource names its type, or FHIR written as XML."""
    try:
        with path.open("rb") as file:
            text = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
            if XML.match(text[:1024]):
                return True
            file.seek(0)
            return text.startswith(b"{") and _names_a_resource(file)
    except OSError:
        return False  # whoever reads it says why


def _names_a_resource(file: BinaryIO) -> bool:
    last = b""
    for _ in range(LARGEST // BLOCK + 1):
        block = file.read(BLOCK)
        if NAMED.search(last + block):
            return True
        if not block:
            return False
        last = block[-64:]
    return False


def resources(path: Path) -> Iterator[tuple[int, str, Resource]]:
    """Every resource with its row (line of ndjson, entry of a Bundle, else 1) and the address a Bundle gives it.

    Raises InputError for a file that is no sound JSON, is cut off, is too deep or too large; what was yielded before
    must then be thrown away.
    """
    with path.open("rb") as file:
        first = file.read(4096)
        if XML.match(first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024]):
            raise InputError("this is FHIR written as XML", where=path.name, do="Export it as JSON")
        file.seek(0)
        whole = _whole(file.readline(LARGEST + 1), path)
        if whole is None:
            file.seek(0)
            whole = _parsed(_limited(file.read(LARGEST + 1), path), path.name)
            yield from _entries(whole, 1, path)
            return
        row, found = 1, whole
        while True:
            if found:
                yield from _entries(found, row, path)
            line = file.readline(LARGEST + 1)
            if not line:
                return
            row += 1
            found = _parsed(_limited(line, path), f"{path.name}, row {row}") if line.strip() else {}


def _whole(line: bytes, path: Path) -> Resource | None:
    """The first line when it is an object by itself, {} when it is blank; None when the object goes on."""
    text = line.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return {}
    if not text.endswith(b"}"):
        return None
    try:
        return _parsed(_limited(text, path), path.name)
    except InputError:
        return None


def _limited(text: bytes, path: Path) -> bytes:
    if len(text) > LARGEST:
        wrong = f"one JSON object is larger than {LARGEST // 1024 // 1024} MB"
        raise InputError(wrong, where=path.name, do="Export one resource a line (ndjson)")
    return text


def _parsed(text: bytes, where: str) -> Resource:
    if _too_deep(text):
        raise InputError("the JSON is nested too deeply", where=where, do=AGAIN)
    try:
        found = parsed(text.removeprefix(b"\xef\xbb\xbf"), parse_float=Decimal, parse_constant=_no_number)
    except UnicodeEncodeError:
        raise InputError("a text of the JSON holds half a character", where=where, do=AGAIN) from None
    except (ValueError, RecursionError):
        raise InputError("the JSON is broken or cut off", where=where, do=AGAIN) from None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise InputError("the JSON is no FHIR resource (resourceType is missing)", where=where, do=AGAIN)
    return found


def _no_number(_: str) -> None:
    raise ValueError


_QUOTED = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def _too_deep(text: bytes) -> bool:
    """Whether brackets stand deeper than any resource has them; text in quotes does not count."""
    depth = 0
    for mark in re.finditer(rb"[\[\]{}]", _QUOTED.sub(b"", text)):
        depth += 1 if mark[0] in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _entries(found: Resource, row: int, path: Path) -> Iterator[tuple[int, str, Resource]]:
    if found["resourceType"] != "Bundle":
        yield row, "", found
        return
    entries = found.get("entry") or []
    if not isinstance(entries, list):
        raise InputError("the Bundle's entry is no list", where=path.name, do=AGAIN)
    for number, entry in enumerate(entries, start=1):
        inside = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(inside, dict) or not isinstance(inside.get("resourceType"), str):
            raise InputError("an entry of the Bundle holds no resource", where=f"{path.name}, entry {number}", do=AGAIN)
        yield number, str(entry.get("fullUrl") or ""), inside
