"""A report as a PDF, by typst. All it says goes in as data; nothing of it is read as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import typst

from audit.exporting.report import Report
from audit.exporting.sheets import Sheet

TEMPLATE = Path(__file__).parents[1] / "templates" / "report.typ"
SINGLE = ("Claims", "Findings")
OFF_PAPER = ("patient", "severity", "verdict", "expected", "observed")
"""Columns of these that only the other forms have; on paper stand the findings that were upheld."""
WIDE = 14
"""Characters above which a column of text shares the rest of the width."""
LONG = 60
"""Characters above which it takes most of that."""
BREAKABLE = 600
"""Characters from which on a row may run over two pages."""


def on_paper(report: Report) -> bytes:
    return compiled(TEMPLATE, told(report))


def compiled(template: Path, data: dict[str, Any]) -> bytes:
    """A PDF of a template that reads `data` from its input "report"."""
    return bytes(typst.compile(template, sys_inputs={"report": json.dumps(data)}, ignore_system_fonts=False))


def told(report: Report) -> dict[str, Any]:
    """What the template sets: headings with pairs, text or tables."""
    return {
        "title": report.title,
        "question": report.question,
        "answer": list(report.answer),
        "privacy": report.privacy,
        "identified": report.identified,
        "parts": [
            {"heading": "How it was done", "pairs": _pairs(report.about)},
            {"heading": "The claims", "pairs": _pairs(report.sample)},
            *[table(one) for one in report.sheets if one.name not in SINGLE],
            {"heading": "What this report does not say", "points": list(report.limits)},
            {"heading": "Where it comes from", "pairs": _pairs(report.origin)},
            *[table(_shortened(one)) | {"small": True} for one in report.sheets if one.name in SINGLE],
        ],
    }


def _shortened(one: Sheet) -> Sheet:
    columns = tuple(column for column in one.columns if column.name not in OFF_PAPER)
    if one.name == "Claims":
        return replace(one, columns=columns)
    upheld = tuple(row for row in one.rows if row["verdict"] == "upheld")
    return replace(one, columns=columns, rows=upheld, question="Which findings did reviewers uphold?")


def _pairs(pairs: tuple[tuple[str, str], ...]) -> list[list[Any]]:
    return [[name, text, "SHA" in name or name == "Seed"] for name, text in pairs]


def table(one: Sheet) -> dict[str, Any]:
    """A table with its question as heading and its answer beneath."""
    written, right = one.written(), one.numbers
    longest = [max((len(row[place]) for row in written), default=0) for place in range(len(one.columns))]
    sizes = ["right" if place in right else "widest" if size > LONG else "wide" if size > WIDE else "left"
             for place, size in enumerate(longest)]  # fmt: skip
    return {
        "heading": one.question,
        "text": one.answer,
        "head": one.headings,
        "columns": sizes,
        "rows": written,
        "whole": max(longest, default=0) < BREAKABLE,
    }
