"""The rule book: all rules by family, and one page for each (`?rule=UNIT-01`)."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.figures.breakdowns import record_of_rule
from audit.rule_pages import families, page_of
from pages.parts import who, work
from pages.parts.headings import heading
from pages.parts.markup import element, show
from pages.parts.rule_page import mark, show_rule
from pages.parts.store import engine

person = who.require()
if code := st.query_params.get("rule"):
    if st.button("All rules", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    if page := work.attempt(lambda: page_of(code, utc_now().date())):
        show_rule(page, record_of_rule(engine(), page.rule.code))
    st.stop()

st.title("Rule book", anchor=False)
words = st.text_input("Search the rules", type="search", key="words", persist_state="page", placeholder="minutes CO")
found = families(words)
if not found:
    st.text("No rule holds these words.")
for family, rules in found.items():
    heading(family)
    lines = st.container(gap="xsmall")
    for rule in rules:
        line = lines.container(horizontal=True, vertical_alignment="center")
        if line.container(width=80).button(f":primary[**{rule.code}**]", type="tertiary", key=rule.code):
            st.query_params["rule"] = rule.code
            st.rerun()
        with line.container(width=165):
            show(element("span", mark(rule), f" · {rule.state}"))
        with line.container(width="stretch"):
            show(element("span", rule.title))
