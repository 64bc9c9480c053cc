"""Scheduling what is due after a finished sample, moving a date, and the table behind both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from audit import reaudit_table, reaudits
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.reaudit_table import MOST_CLAIMS, MOST_MONTHS, Step
from pages.parts import work
from pages.parts.headings import heading, small
from pages.parts.markup import show, table
from pages.parts.store import engine
from pages.parts.words import day, moment


def offer(audit_id: int, name: str, person: Account) -> None:
    """What the table says of a finished sample, with one button to save it."""
    rows = reaudits.proposed(engine(), audit_id)
    if not rows:
        return
    heading(f"{name} is finished")
    told = [[one.name or "the clinic", one.says, day(one.due_on), f"{one.claims:,}"] for one in rows]
    show(table(["whose claims", "result", "due on", "claims"], told, caption="What would be due", numbers=[3]))
    if st.button("Schedule these", type="primary", key=f"schedule_{audit_id}"):
        act = {"account_id": person.id, "at": utc_now()}
        if work.attempt(lambda: reaudits.schedule(engine(), audit_id, **act)):
            st.rerun()


def move(found: pd.DataFrame, person: Account) -> None:
    """Another date for one of what is due."""
    names = {int(row["id"]): f"{row['name'] or 'the clinic'}, due {day(row['due_on'])}"
             for row in found.to_dict("records")}  # fmt: skip
    with st.expander("Move a date"), st.form("move", clear_on_submit=True):
        which = st.selectbox("What is due", list(names), format_func=names.get)
        until = st.date_input("New date", utc_now().date(), format="YYYY-MM-DD", width=260)
        reason = st.text_input("Why", max_chars=500)
        if st.form_submit_button("Move it"):
            act = {"reason": reason, "account_id": person.id, "at": utc_now()}
            if work.attempt(lambda: reaudits.move(engine(), which, until, **act) or True):
                st.rerun()


def show_table(steps: Sequence[Step]) -> None:
    rows = [[one.subject, one.says, f"{one.months}", f"{one.claims:,}", one.why] for one in steps]
    show(table(["whose claims", "after a result of", "months", "claims", "why"], rows,
               caption="The table in force", numbers=[2, 3]))  # fmt: skip


def change_table(steps: Sequence[Step], person: Account) -> None:
    """A new table in place of the one in force; every earlier one stays."""
    with st.expander("Change the table"), st.form("table"):
        new = []
        for place, one in enumerate(steps):
            st.text(f"{one.subject}: {one.says}")
            months, claims, why = st.columns([1, 1, 4])
            number = months.number_input("months", 1, MOST_MONTHS, one.months, key=f"months_{place}")
            size = claims.number_input("claims", 1, MOST_CLAIMS, one.claims, key=f"claims_{place}")
            text = why.text_input("why", one.why, max_chars=300, key=f"why_{place}")
            new.append(replace(one, months=int(number), claims=int(size), why=text))
        reason = st.text_input("Why the table changes", max_chars=500)
        if st.form_submit_button("Save the table", type="primary"):
            act = {"reason": reason, "account_id": person.id, "at": utc_now()}
            if work.attempt(lambda: reaudit_table.save(engine(), new, **act) or True):
                st.rerun()
    for at, by, reason, _ in reaudit_table.history(engine()):
        small(f"Saved {moment(at)} by {by}: {reason}")
