"""Home of who talks with therapists: disputes and answers due, and the two therapists to talk to, with the reason."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.feedback import rulings, talk
from pages.parts.headings import heading, small
from pages.parts.markup import element
from pages.parts.markup import show as show_markup
from pages.parts.store import engine
from pages.parts.words import number


def show(person: Account) -> None:
    """Nothing for who has no dispute to rule on and nobody to talk to."""
    waiting = rulings.waiting(engine(), viewer=person.id, at=utc_now())
    yours = waiting[waiting["cannot"] == ""]
    if len(yours):
        late = int(yours["overdue"].sum())
        heading(f"{number(len(yours), 'dispute')} {'waits' if len(yours) == 1 else 'wait'} for you, {late:,} overdue")
        st.page_link("pages/feedback/disputes.py", label="Rule on disputes")
    due = talk.answers_due(engine(), viewer=person.id, at=utc_now())
    if due.waiting:
        small(f"{number(due.waiting, 'finding')} {'waits' if due.waiting == 1 else 'wait'} for a therapist's answer, "
              f"{due.overdue:,} overdue.")  # fmt: skip
    to_talk = talk.to_talk_to(engine(), viewer=person.id) if person.role == "doctor_of_ot" else []
    if to_talk:
        heading("Talk to first")
    for one in to_talk:
        show_markup(element("p", element("strong", one.therapist), f": {one.why}"))
        about = {"therapist": one.npi}
        st.page_link("pages/feedback/coding.py", label=f"Feedback of {one.therapist}", query_params=about)
