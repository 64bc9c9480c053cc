"""A value read from a text, and values as the rows of a note."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SERVICE_FIELDS = ("service", "minutes", "therapist_minutes", "assistant_minutes", "together_minutes")


@dataclass(frozen=True, slots=True)
class Value:
    """`field`: a column of notes, or of note_services ("service": that the note names it) with `service`, the code.
    `value` as the contract writes it; `start` to `end` in the text; `pattern`: the name of what found it."""

    field: str
    value: str
    start: int
    end: int
    pattern: str
    service: str = ""


def agreed(found: Iterable[Value]) -> list[Value]:
    """Of each field and service the first value, where all say the same; nothing where they do not."""
    groups: dict[tuple[str, str], list[Value]] = {}
    for one in found:
        groups.setdefault((one.field, one.service), []).append(one)
    return [told[0] for told in groups.values() if len({one.value.casefold() for one in told}) == 1]


def note_of(values: Iterable[Value]) -> dict[str, str]:
    """Columns of the notes table that the values fill."""
    return {one.field: one.value for one in values if one.field not in SERVICE_FIELDS}


def services_of(values: Iterable[Value]) -> list[dict[str, str]]:
    """Rows of note_services, in the order in which the text names the services."""
    rows: dict[str, dict[str, str]] = {}
    for one in values:
        if one.field in SERVICE_FIELDS:
            row = rows.setdefault(one.service, {"procedure_code": one.service})
            if one.field != "service":
                row[one.field] = one.value
    return list(rows.values())
