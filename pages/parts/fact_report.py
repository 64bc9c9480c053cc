"""What became of national files that were loaded, and the loads there are."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audit.fact_files.fact_loading import Report
from audit.fact_files.reading import Asked
from audit.facts.fact_loads import Load
from audit.reports import refusals_as_csv
from pages.parts.headings import heading
from pages.parts.rows import show_rows
from pages.parts.work import plain

SHOWN = 20
LOADS = {"number": "load", "kind": "what", "file": "file", "covers": "dates of service", "kept": "rows kept",
         "by": "by", "on": "on"}  # fmt: skip
REFUSED = {"row": "row", "column": "column", "value": "what stands there", "wrong": "what is wrong"}


def asked() -> Asked:
    """What the user says of files whose name does not tell."""
    with st.expander("If the name of the file does not tell"):
        period = st.text_input("Quarter, or fiscal year of diagnoses", placeholder="2026q3 or 2027", max_chars=10)
        named = st.text_input("Pairs of another list than Medicare's", placeholder="medicaid, or a name", max_chars=40)
        own = st.checkbox("The pairs are those of practitioners, not of a hospital")
    return Asked("ncci_pairs" if own else "", named.strip().lower(), period.strip().lower())


def show(reports: Sequence[Report]) -> None:
    for number, report in enumerate(reports):
        (st.success if report.load else st.info)(plain(report.sentence))
        if report.refusals:
            rows = pd.DataFrame(report.refusals[:SHOWN]).astype({"row": "str"})
            show_rows(rows, REFUSED, f"Refused rows of {report.file}")
            text = refusals_as_csv(report.refusals)
            st.download_button("Download the refused rows", text, "refused.csv", "text/csv", key=f"refused_{number}")


def show_loads(loads: Sequence[Load]) -> None:
    if not loads:
        return
    heading("Loaded")
    rows = [
        {
            "number": f"{load.number}",
            "kind": load.kind,
            "file": load.file,
            "covers": f"{load.covers_from} to {load.covers_to}",
            "kept": sum(load.tables.values()),
            "by": load.by or "not told",
            "on": load.at[:10],
        }
        for load in reversed(loads)
    ]
    show_rows(pd.DataFrame(rows), LOADS, "Loaded facts, newest first", whole=("number", "on"))
