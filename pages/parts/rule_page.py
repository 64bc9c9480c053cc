"""One rule for people: what it finds, why, what to do, its cases, sources and facts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audit.rule_pages import FactTable, RulePage
from audit.rules import Rule
from pages.parts.headings import heading
from pages.parts.markup import Markup, element, show
from pages.parts.rows import show_rows
from pages.parts.words import day, number, severity

CASES = {"case": "a visit in which", "finds": "the rule finds"}
SOURCES = {"title": "source", "citation": "where", "evidence": "what it rests on"}
FACTS = {"what": "facts", "covers": "dates of service covered", "age": "age", "evidence": "what they rest on"}


def mark(rule: Rule) -> Markup:
    return element("span", severity(rule.severity), name=f"cs-mark-{rule.severity}")


def show_rule(page: RulePage, record: str) -> None:
    """`record`: how often reviewers here upheld it, in words."""
    rule = page.rule
    st.title(rule.code, anchor=False)
    heading(rule.title)
    show(element("p", mark(rule), f" · {rule.state} · looks at {page.grain}"))
    for part, text in (("Why it matters", rule.why), ("What to do", rule.what_to_do), ("In this practice", record)):
        show(element("p", element("strong", f"{part}: "), text[:1].upper() + text[1:]))
    show_rows(pd.DataFrame(page.sources, columns=list(SOURCES)), SOURCES, "Sources")
    show_rows(pd.DataFrame([_fact(table) for table in page.facts]), FACTS, "Facts it may rest on")
    if page.cases:
        show_rows(pd.DataFrame(page.cases, columns=list(CASES)), CASES, "Cases it is held to")
    else:
        st.warning("Its worked cases are not written yet.")


def _fact(table: FactTable) -> dict[str, str]:
    known = table.coverage
    start = day(known.covers_from) or "always"
    age = f"▲ ended {day(table.ended)}; renew {known.refresh}" if table.ended else f"current; renew {known.refresh}"
    evidence = "; ".join(f"{number(rows, 'row')} {words}" for words, rows in table.evidence.items())
    covers = f"{start} to {day(known.covers_to) or 'open'}"
    return {"what": f"{known.what[:1].upper()}{known.what[1:]}", "covers": covers, "age": age, "evidence": evidence}
