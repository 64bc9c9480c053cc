"""Rule cases with a column, or a whole table, taken away: what the rule book finds of each with it and without it.

A case is copied once for each column that says something in it, with ids, practitioners and names of its own, and all
copies are judged at once, as a run over many patients would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from audit.demo.clinic import npi
from audit.engine import audit, chosen_rules
from audit.facts.reference import load_facts
from audit.intake import Batch
from audit.intake.foreign.kinds import is_npi
from audit.intake.tabular import untold
from audit.model import MODIFIERS, PAID, TABLES, UNTOLD
from audit.rules import rule_book
from audit.rules.cases import AS_OF, Case, Rows, cases_of
from audit.tables import check

NUMBERS = ("billing_npi", "rendering_npi", "referring_npi", "supervising_npi", "ordering_npi", "npi")
NAMES = ("author_name", "signed_by", "cosigned_by", "rendering_name")
IDS = ("claim_id", "original_reference", "patient_id", "note_id", "plan_id", "number", "prior_authorization")
WHOLE = "*"
"""In place of a column: no row of the table came."""
MARKS = {*(mark for mark, _ in UNTOLD.values()), "columns_untold", "refused_row", "unconfirmed"}
PATTERNS = ("UNIT-13", "UNIT-14")
"""Rules about the habits of a clinician over many patients."""


@dataclass(frozen=True)
class Less:
    """What is taken away: columns of a table, or WHOLE of it."""

    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}.{'modifiers' if len(self.columns) > 1 else self.columns[0]}"


def each_less() -> Iterator[Less]:
    """Each optional column of each table that rules look at (the four of modifiers are one), then each table but
    claims."""
    for name, table in TABLES.items():
        optional = [one.name for one in table.columns if not one.required and one.name not in MARKS]
        if name in PAID:
            continue
        yield from (Less(name, (column,)) for column in optional if column not in MODIFIERS)
        yield Less(name, tuple(MODIFIERS) if name == "claims" else (WHOLE,))


def chosen_cases(errors: int, others: int) -> list[tuple[str, Case]]:
    """Of each rule so many cases that find an error and others, spread over its file, and those
    that bring practitioners or fees; but those that bring facts."""
    chosen = []
    for code, rule in rule_book().items():
        if code in PATTERNS:
            continue
        each = [case for case in cases_of(rule) if not case.loaded]
        bad = [case for case in each if any(one["severity"] == "error" for one in case.finds)]
        rest = [case for case in each if case not in bad]
        own = [case for case in each if case.rows["providers"] or case.rows["fees"]]
        few = [case for cases, most in ((bad, errors), (rest, others)) for case in _spread(cases, most)]
        chosen += [(code, case) for case in {case.name: case for case in few + own}.values()]
    return chosen


def _spread(cases: list[Case], most: int) -> list[Case]:
    return cases[:: max(1, -(-len(cases) // most))][:most] if most else []


def taken_away(rows: Rows, less: Less) -> Rows | None:
    """The case without it, marked as reading marks it; None where that says nothing in the case,
    or two rows can no longer be told apart, which reading refuses."""
    held = rows[less.table]
    if less.columns == (WHOLE,):
        gone = {less.table, "note_services"} if less.table == "notes" else {less.table}
        rest: Rows = {name: [] if name in gone else told for name, told in rows.items()}
        return rest if held else None
    if not any(row.get(column) for row in held for column in less.columns):
        return None
    table = TABLES[less.table]
    marks = untold(table, [name for name in table.names if name not in {*less.columns, *MARKS}])
    left = [{**row, **dict.fromkeys(less.columns, ""), **_joined(row, marks)} for row in held]
    keys = [tuple(row.get(name, "") for name in table.key) for row in left] if table.key else []
    return {**rows, less.table: left} if len(keys) == len(set(keys)) else None


def _joined(row: dict[str, str], marks: dict[str, str]) -> dict[str, str]:
    """The marks, beside the columns that the case says its file lacked already."""
    lacked = " ".join(one.get("columns_untold", "") for one in (row, marks)).strip()
    return marks | ({"columns_untold": lacked} if lacked else {})


@dataclass(frozen=True)
class Judged:
    """A case as it is (`less` None) or with less told, and its findings: rule, claim, line, severity."""

    rule: str
    case: str
    less: Less | None
    found: frozenset[tuple[str, str, str, str]]


@cache
def judged(errors: int, others: int) -> list[Judged]:
    """The cases of `chosen_cases` as they are and with less told, each time by the whole rule book."""
    copies: list[tuple[str, str, Less | None]] = []
    merged: Rows = {name: [] for name in TABLES}
    serial = 1
    for code, case in chosen_cases(errors, others):
        for less in (None, *each_less()):
            rows = case.rows if less is None else taken_away(case.rows, less)
            if rows is None:
                continue
            serial = _add(merged, rows, len(copies), serial)
            copies.append((code, case.name, less))
    frames = {name: _frame(name, rows) for name, rows in merged.items() if rows}
    tables, refusals = check(Batch(frames))
    assert not refusals, refusals[0].sentence()
    rules = [rule for rule in chosen_rules() if rule.code not in PATTERNS]
    told: dict[int, set[tuple[str, str, str, str]]] = defaultdict(set)
    found = audit(tables, replace(load_facts(), as_of=AS_OF), rules=rules)
    columns = [found[name].astype("str") for name in ("rule", "claim_id", "line_number", "severity")]
    for rule, claim, line, severity in zip(*columns, strict=True):
        number, _, own = claim.partition("~")
        told[int(number)].add((rule, own, line, severity))
    return [Judged(*copy, frozenset(told[number])) for number, copy in enumerate(copies)]


def _add(merged: Rows, rows: Rows, number: int, serial: int) -> int:
    """Adds a copy with ids, practitioners and names of its own; returns the next free serial of a practitioner."""
    payers = {row["payer_id"] for row in rows["payers"] + rows["fees"]}
    people: dict[str, str] = {}

    def own(name: str, column: str, value: str) -> str:
        nonlocal serial
        if not value or (column == "payer_id" and value not in payers):
            return value
        if column in IDS or column == "payer_id":
            return f"{number}~{value}"
        if column in NUMBERS and is_npi(value):
            serial += value not in people
            return people.setdefault(value, npi(serial))
        return f"n{number} {value}" if column in NAMES or (column, name) == ("name", "providers") else value

    for name, told in rows.items():
        merged[name] += [{column: own(name, column, value) for column, value in row.items()} for row in told]
    return serial


def _frame(name: str, rows: list[dict[str, str]]) -> pd.DataFrame:
    placed = [{**row, "source_file": "cases", "source_row": str(n)} for n, row in enumerate(rows, start=1)]
    return pd.DataFrame(placed, columns=[*TABLES[name].names, "source_file", "source_row"], dtype="str").fillna("")


def differences(each: Iterable[Judged]) -> tuple[dict[tuple[str, str], list[str]], dict[tuple[str, str], list[str]]]:
    """By rule and what was taken away, the cases in which an error appears that was not there, and those in which one
    goes and leaves no untestable of its rule on the claim."""
    new, gone = defaultdict(list), defaultdict(list)
    whole: frozenset[tuple[str, str, str, str]] = frozenset()
    for one in each:
        if one.less is None:
            whole = one.found
            continue
        before, after = ({told for told in found if told[3] == "error"} for found in (whole, one.found))
        said = {told[:2] for told in one.found if told[3] != "info"}
        for told in sorted(after - before):
            new[told[0], str(one.less)].append(f"{one.rule}: {one.case}")
        for told in sorted(before - after):
            if told[:2] not in said:
                gone[told[0], str(one.less)].append(f"{one.rule}: {one.case}")
    return dict(new), dict(gone)
