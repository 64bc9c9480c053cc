"""What became of files that were handed in: a card each, what was new, and the rows that were refused."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audit.access.accounts import Account
from audit.errors import Refusal
from audit.loading.arrivals import Arrival, Card, fates, refusals_of, refused_tables_of
from audit.reports import refusals_as_csv
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.undo import show_undo
from pages.parts.words import day, moment, number
from pages.parts.work import plain

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
        st.info("There was no row to take: no table changed.")
    else:
        show_rows(taken, FATES, "Taken into the database")
    for said in arrival.unsaid:
        st.warning(said)
    if arrival.refusals:
        show_refusals(arrival.refusals, loaded.counts["refused"]["rows"], arrival.refused_tables)


def _show_card(card: Card) -> None:
    refused = f"▲ {number(card.refused, 'row')} refused" if card.refused else "no row refused"
    lines = [element("strong", card.file), card.what, refused]
    if card.ignored_columns:
        lines.append(f"columns left out: {', '.join(card.ignored_columns)}")
    lines += card.told
    with st.container(border=True, width=230):
        show(*[element("div", line, name="cs-break") for line in lines])


def show_refusals(
    refusals: Sequence[Refusal], rows: int, tables: Sequence[tuple[str, str]], key: str = "refused"
) -> None:
    """The refusals of `rows` rows as a table, and the rows as they stood (name and CSV) to mend."""
    st.warning(
        f"{number(rows, 'row')} refused: a row takes its whole claim or note with it. Download them, mend them, and "
        "hand in that file: its first columns say why, and may stay."
    )
    told = pd.DataFrame(refusals[:SHOWN]).assign(row=[str(one.row or "") for one in refusals[:SHOWN]])
    show_rows(told, COLUMNS, "Refused rows")
    if len(refusals) > SHOWN:
        small(f"These are the first {SHOWN} of {len(refusals):,}; all are in the file.")
    files = tables or [("refused.csv", refusals_as_csv(refusals))]
    with st.container(horizontal=True):
        for name, csv in files:
            label = "Download the refused rows" if len(files) == 1 else f"Download {plain(name)}"
            st.download_button(label, csv, name, "text/csv", on_click="ignore", key=f"{key}_{name}")


def show_earlier(loads: pd.DataFrame, person: Account) -> None:
    """The newest loads, and on demand the rows that one of them refused, and undoing one."""
    if loads.empty:
        return
    heading("Earlier loads")
    told = loads.assign(when=loads["at"].map(moment), refused=[one["refused"]["rows"] for one in loads["counts"]])
    for kind in ("claims", "notes"):
        told[kind] = [f"{one[kind]['new']:,} / {one[kind]['changed']:,}" for one in loads["counts"]]
    told["name"] += [f" (undone {day(at)})" if at else "" for at in told["undone"]]
    show_rows(told, EARLIER, "", whole=("when", "by", "claims", "notes"))
    names = (told["when"] + ": " + told["name"]).set_axis(told["id"])
    refused = told.set_index("id")["refused"]
    listed = [one for one in names.index if refused[one]]
    undo, some = reversed(st.columns(2)) if listed else st.columns(2)
    load_id = listed and some.selectbox("Refused rows of", listed, None, names.get, placeholder="an earlier load")
    standing = [one for one, at in zip(told["id"], told["undone"], strict=True) if not at]
    undone = standing and undo.selectbox("Undo a load", standing, None, names.get, placeholder="as a whole")
    if load_id:
        tables = refused_tables_of(engine(), load_id)
        show_refusals(refusals_of(engine(), load_id), int(refused[load_id]), tables, key="refused_earlier")
    if undone:
        show_undo(undone, names[undone], person)
