"""Taking a report out: which form, whether patients are named, and why."""

from __future__ import annotations

import streamlit as st

from audit import exporting
from audit.access.accounts import Account
from audit.access.gate import utc_now
from pages.parts.headings import small
from pages.parts.store import engine

LEFT = (
    "What is left of a claim: a pseudonym of this file alone, the year of service, code, payer, therapist and verdict. "
    "Table by month, what a rule says in words, and ids are left out."
)


def export_button(audit_id: int, person: Account) -> None:
    """For whoever may take reports out."""
    if person.role in exporting.EXPORTERS and st.button("Export", icon=":material/download:"):
        _ask(audit_id, person)


@st.dialog("Export this audit")
def _ask(audit_id: int, person: Account) -> None:
    form = st.radio(
        "As", list(exporting.FORMS), format_func=lambda one: exporting.FORMS[one].says, horizontal=True, key="form"
    )
    named = person.role in exporting.IDENTIFIERS and st.checkbox("Name claims and patients by their ids", key="named")
    reason = st.text_input("Why they have to be named", max_chars=500, key="export_reason") if named else ""
    small("Protected health information leaves the house, and the reason stands in the trail." if named else LEFT)
    name = f"audit-{audit_id}{'-identified' if named else ''}.{exporting.FORMS[form].ending}"

    def make() -> bytes:
        asked = {"identified": named, "reason": reason, "account_id": person.id, "at": utc_now()}
        return exporting.export(engine(), audit_id, form, **asked).content

    mime = exporting.FORMS[form].mime
    wanting = named and not reason.strip()
    st.download_button("Download", make, name, mime, type="primary", on_click="ignore", disabled=wanting)
    small("Every download is recorded in the trail with its SHA-256.")
