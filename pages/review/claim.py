"""One claim: the record on the left, what was billed and the finding to decide on the right."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.feedback import on_claim
from audit.reviewing import worklist
from audit.reviewing.evidence import decided, inputs
from audit.reviewing.review import REVIEWERS
from audit.store.database import read
from pages.parts import claim_actions, claim_findings, who
from pages.parts.claim_evidence import course, minutes, notes
from pages.parts.claim_head import show_head
from pages.parts.claim_open import open_now
from pages.parts.claim_sheet import read_ahead, sheet_of
from pages.parts.claim_units import units
from pages.parts.feedback_said import with_therapist
from pages.parts.markup import show
from pages.parts.minutes import by_person
from pages.parts.signing import ended, following
from pages.parts.since_corrected import since
from pages.parts.store import engine
from pages.parts.work import plain

person = who.require("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")


def _asked_for() -> int | None:
    chosen = st.query_params.get("claim", "")
    if chosen.isdigit():
        return int(chosen)
    me = person.id if person.role in REVIEWERS else None
    return worklist.next_claim(engine(), "to_review", account_id=me, at=utc_now())


ended()
claim = _asked_for()
if claim is None:
    st.info("No claim waits for review. Run an audit to choose claims.")
    st.stop()
st.query_params["claim"] = str(claim)
with read(engine()) as connection:
    now, seen = decided(connection, claim, person.id), inputs(connection)
    answers = on_claim.said_on(connection, claim, person.id)
if said := st.session_state.pop("said", None):
    st.toast(said)
show_head(now)
holds = claim_actions.take(now, person)
sheet = sheet_of(claim, seen)
record = sheet.evidence
waiting = now.undecided.head(1).to_dict("records")
finding = waiting[0] if waiting and now.stage else None
left, right = st.columns([5, 6], gap="large")
with left:
    rests_on = claim_findings.rests_on(finding, record)
    show(
        *sheet.once("minutes", lambda: minutes(record)),
        *sheet.once(("notes", *rests_on), lambda: notes(record, rests_on)),
    )
    show(*sheet.once("course", lambda: course(record)))
with right:
    show(*sheet.once("units", lambda: units(record)))
    if corrected := sheet.once("since", lambda: since(now.claim)):
        show(*corrected)
    people = sheet.once("people", lambda: [by_person(record.shares)])
    told = with_therapist(answers.get(("finding", int(finding["id"])))) if finding else []
    show(*open_now(now, finding, record), *told, *people, *claim_findings.verdicts(now, answers))
    show(*sheet.once(("untestable", *now.untestable["id"]), lambda: claim_findings.untestable(now)))
if refused := st.session_state.pop("refused", None):
    st.error(plain(refused))
claim_actions.show_actions(now, person, record, holds)
if holds:
    read_ahead(sheet, lambda: following(now))
