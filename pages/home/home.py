"""Home: what waits for this person, and one button to go on."""

from __future__ import annotations

import streamlit as st

from audit import audits, results, worklist
from audit.model import OPENERS
from audit.review import REVIEWERS
from audit.sign_off import APPROVERS
from pages.parts import who
from pages.parts.markup import element, show
from pages.parts.store import engine

person = who.require()
st.title(f"Good day, {person.name}", anchor=False)
counts = worklist.counts(engine())
taken = audits.audits(engine())
if taken.empty:
    st.info("No audit is open yet. Load claims and notes, then run an audit.")
    if person.role in OPENERS:
        st.page_link("pages/audits/load.py", label="Load claims and notes")
    st.stop()

view = "ready" if person.role in APPROVERS and counts["ready"] else "to_review"
if person.role in REVIEWERS:
    waiting = counts[view] + (counts["sent_back"] if view == "to_review" else 0)
    says = "wait for approval" if view == "ready" else "wait for review"
    st.subheader(f"{waiting} claims {says}" if waiting else "Nothing waits for you", anchor=False)
    following = worklist.next_claim(engine(), view)
    if following and st.button("Continue reviewing", type="primary", shortcut="enter"):
        st.switch_page("pages/review/claim.py", query_params={"claim": str(following)})
shown = {"to_review": "To review", "returned": "Returned", "ready": "Ready to approve", "approved": "Approved"}
for column, (name, label) in zip(st.columns(len(shown)), shown.items(), strict=True):
    column.metric(label, counts[name], border=True)
now = results.results(engine(), results.first_to_show(results.overview(engine())))
st.subheader(now.question, anchor=False)
show(element("p", now.sentence, name="cs-answer"))
st.page_link("pages/reports/error_rates.py", label="All of the error rates")
