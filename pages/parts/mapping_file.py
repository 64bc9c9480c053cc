"""The file that a mapping is made for: how it lies, which table its rows are, and what is worked out of it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from audit.intake.foreign.proposing import Proposal
from audit.intake.foreign.shape import DELIMITERS, Shape, sheets_of, sniffed
from audit.loading import arrivals
from audit.model import TABLES
from pages.parts import work

Found = TypeVar("Found")


def once(name: str, content: bytes, key: tuple[object, ...], act: Callable[[Path], Found]) -> Found | None:
    """What `act` makes of the file, worked out once for the same `key`. One result of a kind is held."""
    held = st.session_state.setdefault("mapping_held", {})
    asked = (name, hash(content), key)
    if held.get(key[0], (None,))[0] != asked:
        with arrivals.written([(name, content)]) as (path,):
            found = work.attempt(lambda: act(path))
        held[key[0]] = (asked if found is not None else None, found)
    found: Found | None = held[key[0]][1]
    return found


def shape_of(name: str, content: bytes, places: list[DeltaGenerator]) -> Shape | None:
    sheets = once(name, content, ("sheets",), sheets_of)
    if sheets is None:
        return None
    sheet = places[3].selectbox("Sheet", sheets, None, placeholder="the fullest", key=f"sheet_{name}") if sheets else ""
    likely = once(name, content, ("shape", sheet), lambda path: sniffed(path, sheet or ""))
    if likely is None:
        return None
    row = places[1].number_input("Header begins in row", 1, 100, likely.header_row, key=f"row_{name}_{sheet}")
    rows = places[2].number_input("Rows it takes", 1, 2, likely.header_rows, key=f"rows_{name}_{sheet}")
    shape = replace(likely, header_row=row, header_rows=rows)
    if sheets:
        return shape
    known = list(DELIMITERS)
    parted = places[3].selectbox(
        "Cells are parted by", known, known.index(likely.delimiter), DELIMITERS.get, key=f"delimiter_{name}"
    )
    return replace(shape, delimiter=parted)


def table_of(name: str, likely: Proposal, place: DeltaGenerator) -> str:
    """The table of ours that is chosen; first the likely one."""
    known = list(TABLES)
    said = {one: one.replace("_", " ") for one in known}
    at_first = known.index(likely.mapping.table)
    return place.selectbox("The rows are", known, at_first, said.get, key=f"table_{name}")
