"""One spelling for the content of a row, so that equal content has an equal digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


def canonical(row: Mapping[str, Any]) -> str:
    """JSON with sorted names and no spaces. What is unknown is left out: a column added later to the contract
    changes no digest. Dates ISO, times UTC, money with two decimals."""
    known = {name: value for name, value in row.items() if value is not None and value != ""}
    return json.dumps(known, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def cell(name: str, value: Any) -> str:
    """The part of a `canonical` row that one value is; "" for what is unknown."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return f'"{name}":{encode_basestring(value)}'
    return f'"{name}":{value if isinstance(value, int) else encode_basestring(_plain(value))}'


def sha256(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def digest(row: Mapping[str, Any], parts: Iterable[Mapping[str, Any]] = ()) -> str:
    """The digest of a record and its parts, whatever the order of the parts. SHA-256, hex."""
    return sha256(canonical(row), *sorted(canonical(part) for part in parts))


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:.2f}"
    raise TypeError(f"{type(value).__name__} has no canonical form")
