"""A report as a zip of CSV files and as JSON, for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from audit.exporting.report import Report
from audit.exporting.sheets import Row, Sheet
from audit.reports import csv_line


def as_json(report: Report) -> bytes:
    """One object: what the report says, then `tables`, each with its rows as objects. Money is text with two decimals,
    dates are ISO, unknown is null."""
    told: dict[str, Any] = {
        "format": "countersign report 1",
        "title": report.title,
        "question": report.question,
        "answer": list(report.answer),
        **{part: dict(getattr(report, part)) for part in ("about", "sample", "origin")},
        "limits": list(report.limits),
        "identified": report.identified,
        "privacy": report.privacy,
        "tables": {one.name: _table(one) for one in report.sheets},
    }
    return (json.dumps(told, indent=1, ensure_ascii=False, default=str) + "\n").encode()


def _table(one: Sheet) -> Row:
    rows = [{name: _plain(value) for name, value in row.items()} for row in one.rows]
    headings = {column.name: column.heading for column in one.columns}
    return {"question": one.question, "answer": one.answer, "headings": headings, "rows": rows}


def _plain(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def as_csv(report: Report, at: datetime) -> bytes:
    """A zip: about.csv (name, value), then a CSV file a table (UTF-8, LF, a header row, money as 12.50)."""
    pairs = [("title", report.title), ("question", report.question), *[("answer", one) for one in report.answer]]
    pairs += [*report.about, *report.sample, *report.origin, ("privacy", report.privacy)]
    pairs += [("limit", one) for one in report.limits]
    files: dict[str, list[Sequence[Any]]] = {"about.csv": [("name", "value"), *pairs]}
    for one in report.sheets:
        rows = [["" if row[c.name] is None else _plain(row[c.name]) for c in one.columns] for row in one.rows]
        files[f"{one.name.lower()}.csv"] = [one.headings, *rows]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, lines in files.items():
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            file.writestr(entry, "".join(f"{csv_line(line)}\n" for line in lines), zipfile.ZIP_DEFLATED)
    return out.getvalue()
