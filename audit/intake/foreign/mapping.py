"""A mapping: which column of another program's table is which of ours, and how its values are written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_args

from audit.errors import InputError
from audit.intake.foreign.dates import FORMS
from audit.intake.foreign.shape import DELIMITERS, Shape, folded
from audit.intake.foreign.transforms import JOINS, SPREADS, How
from audit.intake.json_texts import parsed
from audit.model import MODIFIERS, TABLES

VERSION = 1
NUMBERED = ("line_number",)
"""Required, but counted within the claim where no column has it."""
DATED = ("date", "date and time")
LINE_COLUMNS = (
    "procedure_code",
    *MODIFIERS,
    *("units", "charge_amount", "diagnosis_pointers"),
)
"""Columns that a claim with several lines in one row has once for each line."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Column `source` of the file becomes `column` of ours. `form` is of dates ("" while nobody has said it).
    `line` is 0, or the number of the line where one row holds several."""

    source: str
    column: str
    how: How = "as is"
    form: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Mapping:
    """`header` has the names of all columns of the file; `fixed` what stands in every row, by our column."""

    name: str
    table: str
    shape: Shape
    header: tuple[str, ...]
    taken: tuple[Taken, ...]
    fixed: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines that one row holds; (0,) when it is one."""
        return tuple(sorted({one.line for one in self.taken} - {0})) or (0,)

    def fits(self, header: Iterable[str]) -> bool:
        """The header has the same names, in any order."""
        return folded(header) == folded(self.header)

    def sources_of(self, column: str) -> str:
        """What the file calls a column of ours; our own name where it has none."""
        filled = [one.source for one in self.taken if column in SPREADS.get(one.how, (one.column,))]
        return " / ".join(dict.fromkeys(filled)) or column

    def problems(self) -> list[str]:
        """What has to be said or mended before the mapping can be used, in sentences."""
        return [*self._missing(), *self._unsaid(), *self._twice(), *self._astray()]

    def _missing(self) -> list[str]:
        filled = {column for one in self.taken for column in SPREADS.get(one.how, (one.column,))} | {
            column for column, value in self.fixed.items() if value
        }
        needed = [c.name for c in TABLES[self.table].columns if c.required and c.name not in (*filled, *NUMBERED)]
        return [f"{name} is needed: choose its column, or say what it is for the whole file" for name in needed]

    def _unsaid(self) -> list[str]:
        unsaid = [one.source for one in self.taken if one.how in DATED and one.form not in FORMS]
        return [f"{source}: the day and the month cannot be told apart, say which comes first" for source in unsaid]

    def _twice(self) -> list[str]:
        filled = Counter(
            (one.line, column)
            for one in self.taken
            if one.how not in JOINS
            for column in ((one.column,) if one.how == "code and modifiers" else SPREADS.get(one.how, (one.column,)))
        )
        return [
            f"two columns are taken for {column}: leave one of them out" for (_, column), n in filled.items() if n > 1
        ]

    def _astray(self) -> list[str]:
        gone = [one.source for one in self.taken if one.source not in self.header]
        ours = TABLES[self.table].offered
        unknown = [one.column for one in self.taken if one.column not in ours] + [
            c for c in self.fixed if c not in ours
        ]
        return [f"the file has no column '{name}'" for name in gone] + [
            f"{self.table} has no {name}" for name in unknown
        ]

    def to_json(self) -> str:
        return json.dumps({"countersign_mapping": VERSION, **asdict(self)}, ensure_ascii=False, indent=1)


def named(mapping: Mapping, name: str) -> Mapping:
    return replace(mapping, name=" ".join(name.split()))


def from_json(text: str, where: str = "the mapping") -> Mapping:
    """Raises InputError for what is no mapping of this version, or one that cannot be used."""
    try:
        given = parsed(text)
        if given.pop("countersign_mapping", None) != VERSION:
            raise InputError(
                f"this is no mapping of version {VERSION}", where=where, do="Export it again on the page Load"
            )
        made = _made(given)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("this is no mapping", where=where, do="Export one on the page Load") from None
    if problems := made.problems():
        raise InputError(problems[0], where=where)
    return made


def _made(given: dict[str, Any]) -> Mapping:
    shape = Shape(**given["shape"])
    taken = tuple(Taken(**one) for one in given["taken"])
    texts = [given["name"], *given["header"], *given["fixed"], *given["fixed"].values(), shape.encoding, shape.sheet]
    texts += [text for one in taken for text in (one.source, one.column, one.form)]
    numbers = [shape.header_row, shape.header_rows, *[one.line + 1 for one in taken]]
    right = (
        given["table"] in TABLES
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int) and 1 <= number <= 1000 for number in numbers)
        and all(one.how in get_args(How) for one in taken)
        and shape.delimiter in DELIMITERS
    )
    if not right:
        raise ValueError
    return Mapping(given["name"], given["table"], shape, tuple(given["header"]), taken, dict(given["fixed"]))
