"""Rules measured: how often reviewers uphold each, why they dismiss, and what no rule finds."""

from __future__ import annotations

import streamlit as st

from audit.estimates.variation import ENOUGH
from audit.figures import results, rule_quality
from audit.reviewing.review import REASONS
from pages.parts import charts, who
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine

WHY = ("accepted", "does not apply", "evidence elsewhere", "read wrongly", "other")
COLUMNS = {"rule": "rule", "title": "what it finds", "decided": "decided", "upheld": "upheld",
           **dict(zip(REASONS, WHY, strict=True)), "says": "upheld of what is decided"}  # fmt: skip

who.require("manager", "doctor_of_ot", "second_reviewer", "administrator", "auditor", "reviewer")
st.title("Which rules should people look at again?", anchor=False)
found = rule_quality.rule_quality(engine())
st.text(found.sentence)
told = found.rows[found.rows["decided"] >= ENOUGH]
if len(told):
    st.plotly_chart(charts.rules_kept(told, rule_quality.WANTED), config=charts.BARE, alt=found.sentence)
if len(found.rows):
    show_rows(found.rows, COLUMNS, "Decided findings by rule", whole=["rule"])
small(
    f"Below {100 * rule_quality.WANTED:.0f} upheld in 100 (of {ENOUGH} or more) a rule is proposed for review. No rule "
    "is ever changed by what reviewers decide: people change it, with a version and a line in the changes."
)
heading("What do the rules miss?")
audits = results.overview(engine())
newest = results.first_to_show(audits) if len(audits) else None
share = rule_quality.sensitivity(engine(), results.results(engine(), newest)) if newest else None
st.text(rule_quality.sensitivity_in_words(share))
small("From the newest random sample: claims that no rule flagged are reviewed, too. Errors that a person saw and no "
      "rule found count as missed.")  # fmt: skip
