"""What takes long to count, kept for this session until something is loaded, run, decided, signed or taught."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from audit.feedback import items
from pages.parts.store import engine

Counted = TypeVar("Counted")


def kept(name: str, npi: str, make: Callable[[], Counted]) -> Counted:
    """Counts without a patient in them: numbers by code, level and rule."""
    state = (npi, *items.as_of(engine()))
    held = st.session_state.get(name)
    if held is None or held[0] != state:
        st.session_state[name] = held = (state, make())
    return held[1]
