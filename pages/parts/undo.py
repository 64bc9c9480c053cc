"""Undoing a load: what it means, why not, or the reason and the button."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.loading import undoing
from pages.parts import work
from pages.parts.store import engine


def show_undo(load_id: int, name: str, person: Account) -> None:
    with st.container(border=True):
        st.text(f"Undo the load of {name}")
        if why := undoing.why_not(engine(), load_id):
            st.warning(work.plain(why))
            return
        st.text(
            "All that it brought is taken out of sight, and what it replaced is in force again. Nothing is deleted: "
            "the trail keeps both. Screenings that saw it are no ground for an audit any more."
        )
        reason = st.text_input("Reason", max_chars=200, key=f"reason_{load_id}")
        sure = st.checkbox("Yes, undo it as a whole", key=f"sure_{load_id}")
        if st.button("Undo this load", disabled=not (reason.strip() and sure)):
            by = {"account_id": person.id, "at": utc_now()}
            if work.attempt(lambda: undoing.undo(engine(), load_id, reason=reason, **by)) is not None:
                st.session_state.pop("arrival", None)
                st.rerun()
