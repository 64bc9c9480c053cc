"""A proposal for a table nobody has mapped yet: by the names of its columns and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.intake.foreign import dates
from audit.intake.foreign.kinds import FITTING, TELLING, is_code_with_modifiers, kinds_of
from audit.intake.foreign.mapping import DATED, LINE_COLUMNS, NUMBERED, Mapping, Taken
from audit.intake.foreign.shape import Shape, sniffed
from audit.intake.foreign.synonyms import likeness, plain
from audit.intake.foreign.table import Table, read_table
from audit.intake.foreign.transforms import PERSONS, How, ways
from audit.model import MODIFIERS, TABLES

SURE, LIKELY, GUESS = 0.95, 0.7, 0.45
ODD = 0.4
"""Confidence where the name is known but the values are of another kind."""
LOOKED_AT = 300
"""Different values of a column whose kind is looked at; for day and month, all are."""
DAY = "{patient_id} {service_date}"
_NUMBERED = re.compile(r"(.*?[a-z])[ _-]*(\d{1,2})(?!\d)(.*)", re.IGNORECASE)
_PART_OF_NAME = re.compile(r"\b(last|first|l|f|given|family|sur) ?name\b")


@dataclass(frozen=True)
class Proposal:
    """`confidence`: source column -> 0 to 1. `samples`: source column -> a few of its values. `unsaid`: source column
    of dates -> the forms among which a person has to choose."""

    mapping: Mapping
    confidence: dict[str, float]
    samples: dict[str, list[str]]
    unsaid: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Guess:
    confidence: float
    taken: Taken


def propose(path: Path, *, shape: Shape | None = None, table: str = "") -> Proposal:
    """The best mapping that can be guessed. Raises InputError when the file cannot be read as a table."""
    shape = shape or sniffed(path)
    read = read_table(path, shape)
    values = {name: _different(read, place) for place, name in enumerate(read.header)}
    tables = [table] if table else list(TABLES)
    best = max((_for_table(name, values) for name in tables), key=lambda guesses: _worth(*guesses))
    chosen, guesses = best
    taken = [_with_form(guess.taken, values) for guess in guesses]
    unsaid = {one.source: dates.likely_forms(values[one.source]) for one in taken if one.how in DATED and not one.form}
    fixed = _made_of_day(chosen, taken)
    mapping = Mapping("", chosen, shape, tuple(read.header), tuple(taken), fixed)
    return Proposal(
        mapping,
        {guess.taken.source: guess.confidence for guess in guesses},
        {name: found[:4] for name, found in values.items()},
        unsaid,
    )


def _different(table: Table, place: int) -> list[str]:
    return list(dict.fromkeys(cells[place] for _, cells in table.rows if cells[place]))


def _for_table(table: str, values: dict[str, list[str]]) -> tuple[str, list[_Guess]]:
    kinds = {name: kinds_of(found[:LOOKED_AT]) for name, found in values.items()}
    lines = _lines(table, values)
    guesses = [*lines, *_persons(table, values, {guess.taken.source for guess in lines})]
    spoken = {guess.taken.source for guess in guesses}
    free = [name for name in values if name not in spoken]
    held = {guess.taken.column for guess in guesses}
    every = [
        _guess(table, name, column, values[name], kinds[name]) for name in free for column in TABLES[table].offered
    ]
    for guess in sorted((one for one in every if one), key=lambda one: -one.confidence):
        joins = guess.taken.column == "diagnosis_codes"
        if guess.taken.source not in spoken and (joins or guess.taken.column not in held):
            guesses.append(guess)
            spoken.add(guess.taken.source)
            held.add(guess.taken.column)
    order = {name: place for place, name in enumerate(values)}
    return table, _payer(sorted(guesses, key=lambda guess: order[guess.taken.source]), held)


def _guess(table: str, source: str, column: str, values: Sequence[str], kinds: set[str]) -> _Guess | None:
    name = re.sub(r"\d+$", "", plain(source)).strip() if column == "diagnosis_codes" else source
    like = likeness(name, column)
    fitting = _kinds_for(table, column)
    agrees = not values or not fitting or bool(kinds & set(fitting))
    if like == 1.0:
        confidence = SURE if agrees else ODD
    elif like:
        confidence = LIKELY * like if agrees else 0.0
    else:
        told = any(TELLING.get(kind) == column for kind in kinds & set(fitting))
        confidence = GUESS if told else 0.0
    if confidence < ODD:
        return None
    return _Guess(round(confidence, 2), Taken(source, column, _how(table, column, source, values, kinds)))


def _kinds_for(table: str, column: str) -> tuple[str, ...]:
    kind = next(c.kind for c in TABLES[table].columns if c.name == column)
    return ("date",) if kind in ("date", "moment") else FITTING.get(column, ())


def _how(table: str, column: str, source: str, values: Sequence[str], kinds: set[str]) -> How:
    if column == "procedure_code" and "code" not in kinds and any(map(is_code_with_modifiers, values)):
        return "code and modifiers"
    if column == "modifier_1" and not plain(source).endswith(("1", "a", "one")):
        return "list of modifiers"
    if column in PERSONS and "name" in kinds:
        return "last, first"
    return ways(table, column)[0]


def _persons(table: str, values: dict[str, list[str]], spoken: set[str]) -> list[_Guess]:
    """Columns with one part of a person's name: "Patient Last Name", "First Name"."""
    ours = [name for name in PERSONS if name in TABLES[table].names]
    found = []
    for source in values:
        part = _PART_OF_NAME.search(plain(source))
        if not part or source in spoken:
            continue
        whose = _PART_OF_NAME.sub("", plain(source)).strip()
        column = next((one for one in ours if likeness(whose, one) == 1.0), ours[0] if ours and not whose else "")
        if column:
            how: How = "last name" if part[1] in ("last", "l", "family", "sur") else "first name"
            found.append(_Guess(SURE, Taken(source, column, how)))
    return found


