"""The steps of an audit: which claims, who of them is reviewed, the seed. What is frozen is only shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from audit import audits, plans, screening
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.store.database import read
from pages.parts import work
from pages.parts.headings import heading
from pages.parts.markup import element, show
from pages.parts.pick_audit import open_audit
from pages.parts.store import engine

WORTH = {
    "flagged": "Finds the most errors; tells nothing about the error rate.",
    "flag": "Tells the error rate of all claims, and reviews more of the flagged ones.",
    "simple": "Tells the error rate of all claims in the plainest way, most often with a wider range.",
}
USUAL = "flag"


def choose_claims(person: Account) -> None:
    """Step 1: dates and payers, then the rules over every claim that fits."""
    heading("1. Which claims are screened?")
    there = screening.population(engine())
    if not there.claims:
        st.info("No claims are loaded yet.")
        st.page_link("pages/audits/load.py", label="Load claims and notes")
        return
    first, last, whose = st.columns([1, 1, 2])
    choice: dict[str, Any] = {
        "from_date": first.date_input("First date of service", there.first, format="YYYY-MM-DD"),
        "to_date": last.date_input("Last date of service", there.last, format="YYYY-MM-DD"),
        "payer_ids": whose.multiselect(
            "Payers", list(there.payers), format_func=lambda one: f"{there.payers[one][0]} ({there.payers[one][1]:,})",
            placeholder="All payers",
        )
        or None,
    }  # fmt: skip
    number = screening.fitting(engine(), **choice)
    st.text(f"{number:,} of {there.claims:,} loaded claims fit.")
    if st.button("Run the rules", type="primary", disabled=not number):
        who = {"account_id": person.id, "at": utc_now()}
        run_id = work.attempt_long(
            lambda step: audits.screen(engine(), **who, **choice, progress=step),
            lambda done: f"{done} rules done" if done else "Reading the claims and their notes …",
        )
        if run_id is not None:
            st.query_params["run"] = str(run_id)
            st.rerun()


def choose_sample(run_id: int, person: Account) -> None:
    """Step 2: which of the screened claims people review. Ends with the plan frozen."""
    found = work.attempt(lambda: screening.outcome(engine(), run_id))
    if found is None:
        return
    heading("1. Screened")
    st.text(found.sentence)
    for pattern in screening.patterns(engine(), run_id):
        st.text(f"Noticed over many visits, on no single claim: {pattern}")
    if st.button("Screen other claims", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    heading("2. Which of them do people review?")
    kinds = list(audits.KINDS)
    kind = st.radio(
        "Which of them do people review?",
        kinds,
        kinds.index(USUAL),
        format_func=lambda one: audits.KINDS[one].capitalize(),
        captions=[WORTH[one] for one in kinds],
        label_visibility="collapsed",
    )
    with read(engine()) as connection:
        frame = audits.frame_of(connection, run_id)
    wanted = plans.usual_size(frame)
    if kind != "flagged":
        wanted = st.number_input("Claims to review", 1, frame.size, wanted, width=200)
    offered = work.attempt(lambda: plans.offer(frame, kind, wanted))
    if offered is None:
        return
    show(element("p", element("strong", offered.effort)), element("p", offered.promise))
    show_fixed({"Frame SHA-256": frame.sha256})
    name = st.text_input("Name of this audit", placeholder=f"Run {run_id}", max_chars=200)
    label = "Freeze plan" if offered.plan else "Freeze: every flagged claim"
    if st.button(label, type="primary", disabled=not offered.claims):
        who = {"account_id": person.id, "at": utc_now()}
        audit_id = work.attempt(lambda: audits.open_audit(engine(), run_id, name=name, plan=offered.plan, **who))
        if audit_id is not None:
            open_audit(audit_id)
            st.rerun()


def show_fixed(values: Mapping[str, str]) -> None:
    """Hashes and seed, to be compared letter by letter."""
    show(*[element("div", f"{what} ", element("code", value), name="cs-small") for what, value in values.items()])
