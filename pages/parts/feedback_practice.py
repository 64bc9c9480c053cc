"""How a therapist bills beside the others: minutes to a unit by month and by code, and evaluation levels."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audit.access.accounts import Account
from audit.evaluations import LEVEL_NAMES
from audit.feedback.drift import drift
from audit.feedback.practice import practice
from pages.parts import charts
from pages.parts.feedback_kept import kept
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine

MINUTES = {"procedure_code": "code", "units": "units billed", "minutes": "minutes documented", "own": "minutes a unit",
           "rest": "others"}  # fmt: skip
WHAT_IT_IS = (
    "All loaded claims as they are, not only reviewed ones. Neither more nor less is better by itself: this is for "
    "talking, no score."
)
LEVELS = {"level": "level billed", "billed": "evaluations", "above": "above the note", "below": "below the note",
          "unread": "not readable", "says": "share of all their evaluations", "rest": "others"}  # fmt: skip


def show_practice(npi: str, person: Account) -> None:
    """Counted when it is opened: it looks at all that is loaded."""
    heading("Beside the other therapists")
    title = "Minutes to a unit month by month, and evaluation levels"
    with st.expander(title, key="feedback_practice_open", on_change="rerun") as place:
        if place.open:
            small(WHAT_IT_IS)
            _months(npi, person)
            _tables(npi, person)


def _months(npi: str, person: Account) -> None:
    heading("Do the units creep over the minutes?")
    found = kept("feedback_drift", npi, lambda: drift(engine(), npi, viewer=person.id))
    if found.slope:
        st.plotly_chart(charts.minutes_to_a_unit(found), config=charts.BARE, alt=found.sentence)
    st.text(found.sentence)
    small("Of days of treatment with minutes by code. A dot is a month with its 95 % interval; the dashed line is all "
          "other therapists.")  # fmt: skip


def _tables(npi: str, person: Account) -> None:
    found = kept("feedback_practice", npi, lambda: practice(engine(), npi, viewer=person.id))
    if found.minutes.empty:
        small("No billed visit has a note with minutes by code.")
    else:
        minutes = found.minutes.assign(
            own=found.minutes["each"].astype("float64").round(1),
            rest=[_or_none(one, "{:.1f}") for one in found.minutes["others"]],
        )
        show_rows(minutes, MINUTES, "Documented minutes to a billed unit of 15", right=("rest",))
    if len(found.levels):
        levels = found.levels.assign(
            level=[f"{code} ({LEVEL_NAMES[code]})" for code in found.levels["procedure_code"]],
            rest=[_or_none(100 * one, "{:.0f} in 100") for one in found.levels["others"].astype("float64")],
        )
        caption = "Evaluation levels, and how many the rules read as above or below the note"
        show_rows(levels, LEVELS, caption, right=("rest",))
        small("Shares are drawn towards those of all therapists where evaluations are few.")


def _or_none(value: float | None, form: str) -> str:
    return "none" if value is None or pd.isna(value) else form.format(value)
