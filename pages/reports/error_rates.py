"""Error rates: is our claim error rate under the limit, and what lies behind the answer."""

from __future__ import annotations

import streamlit as st

from audit import breakdowns, results
from pages.parts import charts, who
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.pick_audit import pick_audit
from pages.parts.rows import show_rows
from pages.parts.store import engine

STRATA = {"stratum": "stratum", "frame_size": "claims in the frame", "drawn": "drawn", "reviewed": "reviewed",
          "in_error": "in error"}  # fmt: skip
RULES = {"rule": "rule", "title": "what it finds", "upheld": "upheld", "dismissed": "dismissed", "open": "open"}
GROUPS = {"says": "reviewed claims in error", "drawn": "claims drawn"}

person = who.require("manager", "doctor_of_ot", "second_reviewer", "administrator", "auditor", "reviewer")
audits = results.overview(engine())
if audits.empty:
    st.title("Error rates", anchor=False)
    st.info("There is no audit yet. An error rate needs a random sample of claims that people have reviewed.")
    st.stop()
place = st.container()
audit_id = pick_audit(audits, "Audit", first=results.first_to_show(audits))
now = results.results(engine(), audit_id)
place.title(now.question, anchor=False)
show(element("p", now.sentence, name="cs-answer"))
if now.estimate:
    st.plotly_chart(charts.interval(now.estimate, now.limit), config=charts.BARE, alt=now.interval)
small(f"{now.interval} Counted by claim: a claim is in error once, however many of its findings reviewers upheld.")
show_rows(now.strata, STRATA, "Claims by stratum")

if len(now.by_rule):
    heading("Which rules do reviewers uphold?")
    said = breakdowns.rules_in_words(now.by_rule)
    st.text(said)
    st.plotly_chart(charts.by_rule(now.by_rule), config=charts.BARE, alt=said)
    with st.expander("As a table"):
        show_rows(breakdowns.with_titles(now.by_rule), RULES, "Findings by rule")
if now.strata["reviewed"].sum():
    heading("When, and whose claims?")
    st.text(breakdowns.CAUTION)
    left, right = st.columns(2, gap="large")
    with left:
        show_rows(breakdowns.by_month(now.claims), {"group": "month of service", **GROUPS}, "By month")
    with right:
        show_rows(breakdowns.by_therapist(now.claims), {"group": "therapist", **GROUPS}, "By therapist")
