"""The files that are handed in, before they are loaded: which need a mapping, which are read by one that is kept."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audit.access.accounts import Account
from audit.intake.foreign.mapping import Mapping
from audit.loading import arrivals, mappings
from pages.parts.mapping_form import show_mapping
from pages.parts.store import engine
from pages.parts.work import plain

Files = Sequence[tuple[str, bytes]]
MOST_HELD = 50


def ready(files: Files, person: Account) -> bool:
    """Shows the columns of the first file that nobody has mapped yet; True when all files can be loaded."""
    kept = mappings.saved(engine())
    looked = [(name, content, _looked(name, content, kept)) for name, content in files]
    asked = st.session_state.get("remap", "")
    unknown = next(((n, c, seen) for n, c, seen in looked if seen.needs_mapping or n == asked), None)
    if unknown:
        show_mapping(*unknown[:2], person, unknown[2].mapping)
        return False
    for name, _, seen in looked:
        label = seen.mapping and plain(f"Change how {name} is read (mapping {seen.mapping.name})")
        if label and st.button(label, type="tertiary", key=f"re_{name}"):
            st.session_state["remap"] = name
            st.rerun()
    return True


def _looked(name: str, content: bytes, kept: Sequence[Mapping]) -> arrivals.Looked:
    """Each file is looked at once for the mappings there are."""
    held: dict[object, arrivals.Looked] = st.session_state.setdefault("looked", {})
    key = (name, hash(content), tuple(one.to_json() for one in kept))
    if key not in held:
        if len(held) > MOST_HELD:
            held.clear()
        held[key] = arrivals.look(name, content, kept)
    return held[key]
