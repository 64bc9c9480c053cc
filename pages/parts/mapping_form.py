"""Which column of another program's table is which of ours: the proposal, corrected by a person, tried on the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.intake.foreign.dates import FORMS
from audit.intake.foreign.mapping import DATED, Mapping, Taken
from audit.intake.foreign.proposing import Proposal, propose
from audit.intake.foreign.transforms import ways
from audit.loading import mappings
from audit.model import TABLES
from pages.parts import work
from pages.parts.headings import heading, small
from pages.parts.mapping_file import once, shape_of, table_of
from pages.parts.mapping_trial import show_trial
from pages.parts.markup import element, show
from pages.parts.store import engine

OUT = "left out"
SURE = 0.9
LEAST = 0.6


def show_mapping(name: str, content: bytes, person: Account, before: Mapping | None = None) -> None:
    """The columns of one file, until its mapping is kept. `before`: the one that it is read by now."""
    heading(f"What are the columns of {name}?")
    places = st.columns(4)
    shape = shape_of(name, content, places)
    likely = shape and once(name, content, ("likely", shape), lambda path: propose(path, shape=shape))
    table = likely and table_of(name, likely, places[0])
    proposal = likely
    if likely and table != likely.mapping.table:
        again = ("proposal", shape, table)
        proposal = once(name, content, again, lambda path: propose(path, shape=shape, table=table or ""))
    if not proposal:
        return
    if before and before.table == table:
        proposal = replace(proposal, mapping=replace(before, shape=proposal.mapping.shape))
    mapping = _corrected(name, proposal)
    for problem in mapping.problems():
        st.warning(work.plain(f"{problem}."))
    if not mapping.problems():
        tried = once(name, content, ("trial", mapping.to_json()), lambda path: mappings.trial(path, mapping))
        if tried:
            show_trial(tried)
    _keep(name, mapping, person)


def _corrected(name: str, proposal: Proposal) -> Mapping:
    """The proposal as the person left it."""
    small("Each column of the file with a few of its values. What is left out is not kept.")
    guessed: dict[str, Taken] = {one.source: one for one in proposal.mapping.taken}
    taken = [_column(name, source, proposal, guessed.get(source)) for source in proposal.mapping.header]
    mapping = replace(proposal.mapping, taken=tuple(one for one in taken if one))
    return replace(mapping, fixed=_fixed(name, mapping))


def _column(name: str, source: str, proposal: Proposal, guess: Taken | None) -> Taken | None:
    table, key = proposal.mapping.table, f"{name}_{proposal.mapping.table}_{source}"
    what, which, how = st.columns(3, vertical_alignment="center")
    confidence = proposal.confidence.get(source, 0.0)
    sure = (
        ""
        if guess and confidence >= SURE
        else " · likely"
        if confidence >= LEAST
        else " · unsure, look"
        if guess
        else ""
    )
    with what:
        values = " · ".join(proposal.samples[source]) or "no value"
        show(
            element("strong", source),
            element("span", sure, name="cs-quiet"),
            element("div", values, name="cs-line cs-label"),
        )
    ours = [OUT, *TABLES[table].offered]
    column = which.selectbox(
        f"{source} is", ours, ours.index(guess.column) if guess else 0, key=f"is_{key}", label_visibility="collapsed"
    )
    if column == OUT:
        return None
    one = guess if guess and guess.column == column else Taken(source, column, ways(table, column)[0])
    line = guess.line if guess else 0
    return _written(how, key, table, replace(one, line=line), proposal)


def _written(place: DeltaGenerator, key: str, table: str, one: Taken, proposal: Proposal) -> Taken:
    """How its values are written, where there is more than one way."""
    if one.how in DATED:
        forms = list(proposal.unsaid.get(one.source, ())) or list(FORMS)
        form = place.selectbox(
            f"{one.source} is written", forms, forms.index(one.form) if one.form in forms else None,
            FORMS.get, key=f"form_{key}", label_visibility="collapsed",
            placeholder="Day or month first?",
        )  # fmt: skip
        return replace(one, form=form or "")
    known = list(ways(table, one.column))
    if len(known) < 2:
        return one
    how = place.selectbox(
        f"{one.source} is written", known, known.index(one.how) if one.how in known else 0,
        key=f"how_{key}_{one.column}", label_visibility="collapsed",
    )  # fmt: skip
    return replace(one, how=how)


def _fixed(name: str, mapping: Mapping) -> dict[str, str]:
    """What is the same in every row: asked for what the table needs and no column tells."""
    open_mapping = replace(mapping, fixed={})
    needed = [
        column
        for column in TABLES[mapping.table].names
        if any(p.startswith(f"{column} is needed") for p in open_mapping.problems())
    ]
    if not needed:
        return {}
    small("For the whole file. {patient_id} stands for what is in that column of the row.")
    places = st.columns(max(len(needed), 3))
    told = {
        column: place.text_input(column, mapping.fixed.get(column, ""), key=f"fixed_{name}_{mapping.table}_{column}")
        for column, place in zip(needed, places, strict=False)
    }
    return {column: value.strip() for column, value in told.items() if value.strip()}


def _keep(name: str, mapping: Mapping, person: Account) -> None:
    place, button = st.columns([2, 1], vertical_alignment="bottom")
    called = place.text_input("Name of this mapping", Path(name).stem, max_chars=mappings.LONGEST, key=f"called_{name}")
    if button.button("Keep and use this mapping", type="primary", disabled=bool(mapping.problems())):
        by = {"account_id": person.id, "at": utc_now()}
        if work.attempt(lambda: mappings.save(engine(), replace(mapping, name=called), **by)):
            st.session_state.pop("mapping_held", None)
            st.session_state.pop("remap", None)
            st.rerun()
