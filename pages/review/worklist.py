"""The worklist: claims under review in saved views, a page at a time."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.model import OPENERS, Role
from audit.reviewing import worklist
from audit.reviewing.review_rights import APPROVERS
from pages.parts import who
from pages.parts.assigning import offer
from pages.parts.headings import small
from pages.parts.store import engine
from pages.parts.worklist_rows import show_claims
from pages.parts.worklist_views import ALWAYS, choose_filters, joined, numbers, views

SIZE = 25
LOOKERS: tuple[Role, ...] = ("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")
person = who.require(*LOOKERS, "administrator")

st.title("Worklist", anchor=False)
every = views(person)
tabs = st.container()
filters, order = choose_filters()
counts = numbers(every, filters)
usual = next((one for one in ("second", "ready") if person.role in APPROVERS and counts[one]), "to_review")
asked = st.query_params.get("view", usual)
shown = [name for name in every if counts[name] or name in ALWAYS or name == asked]
chosen = tabs.segmented_control(
    "View",
    shown,
    format_func=lambda name: f"{every[name].name} {counts[name]:,}",
    default=asked if asked in shown else usual,
    required=True,
    label_visibility="collapsed",
)
st.query_params["view"] = chosen
view = every[chosen]
if not counts[chosen]:
    st.info(view.empty if filters == worklist.Filters() else "No claim of this view fits the filters.")
    if person.role in OPENERS and chosen == "to_review":
        st.page_link("pages/audits/run.py", label="Run an audit")
    st.stop()
pages = -(-counts[chosen] // SIZE)
page = st.pagination(pages, key=f"page_{chosen}_{hash(filters)}_{order}") if pages > 1 else 1
found = worklist.worklist(
    engine(),
    view.state,
    at=utc_now(),
    filters=joined(view, filters),
    order=order or view.order,
    page=page,
    size=SIZE,
)
show_claims(found.rows, opens=person.role in LOOKERS)
small(
    "Over, under: dollars the bill is too high or too low by, Medicare's at national rates, before locality; – unknown."
)
offer(person, found.rows)
