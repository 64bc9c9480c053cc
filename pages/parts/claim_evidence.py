"""Left side of a claim: what the record says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from audit.evidence import Evidence
from pages.parts.markup import Markup, bar, element, note_text, show, table
from pages.parts.words import count, day

PARTS = {"therapist": "therapist_minutes", "together": "together_minutes", "assistant": "assistant_minutes"}


def show_record(evidence: Evidence) -> None:
    """Minutes by service, then each note with its text, then plans of care."""
    st.subheader("What the record says", anchor=False)
    documented = evidence.services[evidence.services["in_note"]]
    if len(documented):
        show(_minutes(documented))
    for note in evidence.notes.to_dict("records"):
        _show_note(note)
    if evidence.notes.empty:
        st.warning("There is no note for this day.")
    _show_plans(evidence.plans)


def _minutes(services: pd.DataFrame) -> Markup:
    longest = int(services["minutes"].fillna(0).max())
    rows = [
        [f"{one['service']} {one['label']}", bar(_parts(one), longest), _time(one["minutes"]), _by(one)]
        for one in services.to_dict("records")
    ]
    return table(["service", "by whom", "minutes", ""], rows, caption="Documented minutes", numbers=[2])


def _time(minutes: Any) -> Markup:
    return element("span", "–" if pd.isna(minutes) else f"{minutes} min", name="cs-whole")


def _parts(service: dict[Any, Any]) -> list[tuple[str, int]]:
    told = [(who, int(service[column])) for who, column in PARTS.items() if pd.notna(service[column])]
    if not told and pd.notna(service["minutes"]):
        return [("unknown", int(service["minutes"]))]
    return told


def _by(service: dict[Any, Any]) -> str:
    told = [f"{who} {minutes}" for who, minutes in _parts(service) if minutes and who != "unknown"]
    return " + ".join(told) if len(told) > 1 else told[0].split()[0] if told else "not said"


def _show_note(note: dict[Any, Any]) -> None:
    kind = str(note["note_type"] or "visit").capitalize()
    signed = f"signed {day(note['signed_at'])} {note['signed_at'][11:16]}" if note["signed_at"] else "not signed"
    author = " ".join(part for part in (note["author_name"], note["author_credential"]) if part)
    times = f"{note['start_time']}–{note['end_time']}" if note["start_time"] else "no start and end"
    timed, treatment = count(note["total_timed_minutes"]), count(note["total_treatment_minutes"])
    show(
        element("p", element("strong", f"{kind} note {day(note['service_date'])}"), f" · {author} · {signed}"),
        element("p", f"{times} · total timed {timed} · total treatment {treatment} minutes", name="cs-quiet cs-small"),
        note_text(note["text"] or "(no text)"),
    )


def _show_plans(plans: pd.DataFrame) -> None:
    for plan in plans.to_dict("records"):
        certified = f"certified {day(plan['certified_on'])}" if pd.notna(plan["certified_on"]) else "not certified"
        says = f"Plan of care {day(plan['start_date'])} to {day(plan['end_date'])} · {certified}"
        show(element("p", says, name="cs-quiet cs-small"))
