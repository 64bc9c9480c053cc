"""The worked example of a pattern on paper: minutes and units, or the components of an evaluation, then the lines as
billed beside the right way. It says what the page *Coding feedback* shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from audit.errors import StateError
from audit.evaluations import LEVEL_CODES, LEVEL_NAMES, Component, component_table
from audit.reviewing.evidence import Evidence, evidence
from audit.reviewing.proposal import billed
from audit.reviewing.worked import line_in_words, pooled_in_words, proposal, side_by_side
from audit.rules import Rule

REPLACED = "A newer version has replaced this claim: its minutes are no longer shown beside it."
Block = dict[str, Any]
"""A table of the template: caption, head, columns ("left", "wide", "right"), rows."""


def worked_example(engine: Engine, item: dict[str, Any], rule: Rule | None) -> Block:
    """`item`: `patterns.example_of`. `title`, `text` (sentences), `tables` and, under them, `after` (sentences)."""
    title = f"Worked example: claim {item['claim_id']}, visit of {_day(item['service_date'])}, {item['payer']}"
    said = [str(item["because"])] if item["because"] else []
    try:
        record = evidence(engine, int(item["claim_version_id"]))
    except StateError:
        return {"title": title, "text": [*said, REPLACED], "tables": [], "after": _own_words(item)}
    family = rule.family if rule else ""
    parts = record.components.get(int(item["line_number"] or 0)) if family == "evaluations" else None
    tables = [components(parts)] if parts else []
    after: list[str] = []
    if family in ("units", "modifiers"):
        tables += units(record)
    if family == "units":
        after += [pooled_in_words(one) for one in record.days.to_dict("records") if one["pooled"]]
    read = proposal(record, dict(item.items())) if item["rule"] else None
    if read is None:
        return {"title": title, "text": said, "tables": tables, "after": [*after, *_own_words(item)]}
    pairs = side_by_side(billed(record.lines), read)
    right = [[line_in_words(was), line_in_words(now)] for was, now in pairs]
    lines = _table("The claim's lines, by this finding alone", ["as billed", "as it should read"], right, "wide")
    lines["marked"] = [was != now for was, now in pairs]
    return {"title": title, "text": [*said, *after], "tables": [*tables, lines], "after": []}


def units(record: Evidence) -> list[Block]:
    """Documented against billed against supported, by code; none where nothing is documented or billed."""
    services = record.services[(record.services["units"] > 0) | record.services["in_note"]]
    if services.empty:
        return []
    rows = [[f"{one['service']} {one['label']}", *_counted(one)] for one in services.to_dict("records")]
    head = ["service", "documented", "units billed", "supported by total", "by midpoints"]
    return [_table("Documented against billed", head, rows, *["right"] * 4)]


def _counted(one: dict[Any, Any]) -> list[str]:
    """Minutes documented, units billed, units supported by total minutes and by midpoints."""
    minutes = "none" if not one["in_note"] else "not by code" if pd.isna(one["minutes"]) else f"{one['minutes']} min"
    if not one["in_pool"]:
        return [minutes, str(one["units"]), "not timed", "not timed"]
    if pd.isna(one["minutes"]):
        return [minutes, str(one["units"]), "–", "–"]
    total = str(one["least"]) if one["least"] == one["most"] else f"{one['least']} or {one['most']}"
    return [minutes, str(one["units"]), total, str(one["midpoint"])]


def components(parts: Sequence[Component]) -> Block:
    """What the note says of each component, and what each level asks; ✓ where it is reached, the one that limits."""
    rows = []
    for row in component_table(list(parts)):
        asked = [f"✓ {said}" if met else said for said, met in zip(row.asked, row.met, strict=True)]
        rows.append([f"{row.name}{' (limits)' if row.limits else ''}", row.said or "not stated", *asked])
    levels = [f"{code} ({LEVEL_NAMES[code]}) asks for" for code in LEVEL_CODES.values()]
    return _table("Components of the evaluation level", ["component", "the note says", *levels], rows, *["wide"] * 4)


def _own_words(item: dict[str, Any]) -> list[str]:
    said = [f"Billed or found: {item['observed'] or 'nothing'} · right way: {item['expected']}"]
    return (said if item["expected"] else []) + ([f"The reviewer wrote: {item['text']}"] if item["text"] else [])


def _table(caption: str, head: list[str], rows: list[list[str]], *kinds: str) -> Block:
    return {"caption": caption, "head": head, "columns": ["wide", *kinds], "rows": rows, "whole": True}


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
