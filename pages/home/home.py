"""Home: what waits for this person, and one button to go on."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.auditing import audits
from audit.feedback.rights import RULERS
from audit.reaudit_table import SCHEDULERS
from audit.reviewing import worklist
from audit.reviewing.review_rights import REVIEWERS
from pages.parts import feedback_home, home_parts, who
from pages.parts.store import engine

person = who.require()
st.title(f"Good day, {person.name}", anchor=False)
if audits.audits(engine()).empty:
    home_parts.begin(person)
    st.stop()
if person.role in REVIEWERS:
    home_parts.waiting(person, worklist.counts(engine()))
if person.role == "administrator":
    home_parts.upkeep(utc_now().date())
if person.role in SCHEDULERS:
    home_parts.due(utc_now().date())
if person.role in RULERS:
    feedback_home.show(person)
home_parts.rate()
if person.role != "administrator":
    home_parts.backlog()
