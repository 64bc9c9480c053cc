"""Run an audit, step by step: screen the claims, freeze who of them is reviewed, draw the seed."""

from __future__ import annotations

import streamlit as st

from audit.auditing import screening
from audit.figures import results
from audit.model import OPENERS
from pages.parts import who
from pages.parts.audit_frozen import show_frozen
from pages.parts.audit_steps import choose_claims, choose_sample
from pages.parts.headings import heading
from pages.parts.pick_audit import pick_audit
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.unbilled_notes import show_unbilled
from pages.parts.words import day, moment, number

AUDITS = {"name": "audit", "chosen": "claims reviewed", "frozen": "frozen on", "state": "state", "claims": "claims"}

person = who.require(*OPENERS)
st.title("Run an audit", anchor=False)
all_audits = results.overview(engine())
audit_id = pick_audit(all_audits, "Audit", first=None, without="A new audit")
run_id = st.query_params.get("run", "")
if audit_id is not None:
    show_frozen(audit_id, person)
elif run_id.isdigit():
    choose_sample(int(run_id), person)
else:
    choose_claims(person)

show_unbilled()
heading("All audits")
if all_audits.empty:
    st.text("There is no audit yet.")
else:
    show_rows(all_audits.assign(frozen=all_audits["frozen_at"].map(day)), AUDITS, "", whole=("frozen", "state"))
for run in screening.unplanned(engine()).to_dict("records"):
    label = f"Screened on {moment(run['finished_at'])}: {number(run['claims'], 'claim')}, none chosen for review yet"
    if st.button(label, type="tertiary", key=f"run_{run['id']}", disabled=str(run["id"]) == run_id):
        st.query_params.from_dict({"run": str(run["id"])})
        st.rerun()
