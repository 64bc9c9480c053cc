"""The values of a document to confirm: one key confirms all as they stand, each can be corrected first."""

from __future__ import annotations

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.loading import documents
from audit.model import Column
from audit.store.documents import Kept
from pages.parts import work
from pages.parts.headings import small
from pages.parts.markup import element, show
from pages.parts.store import engine
from pages.parts.words import day, number

LABELS = {"note_type": "Kind of note", "discipline": "Discipline", "rendering_npi": "NPI of the practitioner",
          "author_name": "Written by", "author_credential": "Credential", "start_time": "Begin", "end_time": "End",
          "total_timed_minutes": "Timed minutes in all", "total_treatment_minutes": "Treatment minutes in all",
          "signed_by": "Signed by", "signed_at": "Signed at", "cosigned_by": "Cosigned by",
          "cosigned_at": "Cosigned at", "modality": "Held", "diagnosis_codes": "Diagnoses",
          "history_level": "History", "performance_deficits": "Performance deficits (a number, or parted by ;)",
          "decision_making": "Decision making", "comorbidities": "Comorbidities",
          "assistance": "Assistance"}  # fmt: skip
SERVICE_LABELS = ("code", "min", "OT", "OTA", "both")
"""Minutes in all, by the therapist, by the assistant, by both together."""
ALWAYS = ("note_type", "total_timed_minutes", "total_treatment_minutes", "author_name", "author_credential",
          "signed_by", "signed_at")  # fmt: skip
"""Shown even where the document does not tell them: that they are missing is confirmed too."""


def named(one: Kept) -> str:
    """A document in the list; without the patient's name, which the page shows in its text."""
    does = {"tied": "confirm", "waiting": "no visit"}.get(one.state, "confirmed")
    return f"{does} · {one.file} · {one.kind}"


def show_last() -> None:
    """One key opens again what this person confirmed last: a slip is corrected by confirming once more."""
    last = st.session_state.get("document_confirmed")
    if last and st.button("Open the last one again", shortcut="z", type="tertiary"):
        st.query_params["document"] = str(last)
        st.session_state["document_again"] = last


def opened_again() -> Kept | None:
    """The confirmed document that was opened again."""
    again = st.session_state.get("document_again")
    one = documents.one_of(engine(), again) if again else None
    return one if one and one.state == "confirmed" else None


def show_form(one: Kept, person: Account) -> None:
    """The form; what was read stands in it."""
    visit = one.content
    show(element("h2", "What was read", name="cs-section"))
    of_claim = f", claim {visit['claim_id']}" if visit.get("claim_id") else ""
    small(f"Patient {visit.get('patient_id', '')}, {day(visit.get('service_date', ''))}{of_claim}. Marked in the text.")
    told, services = documents.read_values(one)
    with st.form(f"confirm_{one.id}", border=False):
        confirmed = st.form_submit_button("Confirm all", type="primary", shortcut="a")
        rows = _services(one.id, services)
        shown = [column for column in documents.FIELDS if column.name in (*told, *ALWAYS)]
        values = _fields(one.id, shown, told)
        rest = [column for column in documents.FIELDS if column not in shown]
        with st.expander(f"Not told by the document ({len(rest)})"):
            values |= _fields(one.id, rest, told)
    if confirmed and _confirmed(one, values, rows, person):
        left = len(documents.to_do(engine()))
        st.session_state["said"] = f"Confirmed. {number(left, 'document')} left"
        st.query_params.pop("document", None)
        st.session_state["document_confirmed"] = one.id
        st.session_state.pop("document_again", None)
        st.rerun()


def _confirmed(one: Kept, values: dict[str, str], rows: list[dict[str, str]], person: Account) -> bool:
    who_and_when = {"account_id": person.id, "at": utc_now()}
    done = work.attempt(lambda: documents.confirm(engine(), one.id, values, rows, **who_and_when) or True)
    return bool(done)


def _fields(document: int, columns: list[Column], told: dict[str, str]) -> dict[str, str]:
    """Two fields beside each other; words of a list are chosen."""
    found = {}
    sides = st.columns(2)
    for place, column in enumerate(columns):
        name, value, key = LABELS[column.name], told.get(column.name, ""), f"{document}_{column.name}"
        with sides[place % 2]:
            if column.words:
                words = ["", *column.words]
                at = words.index(value) if value in words else 0
                found[column.name] = st.selectbox(name, words, at, lambda word: word or "not told", key=key)
            else:
                found[column.name] = st.text_input(name, value, key=key)
    return found


def _services(document: int, services: list[dict[str, str]]) -> list[dict[str, str]]:
    """A row for each service and an empty one."""
    found = []
    for place, service in enumerate([*services, {}]):
        row = {}
        for column, label, cell in zip(
            documents.SERVICE_COLUMNS, SERVICE_LABELS, st.columns([3, 2, 2, 2, 2]), strict=True
        ):
            with cell:
                row[column] = st.text_input(
                    f"{label} of service {place + 1}" if place else label[0].upper() + label[1:],
                    service.get(column, ""),
                    key=f"{document}_{place}_{column}",
                    label_visibility="collapsed" if place else "visible",
                )
        found.append(row)
    return found
