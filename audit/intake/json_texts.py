"""JSON that others wrote, without texts that no database and no file takes."""

from __future__ import annotations

import json
from typing import Any


def parsed(text: str | bytes, **how: Any) -> Any:
    """As `json.loads`. Raises ValueError for what is no JSON, and of its kinds UnicodeEncodeError where a text holds
    half a character: Python takes one from bytes, and from an escape (\\ud800)."""
    value = json.loads(text, **how)
    if isinstance(text, bytes) or "\\u" in text:
        _demand_whole_characters(value)
    return value


def _demand_whole_characters(value: object) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, dict | list):
        for part in (*value, *value.values()) if isinstance(value, dict) else value:
            _demand_whole_characters(part)
