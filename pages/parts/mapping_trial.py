"""What a mapping makes of a file: its first rows, and the refusals it would cause; the mappings that are kept."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audit.intake.foreign.mapping import Mapping
from audit.loading.mappings import TRIED, Trial
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.words import number

REFUSED = {"row": "row", "column": "column", "value": "what stands there", "wrong": "what is wrong"}
KEPT = {"name": "mapping", "rows": "the rows are", "columns": "columns taken"}
SHOWN = 10


def show_trial(tried: Trial) -> None:
    with st.container(key="mapped_rows"):
        columns = {name: name.replace("_", " ") for name in tried.first.columns}
        tried_on = f"The first {TRIED:,} rows" if tried.rows >= TRIED else number(tried.rows, "row")
        show_rows(tried.first, columns, f"{tried_on}, of which these are the first", whole=tuple(columns))
    if tried.left_out:
        small(f"Passed over: {', '.join(tried.left_out[:SHOWN])}{' …' if len(tried.left_out) > SHOWN else ''}.")
    if not tried.refusals:
        st.success("No row would be refused.")
        return
    rows = len({one.row for one in tried.refusals})
    st.warning(f"{number(rows, 'row')} would be refused, each with its whole claim or note.")
    told = pd.DataFrame(tried.refusals[:SHOWN]).assign(row=[str(one.row or "") for one in tried.refusals[:SHOWN]])
    show_rows(told, REFUSED, "The first of what would be refused")


def show_kept(kept: Sequence[Mapping]) -> None:
    """The mappings in use, each to take home for `countersign check --mapping`."""
    if not kept:
        return
    heading("Mappings")
    rows = [{"name": one.name, "rows": one.table.replace("_", " "), "columns": len(one.taken)} for one in kept]
    show_rows(pd.DataFrame(rows), KEPT, "Used by themselves for a file with the same columns")
    names = {one.name: one for one in kept}
    which = st.selectbox(
        "Download a mapping", list(names), None, placeholder="for countersign check --mapping", width=320
    )
    if which:
        st.download_button(
            "Download the mapping", names[which].to_json(), f"{which}.json", "application/json", on_click="ignore"
        )
