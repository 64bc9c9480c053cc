"""One line a claim: a button with its id, and beside it what one needs to choose."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from audit.rules import rule_book
from pages.parts.claim_units import Row
from pages.parts.markup import Markup, element, show
from pages.parts.words import MARKS, day, dollars

WORDS = 6
TITLES = ("risk", "service", "due", "payer", "therapist", "found", "over", "under", "who has it")
NUMBERS = ("over", "under")


def show_claims(rows: pd.DataFrame, *, opens: bool = True) -> None:
    """`opens`: this person may look at claims."""
    with st.container(key="worklist"):
        _, line = st.columns([1, 8], vertical_alignment="center")
        with line:
            show(
                _grid(
                    *[element("span", title, name="n" if title in NUMBERS else "") for title in TITLES],
                    name="cs-quiet cs-small",
                )
            )
        for one in rows.to_dict("records"):
            _show_claim(one, opens)


def _show_claim(one: Row, opens: bool) -> None:
    number, line = st.columns([1, 8], vertical_alignment="center")
    if not opens:
        number.text(one["claim_id"])
    elif number.button(one["claim_id"], key=f"open_{one['claim_version_id']}", type="tertiary"):
        st.switch_page("pages/review/claim.py", query_params={"claim": str(one["claim_version_id"])})
    cells = [
        element("span", *_risk(one)),
        element("span", day(one["service_date"])),
        element("span", day(one["due_on"]) or "–"),
        element("span", one["payer"]),
        element("span", one["therapist"]),
        element("span", found_in_words(one["found"])),
        *[element("span", _dollars(one[f"dollars_{side}"]), name="n") for side in NUMBERS],
        element("span", who_has(one)),
    ]
    with line:
        show(_grid(*cells))


def _dollars(value: Any) -> str:
    return "–" if pd.isna(value) else dollars(value)


def _grid(*cells: Markup, name: str = "") -> Markup:
    return element("div", *cells, name=f"cs-row {name}")


def _risk(one: Row) -> list[Markup]:
    return [
        element("span", f"{MARKS[s]} {one[s + 's']} ", name=f"cs-mark-{s}")
        for s in ("error", "warning", "info", "untestable")
        if one[s + "s"]
    ] or [element("span", "clean", name="cs-quiet")]


def found_in_words(rules: str) -> str:
    """The most severe finding in a few words, and how many other rules found something."""
    if not rules:
        return "nothing found"
    first, *others = rules.split(", ")
    title = rule_book()[first].title.rstrip(".") if first in rule_book() else "a rule could not run"
    words = title.split()
    short = " ".join(words[:WORDS]) + ("…" if len(words) > WORDS else "")
    return f"{first} {short}" + (f" +{len(others)}" if others else "")


def who_has(one: Row) -> str:
    """Who is at work on it, else whose it is, else who signed first."""
    if one["holder"]:
        return f"▸ {one['holder']}"
    return str(one["assigned"] or one["first"] or "–")
