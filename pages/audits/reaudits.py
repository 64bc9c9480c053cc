"""Re-audits: what is due when, finished samples to schedule from, and the table it follows from."""

from __future__ import annotations

import streamlit as st

from audit import reaudit_table, reaudits
from audit.access.gate import utc_now
from pages.parts import reaudit_parts, who
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day

DUE = {"due": "due on", "whose": "whose claims", "says": "last result", "audit": "of audit", "ended": "finished on",
       "claims": "claims to draw", "state": "state", "reason": "moved because"}  # fmt: skip
OFFERED = "What is due after a finished sample stands below: schedule it."
LATER = "When a random sample is finished, what is due after it is offered here."

person = who.require("manager", "administrator", "auditor", "doctor_of_ot")
may = person.role in reaudit_table.SCHEDULERS
st.title("Re-audits", anchor=False)
found = reaudits.due(engine(), utc_now().date())
finished = reaudits.to_schedule(engine()) if may else {}
if found.empty:
    st.info(f"Nothing is scheduled yet. {OFFERED if finished else LATER}")
else:
    told = found.assign(
        due=found["due_on"].map(day), ended=found["finished_on"].map(day), whose=found["name"].replace("", "the clinic")
    )
    columns = DUE if (found["reason"] != "").any() else {key: said for key, said in DUE.items() if key != "reason"}
    show_rows(told, columns, "What is due, the next first", whole=("due", "ended", "state"))
    small("Claims that an earlier sample took are left out of the next frame: none is audited twice by chance.")
if may:
    for audit_id, name in finished.items():
        reaudit_parts.offer(audit_id, name, person)
    if len(found):
        reaudit_parts.move(found, person)
heading("How long until the next audit")
reaudit_parts.show_table(reaudit_table.current(engine()))
if may:
    reaudit_parts.change_table(reaudit_table.current(engine()), person)
