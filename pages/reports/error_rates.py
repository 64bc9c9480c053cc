"""Error rates: the question of an audit, its answer by claim, code or dollars, and what lies behind it."""

from __future__ import annotations

import streamlit as st

from audit.figures import results
from audit.figures.accuracies import Part
from audit.figures.drawn_lines import drawn_lines
from audit.model import OPENERS
from audit.reviewing.review_rights import REVIEWERS
from audit.reviewing.second_review import blind_open
from pages.parts import accuracy, rates, who
from pages.parts.export_dialog import export_button
from pages.parts.pick_audit import pick_audit
from pages.parts.rows import show_rows
from pages.parts.store import engine

STRATA = {"stratum": "stratum", "frame_size": "claims in the frame", "drawn": "drawn", "reviewed": "reviewed",
          "in_error": "in error"}  # fmt: skip

person = who.require("manager", "doctor_of_ot", "second_reviewer", "administrator", "auditor", "reviewer")
audits = results.overview(engine())
if audits.empty:
    st.title("Error rates", anchor=False)
    st.info("There is no audit yet. An error rate needs a random sample of claims that people have reviewed.")
    if person.role in OPENERS:
        st.page_link("pages/audits/run.py", label="Run an audit")
    st.stop()
place = st.container()
audit_id = pick_audit(audits, "Audit", first=results.first_to_show(audits))
now = results.results(engine(), audit_id)
lines = drawn_lines(engine(), now)
part, by = Part(), "claim"
hidden = person.role in REVIEWERS and blind_open(engine(), now.audit.id)
if now.estimate and not hidden:
    by, part = accuracy.choose_count(), accuracy.choose_part(lines)
place.title(now.question if by == "claim" else accuracy.QUESTIONS[by].format(limit=100 * now.limit), anchor=False)
if part == Part() and by == "claim":
    rates.show_answer(now)
else:
    accuracy.answer(now, lines, part, by)
export_button(now.audit.id, person)
if hidden:
    st.info("Blind second reviews are open: what was found on single claims is shown once they are in.")
elif now.strata["reviewed"].sum():
    accuracy.where(now, lines, part, by)
    accuracy.claims_behind(now, lines, part)
if part == Part():
    if now.strata["reviewed"].sum():
        rates.show_therapists(now)
        rates.show_months(now)
        rates.show_samples(now)
    rates.show_rules(now)
    show_rows(now.strata, STRATA, "Claims by stratum" if now.audit.plan else "Flagged claims")
    rates.show_agreement()
