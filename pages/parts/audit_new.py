"""One button after loading: the rules over what no run has judged yet, then the choice of what people review."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.auditing import running, screening
from pages.parts import work
from pages.parts.headings import small
from pages.parts.store import engine
from pages.parts.words import number


def show_audit(person: Account, *, first: bool) -> None:
    """`first`: it is what the person wants next."""
    waiting = screening.unjudged(engine())
    if waiting.claims:
        told = number(waiting.claims, "claim")
        label = f"Audit all {told} together" if waiting.again else f"Audit what is new: {told}"
        if waiting.again:
            small(f"{waiting.again.capitalize()}.")
        if st.button(label, type="primary" if first else "secondary", key="audit_new"):
            run_id = work.attempt_long(
                lambda step: running.screen_new(engine(), account_id=person.id, at=utc_now(), progress=step),
                lambda done: f"{done} rules done" if done else "Reading the claims and their notes …",
            )
            if run_id is not None:
                st.switch_page("pages/audits/run.py", query_params={"run": str(run_id)})
    elif screening.population(engine()).claims:
        st.text("All loaded claims are screened.")
        unplanned = screening.unplanned(engine())
        newest = {} if unplanned.empty else {"run": str(unplanned["id"].iloc[0])}
        st.page_link("pages/audits/run.py", label="Choose what people review", query_params=newest)
