"""A report as a workbook: a first sheet that says what it is, then one sheet a table with typed columns."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from audit.exporting.report import Report
from audit.exporting.sheets import Kind, Sheet, in_words

LONGEST = 32_000
"""Characters of a cell: Excel takes 32,767."""
WIDEST = 60
NO_FORMULAS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
LOOKS: dict[str, dict[str, Any]] = {
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 14},
    "name": {"font_color": "#5b6770", "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "count": {"num_format": "#,##0", "valign": "top"},
    "dollars": {"num_format": "$#,##0.00", "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "valign": "top"},
}


def workbook(report: Report, at: datetime) -> bytes:
    """An .xlsx file. Text is written as text, whatever it begins with; nothing in it is a formula or a link."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, NO_FORMULAS) as book:
        book.set_properties({"title": report.title, "created": at.replace(tzinfo=None)})
        looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        _about(book.add_worksheet("About"), report, looks)
        for one in report.sheets:
            _table(book.add_worksheet(one.name), one, looks)
    return out.getvalue()


def _about(page: Any, report: Report, looks: dict[str, Any]) -> None:
    page.set_column(0, 0, 22)
    page.set_column(1, 1, 100)
    page.write_string(0, 0, _short(report.title), looks["title"])
    pairs = [("Question", report.question), *[("Answer", one) for one in report.answer]]
    pairs += [*report.about, *report.sample, *report.origin, ("Patients", report.privacy)]
    pairs += [("It does not say", one) for one in report.limits]
    pairs += [(one.name, f"{one.question} {one.answer}".strip()) for one in report.sheets]
    for row, (name, text) in enumerate(pairs, start=2):
        page.write_string(row, 0, _short(name), looks["name"])
        page.write_string(row, 1, _short(text), looks["text"])


def _table(page: Any, one: Sheet, looks: dict[str, Any]) -> None:
    page.freeze_panes(1, 0)
    for place, (column, width) in enumerate(zip(one.columns, _widths(one), strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, column.heading, looks["head"])
    for row, cells in enumerate(one.rows, start=1):
        for place, column in enumerate(one.columns):
            _cell(page, (row, place), cells[column.name], column.kind, looks[column.kind])


def _cell(page: Any, place: tuple[int, int], value: Any, kind: Kind, look: Any) -> None:
    if value is None:
        page.write_blank(*place, None, look)
    elif kind == "date":
        page.write_datetime(*place, datetime.combine(value, datetime.min.time()), look)
    elif kind == "text":
        page.write_string(*place, _short(value), look)
    else:
        page.write_number(*place, value, look)


def _widths(one: Sheet) -> list[int]:
    written = [[len(in_words(row[column.name], column.kind)) for row in one.rows[:1000]] for column in one.columns]
    return [min(WIDEST, max(10, len(column.heading) + 2, *lengths, 0) + 2)
            for column, lengths in zip(one.columns, written, strict=True)]  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (cut)"
