"""A frozen audit: what was fixed, its seed, and all that a stranger needs to draw the same claims again."""

from __future__ import annotations

import streamlit as st

from audit import audits, results
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.sampling import Frame, Plan
from audit.store.database import read
from pages.parts import work
from pages.parts.audit_steps import show_fixed
from pages.parts.headings import heading
from pages.parts.rows import show_rows
from pages.parts.store import engine

STRATA = {"stratum": "stratum", "frame_size": "in the frame", "drawn": "drawn", "reviewed": "reviewed"}


def show_frozen(audit_id: int, person: Account) -> None:
    """Step 3 of a sample, or what was drawn. Nothing here can be edited."""
    with read(engine()) as connection:
        audit = audits.audit_of(connection, audit_id)
    heading(audit.name)
    if audit.plan:
        st.text(audit.plan.description)
    else:
        st.text("Every flagged claim of this screening is reviewed. This is no sample: it tells no error rate.")
    plan = {"Plan SHA-256": audit.plan.plan_sha256} if audit.plan else {}
    seed = {"Seed": audit.seed} if audit.seed else {}
    show_fixed({"Frame SHA-256": audit.frame.sha256, **plan, **seed})
    if audit.plan and not audit.seed:
        _draw(audit_id, person)
        return
    show_rows(results.results(engine(), audit_id).strata, STRATA, "Claims")
    st.page_link("pages/review/worklist.py", label="To the worklist")
    if audit.plan:
        with st.expander("Draw it again yourself"):
            _show_proof(audit.frame, audit.plan)


def _draw(audit_id: int, person: Account) -> None:
    heading("3. The seed")
    st.text("The plan is frozen. The seed is given once; it alone decides which claims are drawn.")
    own = st.text_input("A seed of your own, 20 digits or more (leave empty to have one drawn)", max_chars=80)
    if st.button("Use this seed" if own else "Draw the seed", type="primary"):
        seed = work.attempt(lambda: audits.draw_seed(engine(), audit_id, account_id=person.id, at=utc_now(), seed=own))
        if seed:
            st.rerun()


def _show_proof(frame: Frame, plan: Plan) -> None:
    st.text(
        "Sort the claims of each stratum by the SHA-256 of seed, comma, claim id; the first ones are the sample. "
        "The hash of each file is the one shown above."
    )
    with st.container(horizontal=True):
        st.download_button("Download the frame", frame.to_csv(), "frame.csv", "text/csv", on_click="ignore")
        st.download_button("Download the plan", plan.to_json(), "plan.json", "application/json", on_click="ignore")
