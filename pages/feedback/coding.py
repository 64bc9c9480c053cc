"""Coding feedback of one therapist: what went well, what was found by pattern, and the answer to each finding."""

from __future__ import annotations

import streamlit as st

from audit import exporting
from audit.access.gate import utc_now
from audit.feedback import items, patterns
from audit.model import STAFF
from audit.reviewing.review_rights import REVIEWERS
from pages.parts import feedback_answer, feedback_choice, feedback_patterns, feedback_practice, feedback_taught, who
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.work import plain

NOTHING = "No review is finished yet. Feedback is drawn from claims whose review is final."
NO_NPI = "Your account has no NPI, so no claim is known as yours. Ask an administrator to enter it on the page People."

person = who.require(*STAFF, "therapist")
st.title("Coding feedback", anchor=False)
choices = items.therapists(engine(), person.id)
if not choices:
    st.info(NO_NPI if person.role == "therapist" else NOTHING)
    if person.role in REVIEWERS:
        st.page_link("pages/review/worklist.py", label="Claims that wait for review")
    st.stop()
asked = st.query_params.get("therapist", person.npi)
npi = asked if asked in choices else next(iter(choices))
if len(choices) > 1:
    npi = feedback_choice.therapist(choices, npi)
st.query_params["therapist"] = npi
if st.session_state.get("feedback_seen") != npi:
    items.viewed(engine(), npi, account_id=person.id, at=utc_now())
    st.session_state["feedback_seen"] = npi
if said := st.session_state.pop("feedback_said", None):
    st.success(plain(said))

feedback = items.of_therapist(engine(), npi, viewer=person.id, at=utc_now())
own = person.npi == npi
show(element("p", patterns.in_short(feedback), name="cs-answer"))
feedback_answer.show_waiting(feedback, own=own)
if well := patterns.went_well(feedback):
    heading("What went well")
    show(element("ul", *[element("li", one.sentence) for one in well]))
found = patterns.patterns(feedback)
if len(feedback.reviewed):
    heading("What was found, by pattern")
    small(patterns.COUNTED if found else "Nothing that was upheld stands on these claims.")
for one in found:
    feedback_patterns.show_pattern(one, feedback, person, own=own)
feedback_answer.show_settled(feedback, found)
feedback_taught.show_taught(npi, person, found)
feedback_practice.show_practice(npi, person)
st.download_button(
    "Download as a letter",
    lambda: exporting.letter(engine(), npi, account_id=person.id, at=utc_now()).content,
    f"feedback-{npi}.pdf",
    "application/pdf",
    icon=":material/download:",
    on_click="ignore",
)
