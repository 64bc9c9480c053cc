"""Denials: what payers took off, which findings had foretold it, and what no rule saw."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from audit import denials
from audit.access.gate import utc_now
from audit.model import OPENERS
from pages.parts import denial_parts, who
from pages.parts.headings import small
from pages.parts.markup import element, show
from pages.parts.store import engine

QUARTER = timedelta(days=90)
"""What is shown at first: a year of a large clinic takes a while to read."""
WHAT = (
    "Denied: an amount that a payer took off, that the patient does not owe and that is no matter of price, in dollars "
    "charged. The last answer counts that was not reversed. A finding on a denied line need not be the payer's reason."
)

person = who.require(*denials.READERS)
st.title("Do our rules foresee what payers deny?", anchor=False)
last = denials.last_answer(engine()) or utc_now().date()
first, second = st.columns(2)
since = first.date_input("Answered from", last - QUARTER, format="YYYY-MM-DD", key="since")
until = second.date_input("Answered to", last, format="YYYY-MM-DD", key="until")
found = denials.denials(engine(), since=since, until=until)
show(element("p", found.sentence, name="cs-answer"))
if not found.answered:
    if person.role in OPENERS:
        st.page_link("pages/audits/load.py", label="Load 835 files")
    st.stop()
small(WHAT)
denial_parts.foretold(found)
denial_parts.unseen(found)
denial_parts.lines(found)