def _lines(table: str, values: dict[str, list[str]]) -> list[_Guess]:
    """Columns of a claim whose lines stand beside each other: CPT 1, Units 1, CPT 2, Units 2."""
    if table != "claims":
        return []
    groups: dict[tuple[str, int], str] = {}
    for source in values:
        told = _NUMBERED.fullmatch(source.strip())
        if told and (column := _line_column(f"{told[1]} {told[3]}")):
            groups.setdefault((column, int(told[2])), source)
    numbers = [line for column, line in groups if column == "procedure_code"]
    if len(numbers) < 2:
        return []
    found = []
    for (column, line), source in groups.items():
        if line in numbers:
            kinds = kinds_of(values[source][:LOOKED_AT])
            how = "list of modifiers" if column == "modifier_1" else _how(table, column, "", values[source], kinds)
            found.append(_Guess(SURE, Taken(source, column, how, line=line)))
    return found


def _line_column(name: str) -> str:
    return next((c for c in LINE_COLUMNS if c not in MODIFIERS[1:] and likeness(name, c) == 1.0), "")


def _payer(guesses: list[_Guess], held: set[str]) -> list[_Guess]:
    """Where a file names its payers and has no id for them, the name is the id."""
    if "payer_id" in held:
        return guesses
    return [
        _Guess(LIKELY, replace(guess.taken, column="payer_id", how="id and name"))
        if guess.taken.column == "payer_name"
        else guess
        for guess in guesses
    ]


def _made_of_day(table: str, taken: Sequence[Taken]) -> dict[str, str]:
    """Where a file numbers neither claims nor notes, each patient's day is one."""
    key = {"claims": "claim_id", "notes": "note_id", "note_services": "note_id"}.get(table, "")
    held = {one.column for one in taken}
    return {} if not key or key in held or "patient_id" not in held else {key: DAY}


def _with_form(one: Taken, values: dict[str, list[str]]) -> Taken:
    if one.how not in DATED:
        return one
    forms = dates.likely_forms(values[one.source])
    return replace(one, form=forms[0] if len(forms) == 1 else "" if forms else "%Y-%m-%d")


def _worth(table: str, guesses: list[_Guess]) -> float:
    """How well a table is met: what is told of it, less what it needs and nobody tells."""
    told = {guess.taken.column for guess in guesses}
    missing = [c.name for c in TABLES[table].columns if c.required and c.name not in (*told, *NUMBERED)]
    return sum(guess.confidence for guess in guesses) - len(missing)
