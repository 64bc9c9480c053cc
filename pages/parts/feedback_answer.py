"""Each finding with what became of it, and the therapist's ways to answer: agree, dispute, late entry, appeal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.feedback import addenda, answers
from audit.feedback.answered import STATES
from audit.feedback.items import Feedback
from audit.feedback.patterns import Pattern
from pages.parts import work
from pages.parts.feedback_said import said_lines
from pages.parts.headings import heading
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day, number

SHOWN = 5
"""Claims of a pattern that are open at once; the others are one click away."""
OUTCOMES = {
    "resolved": "The rules ran again on that day: the finding is gone. A reviewer looks at the claim once more.",
    "still": "The rules ran again on that day: the finding is still there. You can agree or dispute now.",
    "untested": "The rules ran again on that day: this rule cannot judge it now.",
    "unseen": "The late entry is kept. No rule judges this: a reviewer looks at it.",
    "not run": "The late entry is kept; the rules have not run again yet.",
}


def show_waiting(feedback: Feedback, *, own: bool) -> None:
    rows = feedback.items
    mine = rows[rows["waits_for"] == "therapist"]
    late = int(mine["overdue"].sum())
    if len(mine):
        whose = "your answer" if own else "the therapist's answer"
        due = f", {late:,} overdue" if late else f", the first by {day(min(mine['due_on']))}"
        st.info(f"{number(len(mine), 'finding')} {'waits' if len(mine) == 1 else 'wait'} for {whose}{due}.")


def show_items(rows: pd.DataFrame, person: Account, *, own: bool) -> None:
    """The claims of a pattern: first those that wait for somebody."""
    ordered = rows.assign(last=rows["waits_for"] == "").sort_values("last", kind="stable").to_dict("records")
    for one in ordered[:SHOWN]:
        _show_item(one, person, own=own)
    if len(ordered) > SHOWN:
        with st.expander(f"{len(ordered) - SHOWN} more"):
            for one in ordered[SHOWN:]:
                _show_item(one, person, own=own)


def show_settled(feedback: Feedback, found: list[Pattern]) -> None:
    """Findings that were answered and count no more: accepted disputes, claims that are reviewed again."""
    counted = {one for pattern in found for one in pattern.decision_ids}
    rows = feedback.items[~feedback.items["decision_id"].isin(counted)]
    if rows.empty:
        return
    heading("Answered, and counted no more")
    for one in rows.to_dict("records"):
        with st.container(border=True):
            show(element("p", element("strong", one["rule"] or "Seen by a person"), f" {one['procedure_code']}"))
            _show_lines(one)


def _show_item(one: dict[Any, Any], person: Account, *, own: bool) -> None:
    with st.container(border=False):
        _show_lines(one)
        if own:
            _offer(one, person)


def _show_lines(one: dict[Any, Any]) -> None:
    due = f" by {day(one['due_on'])}" if one["due_on"] and one["waits_for"] else ""
    late = " ▲ overdue" if one["overdue"] else ""
    code = f" · {one['procedure_code']}" if one["procedure_code"] else ""
    where = f"Claim {one['claim_id']}{code} · {day(one['service_date'])} · {one['payer']}"
    show(
        element("p", element("strong", where), f" · {STATES[one['state']]}{due}{late}", name="cs-verdict"),
        element("p", one["because"] or one["text"], name="cs-small"),
        *said_lines(one["said"]),
    )


def _offer(one: dict[Any, Any], person: Account) -> None:
    decision, state = int(one["decision_id"]), one["state"]
    offered: list[tuple[str, Callable[[], object]]] = []
    if one["stands"] and one["waits_for"] == "therapist":
        offered = [("Agree", lambda: _agree(decision, person)), ("Dispute…", lambda: _dispute(one, person)),
                   ("Late entry…", lambda: _late_entry(one, person))]  # fmt: skip
    elif state == "upheld":
        offered = [("Appeal…", lambda: _appeal(one, person))]
    if not offered:
        return
    with st.container(horizontal=True):
        for label, act in offered:
            if st.button(label, key=f"{label}_{decision}"):
                act()


def _agree(decision: int, person: Account) -> None:
    _done(lambda: answers.agree(engine(), decision, account_id=person.id, at=utc_now()), "Recorded: you agree.")


def _done(act: Callable[[], object], says: str) -> None:
    if work.attempt(act) is not None:
        st.session_state["feedback_said"] = says
        st.rerun()


@st.dialog("Dispute this finding")
def _dispute(one: dict[Any, Any], person: Account) -> None:
    decision = int(one["decision_id"])
    notes = addenda.open_notes(engine(), decision, account_id=person.id)
    with st.form("dispute", border=False):
        st.text(one["because"] or one["text"])
        text = st.text_area("Why the finding is wrong", max_chars=4000)
        note = st.selectbox(
            "Evidence in note", ["", *[one.note_id for one in notes]], format_func=lambda n: n or "none"
        )
        passage = st.text_input("The passage, as it stands in the note", max_chars=1000)
        if st.form_submit_button("Send to the doctor of OT", type="primary"):
            said = {"text": text, "note_id": note or "", "passage": passage}
            act = lambda: answers.dispute(engine(), decision, **said, account_id=person.id, at=utc_now())  # noqa: E731
            _done(act, "Recorded: a doctor of OT rules on your dispute.")


@st.dialog("Appeal to a manager")
def _appeal(one: dict[Any, Any], person: Account) -> None:
    decision = int(one["decision_id"])
    with st.form("appeal", border=False):
        st.text("A manager's ruling is final.")
        text = st.text_area("What the ruling leaves out", max_chars=4000)
        if st.form_submit_button("Appeal", type="primary"):
            act = lambda: answers.appeal(engine(), decision, text=text, account_id=person.id, at=utc_now())  # noqa: E731
            _done(act, "Recorded: a manager rules on your appeal.")


@st.dialog("Late entry to the note", width="large")
def _late_entry(one: dict[Any, Any], person: Account) -> None:
    decision = int(one["decision_id"])
    notes = {note.note_id: note for note in addenda.open_notes(engine(), decision, account_id=person.id)}
    if not notes:
        st.text("None of your notes of that day is on file.")
        return
    st.text(
        "It adds to the note, dated and marked as a late entry; what was written stays as it is. Then the rules run "
        "again over that day."
    )
    note = notes[st.selectbox("Note", list(notes)) or next(iter(notes))]
    with st.form("late", border=False):
        text = st.text_area("What the note leaves out", max_chars=4000)
        fields = {}
        for name, words in note.empty.items():
            label = f"{name.replace('_', ' ').capitalize()} (empty in the note)"
            fields[name] = (st.selectbox(label, ["", *words]) if words else st.text_input(label, max_chars=200)) or ""
        minutes = {code: st.number_input(f"Minutes of {code} (empty in the note)", 0, 600, value=None)
                   for code in note.minutes_missing}  # fmt: skip
        if st.form_submit_button("Add to the note and run the rules", type="primary"):
            timed = {code: int(value) for code, value in minutes.items() if value}
            said = {"note_id": note.note_id, "text": text, "fields": fields, "minutes": timed}
            made = work.attempt(
                lambda: addenda.add_late_entry(engine(), decision, **said, account_id=person.id, at=utc_now())
            )
            if made is not None:
                st.session_state["feedback_said"] = OUTCOMES[made.outcome]
                st.rerun()
