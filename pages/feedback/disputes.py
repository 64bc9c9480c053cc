"""Disputes: what therapists dispute or appeal, to be ruled on; and released claims that an accepted dispute undid."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.feedback import rulings
from audit.feedback.rights import RULERS
from pages.parts import who
from pages.parts.feedback_ruling import show_dispute
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day, number

OTHERS = {"claim_id": "claim", "therapist": "therapist", "rule": "rule", "due": "due", "cannot": "why not you"}
CORRECT = {"claim_id": "claim", "version": "version released", "rule": "rule", "reason": "ruling", "on": "ruled on"}

person = who.require(*RULERS)
st.title("Disputes", anchor=False)
small(
    "A doctor of OT rules on a dispute; a manager rules on an appeal, and that is final. Nobody rules on their own "
    "verdict or their own claim. An accepted dispute adds a decision that reverses the verdict: the claim goes back to "
    "its reviewer."
)
if said := st.session_state.pop("ruled", None):
    st.success(said)
waiting = rulings.waiting(engine(), viewer=person.id, at=utc_now())
yours = waiting[waiting["cannot"] == ""]
late = int(yours["overdue"].sum())
if yours.empty:
    st.info("No dispute waits for you.")
else:
    heading(f"{number(len(yours), 'dispute')} {'waits' if len(yours) == 1 else 'wait'} for you, {late:,} overdue")
for one in yours.to_dict("records"):
    show_dispute(one, person)
others = waiting[waiting["cannot"] != ""]
if len(others):
    heading("Waiting for others")
    told = others.assign(due=others["due_on"].map(day))
    show_rows(told, OTHERS, "Disputes that somebody else rules on")
heading("To correct after release")
listed = rulings.to_correct(engine(), person.id)
if listed.empty:
    small("No released claim rests on a verdict that a dispute reversed.")
else:
    small(
        "These were released before the dispute was accepted. Send the payer a corrected claim; it leaves this list "
        "when its new version is loaded."
    )
    show_rows(listed.assign(on=listed["ruled_at"].map(day)), CORRECT, "Released, and to be corrected")
