"""One claim: the record on the left, what was billed and the finding to decide on the right."""

from __future__ import annotations

import streamlit as st

from audit import worklist
from audit.evidence import Decided, Evidence, decided, evidence
from audit.store.database import read
from pages.parts import claim_actions, claim_evidence, claim_findings, claim_units, who
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day, dollars

person = who.require("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")


def _evidence_of(claim: int) -> Evidence:
    """The record of the open claim, kept for this session's next keys on it."""
    held = st.session_state.get("evidence")
    if held is None or held[0] != claim:
        st.session_state["evidence"] = held = (claim, evidence(engine(), claim))
    return held[1]


def _head(now: Decided) -> None:
    claim = now.claim
    done = worklist.counts(engine())
    total = sum(done.values())
    reviewed = total - sum(done[view] for view in ("to_review", "on_hold", "sent_back", "stale"))
    says = [
        claim["payer_name"] or claim["payer_id"],
        f"service {day(claim['service_date'])}",
        f"rendering {claim['rendering_name'] or claim['rendering_npi']}",
        f"charge {dollars(claim['charge_amount'])}",
    ]
    show(
        element(
            "div",
            element("h1", f"Claim {claim['claim_id']}"),
            *[element("span", text) for text in says],
            element("span", f"{reviewed} of {total} reviewed", name="cs-push cs-quiet"),
            name="cs-head",
        )
    )


chosen = st.query_params.get("claim", "")
following = int(chosen) if chosen.isdigit() else worklist.next_claim(engine(), "to_review")
if following is None:
    st.info("No claim waits for review. Run an audit to choose claims.")
    st.stop()
st.query_params["claim"] = str(following)
with read(engine()) as connection:
    now = decided(connection, following, person.id)
claim_actions.take(now, person)
if said := st.session_state.pop("said", None):
    st.toast(said)
_head(now)
left, right = st.columns([5, 6], gap="large")
record = _evidence_of(following)
waiting, all_of = now.undecided, len(now.findings) - len(now.untestable)
open_finding = waiting.to_dict("records")[0] if len(waiting) else None
with left:
    claim_evidence.show_record(record, claim_findings.rests_on(open_finding, record))
with right:
    claim_units.show_units(record)
    if open_finding:
        claim_findings.show_finding(open_finding, f"Finding {all_of - len(waiting) + 1} of {all_of}", record)
    elif all_of == 0:
        show(element("p", "No rule found anything on this claim.", name="cs-clean"))
    claim_findings.show_verdicts(now)
    claim_findings.show_untestable(now)
if refused := st.session_state.pop("refused", None):
    st.error(refused)
claim_actions.show_actions(now, person)
