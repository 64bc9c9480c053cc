"""Load claims and notes: hand in files, see what each is, what was taken and what was refused."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.loading import arrivals, documents, mappings
from audit.model import OPENERS
from audit.payers import payments
from pages.parts import handed_in, who, work
from pages.parts.arrival import show_arrival, show_earlier
from pages.parts.audit_new import show_audit
from pages.parts.mapping_trial import show_kept
from pages.parts.store import engine
from pages.parts.stray_payments import show_strays
from pages.parts.unbilled_notes import show_unbilled

TYPES = [
    *("csv", "tsv", "tab", "xlsx", "xlsm", "parquet", "jsonl", "json", "ndjson"),
    *("837", "835", "txt", "edi", "x12", "xml"),
]
DOCUMENTS = ["docx", "pdf", "docm", "doc", "rtf"]
"""Also those that are refused by name, with what to do."""

person = who.require(*OPENERS)
st.title("Load claims and notes", anchor=False)
st.write(
    "Hand in claims and notes together: they are judged as one. Tables are known by their names (claims, notes, "
    "note_services, payers, plans_of_care, authorizations, providers, fees), 837P, 835 and FHIR files by their "
    "content. Of a table of another program you say once what its columns are. Notes as text, Word or PDF are read and "
    "wait on the page Documents to be confirmed. What is loaded already is skipped; the files themselves are not kept."
)
turn = st.session_state.setdefault("turn", 0)
files = st.file_uploader(
    "Files", TYPES + DOCUMENTS, accept_multiple_files=True, key=f"files_{turn}", label_visibility="collapsed"
)
given = [(file.name, file.getvalue()) for file in files or ()]
mapped = handed_in.ready(given, person)
if st.button("Check and load", type="primary", disabled=not (given and mapped), key="check_and_load"):
    arrival = work.attempt_long(
        lambda step: arrivals.take_in(engine(), given, account_id=person.id, at=utc_now(), step=step),
        lambda done: f"{arrivals.step_at(done)} …",
    )
    if arrival:
        st.session_state.update(arrival=arrival, turn=turn + 1)
        st.rerun()
    st.session_state.pop("arrival", None)
    st.text("Nothing was loaded.")
if held := st.session_state.get("arrival"):
    show_arrival(held)
if documents.to_do(engine()):
    st.page_link("pages/audits/documents.py", label="Notes that came as documents wait to be confirmed")
show_audit(person, first=bool(held))
show_unbilled()
show_earlier(arrivals.earlier(engine()), person)
show_kept(mappings.saved(engine()))
show_strays(*payments.strays(engine()))
