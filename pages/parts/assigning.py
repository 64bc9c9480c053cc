"""Claims of the shown page given to a person, with the day they are due. Keeps nobody out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.reviewing import leases
from audit.reviewing.review_rights import ASSIGNERS, REVIEWERS
from pages.parts import work
from pages.parts.store import engine
from pages.parts.words import number

NOBODY = 0


def offer(person: Account, rows: pd.DataFrame) -> None:
    """Managers, administrators and second hands give claims to anyone who reviews; a reviewer takes them."""
    if person.role not in (*ASSIGNERS, *REVIEWERS):
        return
    if said := st.session_state.pop("assigned", None):
        st.toast(said)
    names = dict(zip(rows["claim_version_id"].map(int), rows["claim_id"], strict=True))
    people = leases.assignable(engine()) if person.role in ASSIGNERS else {person.id: person.name}
    people |= {NOBODY: "nobody"} if person.role in ASSIGNERS else {}
    with st.expander("Assign claims of this page"), st.form("assign", border=False):
        chosen = st.multiselect("Claims", list(names), format_func=names.get, placeholder="choose claims")
        to = st.selectbox("To", list(people), format_func=people.get)
        due = st.date_input("Due", None, min_value=utc_now().date(), format="YYYY-MM-DD")
        if st.form_submit_button("Assign", type="primary") and chosen:
            given = {"to": to or None, "account_id": person.id, "at": utc_now(), "due_on": due}
            if done := work.attempt(lambda: leases.assign(engine(), chosen, **given)):
                st.session_state["assigned"] = f"{number(done, 'claim')} assigned to {people[to]}."
                st.rerun()
