"""What a note in plain text says, as the contract's columns: every value with its place in the text.

Pure functions. Plans, goals, home programmes and what was before are no evidence of what was done. What is told as a
range, about, or in two ways is no value: unsure means nothing. A value read here is a proposal until a person has
confirmed it (`docs/extraction.md` says how good they are).
"""

from __future__ import annotations

from audit.extraction.evaluation import evaluation
from audit.extraction.heading import heading
from audit.extraction.minutes import minutes
from audit.extraction.people import people
from audit.extraction.sections import joined, ticked
from audit.extraction.times import times
from audit.extraction.values import SERVICE_FIELDS, Value, note_of, services_of

__all__ = ["LONGEST", "SERVICE_FIELDS", "Value", "extract", "note_of", "services_of"]
LONGEST = 200_000
"""Characters of a note that are looked at; no visit note is longer."""


def extract(text: str) -> list[Value]:
    """The values that `text` tells, in their order in it."""
    text = joined(ticked(text[:LONGEST]))
    found = [*heading(text), *people(text), *times(text), *minutes(text), *evaluation(text)]
    return sorted(found, key=lambda value: (value.start, value.end, value.field))
