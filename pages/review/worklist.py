"""The worklist: claims under audit in saved views, the riskiest first."""

from __future__ import annotations

import streamlit as st

from audit import worklist
from audit.access.gate import utc_now
from audit.model import OPENERS
from audit.review import VIEWS
from audit.rules import rule_book
from pages.parts import who
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import MARKS, day

SIZE = 25
EMPTY = {
    "to_review": "No claim waits for review. Run an audit to choose claims.",
    "second": "No claim waits for its second review.",
    "ready": "No claim waits for its approval.",
    "returned": "No claim was returned.",
    "approved": "No claim is approved yet.",
}


def _found(rules: str) -> str:
    """The most severe finding in words, and how many other rules found something."""
    if not rules:
        return "nothing found"
    first, *others = rules.split(", ")
    title = rule_book()[first].title.rstrip(".") if first in rule_book() else "a rule could not run"
    return f"{first} {title}" + (f" (+{len(others)})" if others else "")


person = who.require("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")

st.title("Worklist", anchor=False)
counts = worklist.counts(engine())
usual = "ready" if person.role == "second_reviewer" and counts["ready"] else "to_review"
asked = st.query_params.get("view", usual)
view = st.segmented_control(
    "View",
    list(VIEWS),
    format_func=lambda one: f"{VIEWS[one]} ({counts[one]})",
    default=asked if asked in VIEWS else usual,
    required=True,
    label_visibility="collapsed",
)
st.query_params["view"] = view
if not counts[view]:
    st.info(EMPTY.get(view, "No claim stands here."))
    if person.role in OPENERS:
        st.page_link("pages/audits/run.py", label="Run an audit")
    st.stop()
pages = -(-counts[view] // SIZE)
page = st.pagination(pages, key=f"page_{view}") if pages > 1 else 1
found = worklist.worklist(engine(), view, at=utc_now(), page=page, size=SIZE)
widths = [3, 3, 4, 4, 10, 3]
rows = st.container(key="worklist")
for column, title in zip(rows.columns(widths), ("claim", "service", "payer", "therapist", "found", ""), strict=True):
    with column:
        show(element("span", title, name="cs-quiet cs-small"))
for one in found.rows.to_dict("records"):
    number, service, payer, therapist, said, more = rows.columns(widths, vertical_alignment="center")
    if number.button(one["claim_id"], key=f"open_{one['claim_version_id']}", type="tertiary"):
        st.switch_page("pages/review/claim.py", query_params={"claim": str(one["claim_version_id"])})
    marks = [
        element("span", f"{MARKS[s]} {one[s + 's']} ", name=f"cs-mark-{s}")
        for s in ("error", "warning", "info", "untestable")
        if one[s + "s"]
    ]
    cells = (day(one["service_date"]), one["payer"], one["therapist"], _found(one["found"]))
    for column, text in zip((service, payer, therapist, said), cells, strict=True):
        with column:
            show(element("span", text, name="cs-line"))
    with more:
        show(element("span", *marks, name="cs-line"))
