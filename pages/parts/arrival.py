"""What became of files that were handed in: a card each, what was new, and the rows that were refused."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audit.arrivals import Arrival, Card, fates, refusals_of
from audit.errors import Refusal
from audit.reports import refusals_as_csv
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day, moment, number

COLUMNS = {"file": "file", "row": "row", "column": "column", "value": "what stands there", "wrong": "what is wrong",
           "do": "what to do"}  # fmt: skip
EARLIER = {"when": "when", "by": "by", "name": "files", "claims": "claims new / changed",
           "notes": "notes new / changed", "refused": "rows refused"}  # fmt: skip
SHOWN = 50
FATES = {"what": "", "new": "new", "changed": "changed", "unchanged": "unchanged"}


def show_arrival(arrival: Arrival) -> None:
    with st.container(horizontal=True):
        for card in arrival.cards:
            _show_card(card)
    loaded = arrival.loaded
    taken = fates(loaded.counts)
    if loaded.before:
        what = "What was not refused" if arrival.refusals else "All of this"
        st.info(f"{what} was already loaded on {day(loaded.before)}. Nothing was added.")
    elif taken.empty:
        st.info("There was no row to take. Nothing was added.")
    else:
        show_rows(taken, FATES, "Taken into the database")
    if arrival.refusals:
        show_refusals(arrival.refusals, loaded.counts["refused"]["rows"])


def _show_card(card: Card) -> None:
    refused = f"▲ {number(card.refused, 'row')} refused" if card.refused else "no row refused"
    lines = [element("strong", card.file), card.what, refused]
    if card.ignored_columns:
        lines.append(f"columns left out: {', '.join(card.ignored_columns)}")
    with st.container(border=True, width=230):
        show(*[element("div", line, name="cs-line") for line in lines])


def show_refusals(refusals: Sequence[Refusal], rows: int, key: str = "refused") -> None:
    """The refusals of `rows` rows as a table and as a file."""
    st.warning(
        f"{number(rows, 'row')} refused: a row takes its whole claim or note with it. Mend them and load the "
        "files again; what is loaded already is skipped."
    )
    told = pd.DataFrame(refusals[:SHOWN]).assign(row=[str(one.row or "") for one in refusals[:SHOWN]])
    show_rows(told, COLUMNS, "Refused rows")
    if len(refusals) > SHOWN:
        small(f"These are the first {SHOWN} of {len(refusals):,}; all are in the file.")
    st.download_button(
        "Download the refused rows", refusals_as_csv(refusals), "refused.csv", "text/csv", on_click="ignore", key=key
    )


def show_earlier(loads: pd.DataFrame) -> None:
    """The newest loads, and on demand the rows that one of them refused."""
    if loads.empty:
        return
    heading("Earlier loads")
    told = loads.assign(when=loads["at"].map(moment), refused=[one["refused"]["rows"] for one in loads["counts"]])
    for kind in ("claims", "notes"):
        told[kind] = [f"{one[kind]['new']:,} / {one[kind]['changed']:,}" for one in loads["counts"]]
    show_rows(told, EARLIER, "", whole=("when", "by", "claims", "notes"))
    some = told[told["refused"] > 0].set_index("id")
    if len(some):
        names = some["when"] + ": " + some["name"]
        load_id = st.selectbox("Refused rows of", list(some.index), None, names.get, placeholder="an earlier load")
        if load_id is not None:
            show_refusals(refusals_of(engine(), load_id), int(some.loc[load_id, "refused"]), key="refused_earlier")
