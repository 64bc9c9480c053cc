"""Warnings and notes of one rule decided alike, after a look at them."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.reviewing import bulk, review
from audit.reviewing.review_rights import REVIEWERS
from audit.rules import rule_book
from pages.parts import who, work
from pages.parts.headings import small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day, number, severity

PREVIEW = {"claim_id": "claim", "service": "service", "severity": "severity", "observed": "found", "because": "why"}

person = who.require(*REVIEWERS)
who_and_when = {"account_id": person.id, "at": utc_now()}
st.title("Decide together", anchor=False)
small("Only warnings and notes, of one rule, with one reason. Errors are looked at one by one.")
if said := st.session_state.pop("together", None):
    st.success(said)
waiting = bulk.waiting(engine(), **who_and_when)
if waiting.empty:
    st.info("No warning or note waits for a verdict.")
    st.stop()
names = {
    int(one["finding_id"]): f"{one['rule']} {severity(one['severity'])} · {number(one['findings'], 'finding')}"
    for one in waiting.to_dict("records")
}
first = st.selectbox("Rule", list(names), format_func=names.get)
found = bulk.alike(engine(), int(first), **who_and_when)
rule = rule_book().get(found["rule"].iloc[0]) if len(found) else None
if rule:
    st.text(rule.title)
show_rows(found.assign(service=found["service_date"].map(day)), PREVIEW, "What would be decided", whole=("service",))
verdict = st.radio(
    "Verdict", ["dismiss", "agree"], horizontal=True, format_func={"dismiss": "Dismiss", "agree": "Agree"}.get
)
reason = st.selectbox("Reason", list(review.REASONS), format_func=review.REASONS.get) if verdict == "dismiss" else ""
text = st.text_input("In words", key="together_text")
if st.button(f"Give {number(len(found), 'finding')} this verdict", type="primary", disabled=found.empty):
    ids, say = found["finding_id"].tolist(), {"kind": verdict, "reason": reason or "", "text": text, **who_and_when}
    if made := work.attempt(lambda: bulk.decide_alike(engine(), ids, **say)):
        st.session_state["together"] = f"{number(len(made), 'verdict')} recorded. Each can be taken back on its claim."
        st.rerun()
