"""Overpayments: what was paid too much, when it has to go back, and what was done about it."""

from __future__ import annotations

import streamlit as st

from audit import overpayments
from audit.access.gate import utc_now
from pages.parts import overpayment_parts, who
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.store import engine

RULE = (
    "Medicare: report and return within 60 days of the day it is identified, that is known, or not known by reckless "
    "disregard; since 2025 also when the amount is not worked out yet. A good-faith investigation of related "
    "overpayments suspends this for up to 180 days from that day (42 CFR 401.305). Medicaid: 60 days "
    "by statute; other payers have their contracts: read the dates there as a guide."
)

person = who.require(*overpayments.READERS)
today = utc_now().date()
st.title("Is anything to be paid back, and by when?", anchor=False)
found = overpayments.log(engine(), today)
show(element("p", overpayments.totals(found, today), name="cs-answer"))
if found:
    overpayment_parts.show_log(found)
small(RULE)
waiting = overpayments.to_enter(engine())
heading("Overbilling that was upheld: was it paid?")
if waiting.empty:
    st.text("No reviewed claim with upheld overbilling waits for an entry.")
else:
    overpayment_parts.show_waiting(waiting)
if person.role in overpayments.KEEPERS and (found or len(waiting)):
    heading("Enter what happened")
    overpayment_parts.enter(found, waiting, person)
if found:
    overpayment_parts.show_history(found, person)
