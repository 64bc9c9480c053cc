"""A frozen audit: what was fixed, its seed, and all that a stranger needs to draw the same claims again."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.auditing import audits
from audit.figures import dossier, results
from audit.model import OPENERS
from audit.store.database import read
from pages.parts import work
from pages.parts.audit_steps import show_fixed, taken
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.pick_audit import open_audit
from pages.parts.rates import show_evidence
from pages.parts.rows import show_rows
from pages.parts.store import engine

STRATA = {"stratum": "stratum", "frame_size": "in the frame", "drawn": "drawn", "reviewed": "reviewed"}
EXTENSION = 100
"""Claims that a watched sample is extended by at once."""


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
    now = results.results(engine(), audit_id)
    if now.watch:
        _watch(now, person)
    show_rows(now.strata, STRATA, "Claims")
    st.page_link("pages/review/worklist.py", label="To the worklist")
    if audit.plan:
        with st.expander("Draw it again yourself"):
            _show_proof(audit_id, person)


def _watch(now: results.Results, person: Account) -> None:
    """What the monitor knows, and the two things a manager may do about it."""
    show(element("p", now.sentence, name="cs-answer"))
    shown = now.watch
    show_evidence(shown)
    if now.stopped or person.role not in OPENERS:
        return
    who = {"account_id": person.id, "at": utc_now()}
    with st.container(horizontal=True):
        known = shown.verdict != "unknown"
        said = {"verdict": shown.verdict, "reviewed": shown.reviewed}
        label = "Stop: the answer is known" if known else "Stop without an answer"
        if st.button(label, type="primary" if known else "secondary"):
            work.attempt(lambda: audits.stop(engine(), now.audit.id, **said, **who))
            st.rerun()
        label = f"Extend by {EXTENSION}" if now.audit.plan.n < now.audit.frame.size else "Nothing left to extend by"
        if st.button(label, disabled=known or now.audit.plan.n >= now.audit.frame.size):
            made = work.attempt(lambda: audits.extend(engine(), now.audit.id, by=EXTENSION, **who))
            if made:
                open_audit(made)
                st.rerun()


def _draw(audit_id: int, person: Account) -> None:
    heading("3. The seed")
    st.text("The plan is frozen. The seed is given once; it alone decides which claims are drawn.")
    own = st.text_input("A seed of your own, 20 digits or more (leave empty to have one drawn)", max_chars=80)
    if st.button("Use this seed" if own else "Draw the seed", type="primary"):
        who = {"account_id": person.id, "at": utc_now()}
        seed = work.attempt_long(
            lambda step: audits.draw_seed(engine(), audit_id, seed=own, progress=step, **who),
            taken,
        )
        if seed:
            st.rerun()


def _show_proof(audit_id: int, person: Account) -> None:
    st.text(
        "Sort the claims of each stratum by the SHA-256 of seed, comma, claim id; the first ones are the sample. "
        "The dossier holds the frame, the plan, the drawn claims with their reviews, and all of it on paper; "
        "countersign verify-sample draws it again."
    )
    if person.role not in dossier.EXPORTERS:
        small("A manager or administrator downloads it: it holds the verdict on each claim.")
        return
    st.download_button(
        "Download the dossier",
        lambda: dossier.export(engine(), audit_id, account_id=person.id, at=utc_now()),
        f"audit-{audit_id}.zip",
        "application/zip",
        on_click="ignore",
    )
