"""One dispute to rule on: the finding, what the therapist says, and the form for the ruling."""

from __future__ import annotations

from typing import Any

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.feedback import rulings
from audit.rules import rule_book
from pages.parts import work
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day, moment


def show_dispute(one: dict[Any, Any], person: Account) -> None:
    rule = rule_book().get(one["rule"])
    late = " ▲ overdue" if one["overdue"] else ""
    what = "appeal" if one["kind"] == rulings.APPEAL else "dispute"
    place = f"In note {one['note_id']}: “{one['passage']}”" if one["passage"] else ""
    before = rulings.history(engine(), int(one["decision_id"]))[:-1]
    with st.container(border=True):
        where = f"Claim {one['claim_id']} · visit of {day(one['service_date'])} · {one['therapist']}"
        show(
            element("p", f"{where} · {what}, ruling due {day(one['due_on'])}{late}", name="cs-small"),
            element("h3", f"{one['rule']} {rule.title if rule else 'An error that a person saw.'}", name="cs-title"),
            element("p", one["because"]),
            *[element("p", f"{moment(line['at'])} · {line['who']} {line['what']}: {line['text']}", name="cs-small")
              for line in before],
            element("p", element("strong", f"{one['therapist']} says: "), one["text"]),
            *([element("p", place)] if place else []),
        )  # fmt: skip
        if person.role == "doctor_of_ot":
            claim = {"claim": str(one["claim_version_id"])}
            st.page_link("pages/review/claim.py", label="Open the claim", query_params=claim)
        with st.form(f"ruling_{one['answer_id']}", border=False):
            outcome = st.radio("Ruling", list(rulings.OUTCOMES), index=None, horizontal=True,
                               format_func=rulings.OUTCOMES.get)  # fmt: skip
            reason = st.text_area("Reason, for the therapist to read", max_chars=4000)
            if st.form_submit_button("Give the ruling", type="primary"):
                said = {"outcome": outcome or "", "reason": reason, "account_id": person.id, "at": utc_now()}
                if work.attempt(lambda: rulings.rule(engine(), int(one["answer_id"]), **said)) is not None:
                    done = "The finding stands." if outcome == rulings.UPHELD else "The verdict is reversed."
                    st.session_state["ruled"] = f"Ruled. {done}"
                    st.rerun()
