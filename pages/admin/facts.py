"""Facts: how old each table is, what runs out, and loading a national file."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audit.access.gate import utc_now
from audit.fact_files import fact_loading
from audit.fact_files.fact_ages import fact_ages
from audit.facts.reference import load_facts
from pages.parts import fact_report, who, work
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine

TYPES = ["txt", "csv", "xlsx", "zip", "tsv"]
COLUMNS = {"mark": "state", "what": "table", "covers": "dates of service covered", "says": "age",
           "refresh": "renew", "rows": "rows"}  # fmt: skip
UNBROKEN = "\N{NON-BREAKING HYPHEN}"
MARKS = {"not loaded": "○ not loaded", "ended": "▲ ended", "runs out": "▲ runs out", "current": "● current"}

person = who.require()
st.title("Facts", anchor=False)
st.write("Every rule goes by the facts of the date of service. What no table covers is not tested, and said so.")
facts = load_facts()
ages = pd.DataFrame([{f: getattr(one, f) for f in one.__slots__} for one in fact_ages(facts, utc_now().date())])
told = ages.assign(mark=ages["state"].map(MARKS), covers=ages["covers"].str.replace("-", UNBROKEN))
show_rows(told, COLUMNS, "Fact tables", whole=("mark", "says"))
small(f"State of the facts: {facts.sha256}")
fact_report.show_loads(facts.loads)
if person.role in fact_loading.LOADERS:
    heading("Load a national file")
    st.write(
        "Pairs (NCCI practitioner PTP, all parts), unit limits (MUE), the fee schedule (PPRRVU) or diagnoses "
        "(ICD-10-CM order file), as CMS publishes them, under the name CMS gave "
        "them. Nothing that is there is replaced."
    )
    turn = st.session_state.setdefault("facts_turn", 0)
    files = st.file_uploader("Files", TYPES, accept_multiple_files=True, key=f"facts_{turn}")
    asked = fact_report.asked()
    if st.button("Check and load", type="primary", disabled=not files) and files:
        given = [(file.name, file.getvalue()) for file in files]
        by = {"by": person.name, "at": utc_now(), "engine": engine(), "account_id": person.id}
        reports = work.attempt(lambda: fact_loading.take(given, asked, **by))
        if reports is not None:
            st.session_state.update(facts_reports=reports, facts_turn=turn + 1)
            st.rerun()
    if held := st.session_state.get("facts_reports"):
        fact_report.show(held)
