"""Whose feedback is shown: a few therapists side by side, many in a list."""

from __future__ import annotations

import streamlit as st

FEW = 8
"""Most therapists whose names fit side by side: one click instead of two."""


def therapist(choices: dict[str, str], chosen: str) -> str:
    """`choices`: NPI -> name; `chosen`: the NPI shown until another is picked."""
    every = list(choices)
    if len(every) > FEW:
        return st.selectbox("Therapist", every, index=every.index(chosen), format_func=choices.__getitem__)
    return str(st.segmented_control("Therapist", every, default=chosen, format_func=choices.__getitem__, required=True))
