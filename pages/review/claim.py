"""One claim: the record on the left, what was billed and the finding to decide on the right."""

from __future__ import annotations

import streamlit as st

from audit import worklist
from audit.access.gate import utc_now
from audit.evidence import Evidence, decided, evidence
from audit.review import REVIEWERS
from audit.store.database import read
from pages.parts import claim_actions, claim_evidence, claim_findings, claim_units, who
from pages.parts.claim_head import show_head
from pages.parts.claim_open import show_open
from pages.parts.markup import show
from pages.parts.minutes import by_person
from pages.parts.store import engine
from pages.parts.work import plain

person = who.require("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")


def _evidence_of(claim: int) -> Evidence:
    """The record of the open claim, kept for this session's next keys on it."""
    held = st.session_state.get("evidence")
    if held is None or held[0] != claim:
        st.session_state["evidence"] = held = (claim, evidence(engine(), claim))
    return held[1]


def _asked_for() -> int | None:
    chosen = st.query_params.get("claim", "")
    if chosen.isdigit():
        return int(chosen)
    me = person.id if person.role in REVIEWERS else None
    return worklist.next_claim(engine(), "to_review", account_id=me, at=utc_now())


claim = _asked_for()
if claim is None:
    st.info("No claim waits for review. Run an audit to choose claims.")
    st.stop()
st.query_params["claim"] = str(claim)
with read(engine()) as connection:
    now = decided(connection, claim, person.id)
if said := st.session_state.pop("said", None):
    st.toast(said)
show_head(now)
holds = claim_actions.take(now, person)
record = _evidence_of(claim)
finding = now.undecided.to_dict("records")[0] if len(now.undecided) and now.stage else None
left, right = st.columns([5, 6], gap="large")
with left:
    claim_evidence.show_record(record, claim_findings.rests_on(finding, record))
with right:
    claim_units.show_units(record)
    show_open(now, finding, record)
    if shares := by_person(record.shares):
        show(shares)
    claim_findings.show_verdicts(now)
    claim_findings.show_untestable(now)
if refused := st.session_state.pop("refused", None):
    st.error(plain(refused))
claim_actions.show_actions(now, person, record, holds)
