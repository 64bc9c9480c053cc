"""The steps of an audit: which claims, who of them is reviewed, the seed. What is frozen is only shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.auditing import audits, plans, running, screening
from audit.figures import last_period
from audit.sampling import Frame
from audit.store.database import read
from pages.parts import work
from pages.parts.headings import heading
from pages.parts.markup import element, show
from pages.parts.pick_audit import open_audit
from pages.parts.store import engine


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
            lambda step: running.screen(engine(), **who, **choice, progress=step),
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
    heading("2. What do you want to know?")
    kind, limit = _question()
    pace = plans.measured_pace(engine())
    with read(engine()) as connection:
        frame = work.attempt(lambda: audits.frame_of(connection, run_id, kind))
    before = last_period.expected(engine(), kind, limit)
    offered = frame and work.attempt(
        lambda: plans.offer(frame, kind, _size(frame, kind, before), pace, limit=limit, expected=before)
    )
    if not offered:
        return
    show(element("p", element("strong", offered.effort)), element("p", offered.promise))
    if not offered.claims:
        st.text("No claim is flagged. A sample looks at claims all the same.")
    if earlier := len(frame.rows) - frame.size:
        st.text(f"{earlier:,} claims were drawn in an earlier sample and are left out: the answer is about the others.")
    show_fixed({"Frame SHA-256": offered.frame.sha256})
    _freeze(run_id, offered, person)


def _question() -> tuple[str, float]:
    """The kind of plan and the limit, as fractions."""
    question = st.radio(
        "What do you want to know?", list(plans.QUESTIONS), format_func=plans.QUESTIONS.get,
        label_visibility="collapsed", key="question",
    )  # fmt: skip
    ways = plans.WAYS[question]
    kind = next(iter(ways))
    if len(ways) > 1:
        name = {one: audits.KINDS[one].capitalize() for one in ways}
        kind = st.radio("How?", list(ways), format_func=name.get, captions=list(ways.values()), key=f"way_{question}")
    if question == plans.FLAGGED_KIND:
        return kind, 0.05
    return kind, st.number_input("Limit, claims in error in 100", 0.5, 50.0, 5.0, 0.5, width=260) / 100


def _size(frame: Frame, kind: str, before: plans.Expected | None) -> int:
    """How many claims; where a width is wanted, the number that it takes is said beside it."""
    if kind in plans.FIXED_SIZE:
        return 0
    label = {"each": "Claims of each therapist", "watched": "Reviews at most"}.get(kind, "Claims to review")
    number = st.number_input(
        label, 1, plans.most(frame, kind), plans.usual_size(frame, kind), width=260, key=f"size_{kind}"
    )
    if kind in plans.WAYS["size"]:
        wanted = plans.size_for(frame, kind, expected=before)
        st.caption(f"{wanted:,} claims are foreseen to tell it within 3 in 100 either way.")
    return number


def taken(done: int) -> str:
    """How far the claims of an audit are put before the reviewers."""
    return f"{done:,} claims in the worklist" if done else "Freezing the frame and taking its claims …"


def _freeze(run_id: int, offered: plans.Offer, person: Account) -> None:
    name = st.text_input("Name of this audit", placeholder=f"Run {run_id}", max_chars=200)
    label = "Freeze plan" if offered.plan else "Freeze: every flagged claim"
    if st.button(label, type="primary", disabled=not offered.claims):
        who = {"account_id": person.id, "at": utc_now()}
        audit_id = work.attempt_long(
            lambda step: audits.open_audit(engine(), run_id, name=name, plan=offered.plan, progress=step, **who), taken
        )
        if audit_id is not None:
            open_audit(audit_id)
            st.rerun()


def show_fixed(values: Mapping[str, str]) -> None:
    """Hashes and seed, to be compared letter by letter."""
    show(*[element("div", f"{what} ", element("code", value), name="cs-small") for what, value in values.items()])
