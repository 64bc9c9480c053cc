"""A document without a visit: why it waits, the visits it may be of, or setting it aside."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.loading import documents
from audit.loading.linking import Visit
from audit.store.documents import Kept
from pages.parts import work
from pages.parts.headings import small
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day


def show_choice(one: Kept, person: Account) -> None:
    """What a person can do with it."""
    show(element("h2", "Which visit is it of?", name="cs-section"))
    why = documents.why(engine(), one)
    small(f"It waits because {why}." if one.held else f"It waits: {why}.")
    asked = st.text_input(
        "Look for another visit", placeholder="claim, patient number or date (YYYY-MM-DD)", key=f"asked_{one.id}"
    )
    offered = documents.candidates(engine(), one, asked)
    if offered:
        place = st.radio(
            "Visits, the likeliest first",
            range(len(offered)),
            None,
            lambda n: _named(offered[n]),
            key=f"visit_{one.id}_{asked}",
        )
        if st.button("Tie to this visit", type="primary", shortcut="t", disabled=place is None) and place is not None:
            row = offered[place]
            visit = Visit(row["patient_id"], row["service_date"], row["claim_id"])
            _do(lambda: documents.tie_by_hand(engine(), one.id, visit, account_id=person.id, at=utc_now()), "Tied")
    else:
        small("No claim on file is like it. Load its claim, or look for another one.")
    with st.form(f"aside_{one.id}", border=False):
        reason = st.text_input("Or set it aside: why", max_chars=documents.LONGEST_REASON)
        if st.form_submit_button("Set aside"):
            _do(lambda: documents.set_aside(engine(), one.id, reason, account_id=person.id, at=utc_now()), "Set aside")


def _do(act: Callable[[], None], said: str) -> None:
    if work.attempt(lambda: act() or True):
        st.session_state["said"] = said
        st.rerun()


def _named(row: dict[str, str]) -> str:
    """Plain in a label that reads Markdown."""
    told = f"{row['claim_id']} · {row['patient_name'] or row['patient_id']} · {day(row['service_date'])}"
    return work.plain(told)
