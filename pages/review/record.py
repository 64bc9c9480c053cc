"""One claim from load to release on one page, to read or to print."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.reviewing.claim_record import Step, record_of
from audit.reviewing.review import VIEWS
from audit.reviewing.review_rights import TRAIL_READERS
from pages.parts import who, work
from pages.parts.markup import Markup, element, show, table
from pages.parts.payer_answers import answers_table
from pages.parts.store import engine
from pages.parts.words import moment

person = who.require(*TRAIL_READERS)


def _row(number: int, step: Step) -> list[Markup]:
    what = element("span", step.what, element("span", f" {step.more}", name="cs-label cs-break"))
    return [
        element("span", str(number)),
        element("span", moment(step.at), name="cs-whole"),
        element("span", step.who or "the program"),
        what,
    ]


st.title("Record of a claim", anchor=False)
claim_id = st.text_input("Claim", st.session_state.get("record_of", ""), placeholder="CLM-000123", width=300)
if not claim_id:
    st.info("Write the id of a claim to read what happened to it, from its load to its release.")
    st.stop()
asked = (claim_id.strip(), person.id)
if st.session_state.get("record_shown", (None,))[0] != asked:
    found = work.attempt(lambda: record_of(engine(), asked[0], account_id=person.id, at=utc_now()))
    st.session_state["record_shown"] = (asked if found else None, found)
record = st.session_state["record_shown"][1]
if record is None:
    st.stop()
state = VIEWS.get(record.state, "not under review")
show(
    element("p", element("strong", f"Claim {record.claim_id}"), f" · {state} · {', '.join(record.lines)}"),
    *[element("p", one) for one in record.corrected],
    element("p", f"Read by {person.name}, {moment(utc_now())}. Times are UTC.", name="cs-small cs-quiet"),
    table(
        ["", "when", "who", "what"],
        [_row(n, step) for n, step in enumerate(record.steps, start=1)],
        caption="What happened, the earliest first",
    ),
    answers_table(record.answers),
)
