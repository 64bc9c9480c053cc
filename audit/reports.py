"""Findings, refusals, rules and facts as text for people and other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.errors import Refusal
from audit.facts.reference import Facts
from audit.gaps import wanted_inputs
from audit.model import FINDING_COLUMNS, SEVERITIES
from audit.rules import Rule

if TYPE_CHECKING:
    from audit.rule_pages import RulePage

MARKS = {"error": "■", "warning": "▲", "info": "●", "untestable": "○"}
FORMATS = ("table", "jsonl", "csv")


def as_records(findings: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Findings as plain values in the order of the contract (`docs/formats.md`)."""
    shaped = {
        "line_number": [None if pd.isna(one) else int(one) for one in findings["line_number"]],
        "service_date": [one.date().isoformat() for one in findings["service_date"]],
        "sources": [str(one).split() for one in findings["sources"]],
        "dollars_at_risk": [_number(one) for one in findings["dollars_at_risk"]],
        "dollars_under": [_number(one) for one in findings["dollars_under"]],
        "facts_unchecked": [bool(one) for one in findings["facts_unchecked"]],
    }
    columns = [shaped[name] if name in shaped else findings[name].tolist() for name in FINDING_COLUMNS]
    for values in zip(*columns, strict=True):
        yield dict(zip(FINDING_COLUMNS, values, strict=True))


def _number(dollars: Any) -> float | None:
    return None if dollars is None or pd.isna(dollars) else float(dollars)


def as_text(findings: pd.DataFrame, form: str) -> Iterator[str]:
    """Findings line by line as "table", "jsonl" or "csv"."""
    if form == "jsonl":
        yield from (json.dumps(record, ensure_ascii=False) for record in as_records(findings))
    elif form == "csv":
        yield csv_line(FINDING_COLUMNS)
        for record in as_records(findings):
            yield csv_line([*(record | {"sources": " ".join(record["sources"])}).values()])
    else:
        yield from _table(findings)


def _table(findings: pd.DataFrame) -> Iterator[str]:
    for claim_id, rows in groupby(as_records(findings), key=itemgetter("claim_id")):
        yield f"Claim {claim_id!s}" if claim_id else "On no claim: patterns of clinicians"
        for row in rows:
            line = f"line {row['line_number']}" if row["line_number"] else ""
            place = " ".join(part for part in (row["service_date"], line, row["procedure_code"]) if part)
            unchecked = " (rests on a fact nobody has checked)" if row["facts_unchecked"] else ""
            yield f"  {MARKS[row['severity']]} {row['severity']:<10} {row['rule']:<8} {place}"
            yield f"    {row['because']}{unchecked}"
            if row["severity"] == "untestable" and row["expected"]:
                yield f"    To test it: {row['expected']}."


def gap_lines(findings: pd.DataFrame) -> Iterator[str]:
    """What could not be tested, by the input that would make it testable; nothing where all was."""
    gaps = wanted_inputs(findings)
    if len(gaps):
        yield "Not tested, and what would make it testable:"
    for gap in gaps.to_dict("records"):
        yield f"  {gap['wanted']}: {gap['rules']} on {gap['claims']} claim{'s' if gap['claims'] > 1 else ''}."


def unbilled_lines(note_ids: list[str]) -> Iterator[str]:
    """One sentence on the notes that no claim line belongs to; nothing where there are none."""
    if note_ids:
        number = f"{len(note_ids)} note{' belongs' if len(note_ids) == 1 else 's belong'}"
        yield f"{number} to no claim line: {', '.join(note_ids)}. Load their claims, or see why nothing was billed."


def csv_line(cells: Iterable[Any]) -> str:
    """One CSV line in which no spreadsheet finds a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def by_severity(findings: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Findings of each severity that there is, and claims with one."""
    parts = {severity: findings[findings["severity"] == severity] for severity in SEVERITIES}
    return {
        severity: (len(rows), rows.loc[rows["claim_id"] != "", "claim_id"].nunique())
        for severity, rows in parts.items()
        if len(rows)
    }


def summary(claims: int, lines: int, found: Mapping[str, tuple[int, int]]) -> str:
    """One sentence: what was checked, and what `by_severity` tells of what was found."""
    told = [f"{_many(number, severity)} on {_many(on, 'claim')}" for severity, (number, on) in found.items() if number]
    return f"{_many(claims, 'claim')} with {_many(lines, 'line')} checked: {'; '.join(told) or 'nothing found'}."


def _many(number: int, noun: str) -> str:
    ending = "" if number == 1 or noun in ("info", "untestable") else "s"
    return f"{number:,} {noun}{ending}"


REFUSAL_COLUMNS = ("file", "row", "column", "value", "wrong", "do")


def refusals_as_csv(refusals: Iterable[Refusal]) -> str:
    lines = [csv_line(REFUSAL_COLUMNS)]
    lines += [csv_line("" if (v := getattr(r, name)) is None else v for name in REFUSAL_COLUMNS) for r in refusals]
    return "\n".join(lines) + "\n"


def rule_line(rule: Rule) -> str:
    return f"{rule.code:<8} {rule.severity:<8} {rule.state:<9} {rule.title}"


def rule_page(page: RulePage) -> str:
    """One rule for people: what it checks, why, what to do, its cases in words, its sources."""
    rule = page.rule
    cases = "\n".join(f"  - {name}: {finds}" for name, finds in page.cases)
    sources = "\n".join(f"  - {title} ({citation}; {evidence})" for title, citation, evidence in page.sources)
    return (
        f"{rule.code} · {rule.severity} · {rule.state}\n{rule.title}\n\nWhy it matters: {rule.why}\n\n"
        f"What to do: {rule.what_to_do}\n\nLooks at: {page.grain}\n\nCases:\n{cases}\n\nSources:\n{sources}"
    )


def fact_lines(facts: Facts, today: date) -> Iterator[str]:
    """Each fact table: rows, the dates it covers, how old its last day is, and what its rows rest on."""
    from audit.fact_files.fact_ages import fact_ages  # noqa: PLC0415  for this command only

    for age in fact_ages(facts, today):
        mark = "" if age.state == "current" else f"  ! {age.says}; {age.refresh}"
        yield f"{age.name:<18} {age.rows:>5} rows  {age.covers:<26} {age.evidence}"
        yield f"{'':<18} {age.what}{mark}"
    for load in facts.loads:
        covers = f"{load.covers_from} to {load.covers_to}"
        yield f"load {load.number:<13} {load.kind}, {covers}, from {load.file} on {load.at[:10]}"
    yield f"{'state':<18} {facts.sha256}"
