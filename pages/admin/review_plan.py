"""The review plan: how many people a claim needs, and which second reviews are blind. A new plan follows the old."""

from __future__ import annotations

import streamlit as st

from audit.reviewing import review_plan
from audit.reviewing.review_rights import PLANNERS
from audit.store.database import read
from pages.parts import plan_form, who
from pages.parts.headings import heading, small
from pages.parts.markup import show, table
from pages.parts.store import engine
from pages.parts.words import moment

person = who.require(*PLANNERS)
st.title("Review plan", anchor=False)
small(
    "Every claim has one reviewer and is approved by another person. The plan says where two or three people review. "
    "It holds for claims on which nobody decided yet; the number of people on a claim never falls."
)
if said := st.session_state.pop("plan_set", None):
    st.success(said)
with read(engine()) as connection:
    now = review_plan.current(connection)
plan_form.show_rules(now, "In force")
heading("A new plan")
plan_form.new_plan(now, person)
heading("History")
made = review_plan.history(engine())
if made:
    rows = [[moment(at), by, plan_form.in_words(plan), reason] for at, by, reason, plan in made]
    show(table(["set", "by", "plan", "reason"], rows, caption="The newest first"))
else:
    small("No plan was set yet: one reviewer and one approver for every claim.")
