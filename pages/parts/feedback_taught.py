"""What was taught about a rule, by whom, and whether it worked; and the form to record more of it."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.feedback import education
from audit.feedback.patterns import Pattern
from audit.feedback.rights import TEACHERS
from audit.rules import rule_book
from pages.parts import work
from pages.parts.feedback_kept import kept
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day


def show_taught(npi: str, person: Account, found: list[Pattern]) -> None:
    heading("What was taught, and whether it worked")
    given = education.given(engine(), npi, viewer=person.id)
    told = kept("feedback_effects", npi, lambda: education.effects(engine(), npi, given, viewer=person.id))
    if given.empty:
        small("Nothing is recorded yet.")
    for one in given.to_dict("records"):
        effect = told[int(one["id"])]
        with st.container(border=True):
            show(
                element("p", f"{one['rule']} · {day(one['taught_on'])} · {one['by']}", name="cs-small"),
                element("h3", one["title"], name="cs-title"),
                element("p", one["text"]),
                element("p", element("strong", effect.sentence)),
                element("p", effect.screened, name="cs-small cs-quiet"),
            )
    if person.role in TEACHERS:
        _form(npi, person, found)


def _form(npi: str, person: Account, found: list[Pattern]) -> None:
    book = rule_book()
    first = [code for code in dict.fromkeys(one.rule for one in found) if code in book]
    rules = [*first, *[code for code in book if code not in first]]
    with st.expander("Record what was taught"), st.form("teach", clear_on_submit=True, border=False):
        rule = st.selectbox("Rule", rules, format_func=lambda code: f"{code} · {book[code].title}")
        text = st.text_area("What you told the therapist", max_chars=4000)
        on = st.date_input("On", utc_now().date(), format="YYYY-MM-DD")
        if st.form_submit_button("Record", type="primary"):
            said = {"rule": rule, "text": text, "taught_on": on, "account_id": person.id, "at": utc_now()}
            if work.attempt(lambda: education.teach(engine(), npi, **said)) is not None:
                st.session_state["feedback_said"] = "Recorded. Whether it works is told once enough claims are sampled."
                st.rerun()
