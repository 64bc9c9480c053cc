"""Run as a process of its own by `pdf`: prints the text of a PDF's pages as JSON. Imports nothing of ours."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from typing import Any


def pages_of(path: str, most_pages: int, most_text: int) -> dict[str, Any]:
    """{"pages": [{"text", "images"}]} or {"wrong": a word that `pdf` knows}."""
    from pypdf import PdfReader  # noqa: PLC0415  after the limits are set
    from pypdf.errors import LimitReachedError  # noqa: PLC0415

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"wrong": "locked"}
        if len(reader.pages) > most_pages:
            return {"wrong": "pages"}
        return _read(reader, most_text)
    except (LimitReachedError, MemoryError):
        return {"wrong": "large"}
    except Exception as error:  # whatever a broken file brings about; a cipher that is lacking says so
        return {"wrong": "locked" if "rypt" in str(error) else "damaged"}


def _read(reader: Any, most_text: int) -> dict[str, Any]:
    found, length = [], 0
    for page in reader.pages:
        text = page.extract_text(extraction_mode="layout")
        length += len(text)
        if length > most_text:
            return {"wrong": "large"}
        found.append({"text": text, "images": _has_images(page)})
    return {"pages": found} if found else {"wrong": "damaged"}


def _has_images(page: Any) -> bool:
    """Whether a picture is drawn on the page, or a form that may hold one."""
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    if objects is None:
        return False
    kinds = [one.get_object().get("/Subtype") for one in objects.get_object().values()]
    return any(kind in ("/Image", "/Form") for kind in kinds)


def _limit(megabytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limits
        import resource  # noqa: PLC0415

        size = megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    _limit(int(sys.argv[4]))
    print(json.dumps(pages_of(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
