"""Notes that came as documents: confirm what was read from them, or say which visit they are of."""

from __future__ import annotations

import streamlit as st

from audit.loading import documents
from audit.model import OPENERS
from pages.parts import document_form, document_tie, who
from pages.parts.document_text import show_text
from pages.parts.headings import small
from pages.parts.store import engine
from pages.parts.words import number

person = who.require(*OPENERS)
st.title("Documents", anchor=False)
if said := st.session_state.pop("said", None):
    st.toast(said)
waiting = documents.to_do(engine())
document_form.show_last()
if again := document_form.opened_again():
    waiting = [again, *waiting]
if not waiting:
    st.info("No document waits. Notes as text, Word or PDF are handed in on the page Load.")
    st.page_link("pages/audits/load.py", label="Load claims and notes")
    st.stop()
count = {state: sum(one.state == state for one in waiting) for state in ("tied", "waiting")}
small(
    f"{number(count['tied'], 'note')} to confirm, {number(count['waiting'], 'document')} without a visit. What rests "
    "on values that nobody has confirmed is a warning at most; after the next run it may be an error."
)
listed = {str(one.id): one for one in waiting}
asked = st.query_params.get("document", "")
chosen = asked if asked in listed else next(iter(listed))
picked = st.selectbox(
    "Document",
    list(listed),
    list(listed).index(chosen),
    lambda name: document_form.named(listed[name]),
    key=f"picked_{chosen}_{len(listed)}",
)
st.query_params["document"] = picked
one = listed[picked]
left, right = st.columns(2, gap="large")
with left:
    show_text(one)
with right:
    if one.state in ("tied", "confirmed"):
        document_form.show_form(one, person)
    else:
        document_tie.show_choice(one, person)
