"""Notes of days on which nothing is billed: one line with their number, and the table on demand."""

from __future__ import annotations

import streamlit as st

from audit.auditing.unbilled import unbilled
from pages.parts.headings import small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day, number

COLUMNS = {"note_id": "note", "patient_id": "patient", "service_date": "date of service", "note_type": "kind",
           "author_name": "written by"}  # fmt: skip
SHOWN = 50


def show_unbilled() -> None:
    notes = unbilled(engine())
    if notes.empty:
        return
    belong = "is of a day" if len(notes) == 1 else "are of days"
    with st.expander(f"{number(len(notes), 'note')} {belong} on which nothing is billed"):
        small("Load their claims, or see why nothing was billed. No rule judges a visit without a claim.")
        told = notes.head(SHOWN).assign(service_date=notes["service_date"].map(day))
        show_rows(told, COLUMNS, "Notes without a claim", whole=("service_date",))
        if len(notes) > SHOWN:
            small(f"These are the first {SHOWN} of {len(notes):,}.")
