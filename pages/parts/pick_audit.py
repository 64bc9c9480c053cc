"""Choosing an audit. Which one is open stands in the address (`?audit=3`), so that it survives a reload."""

from __future__ import annotations

import pandas as pd
import streamlit as st


def pick_audit(audits: pd.DataFrame, label: str, *, first: int | None, without: str = "") -> int | None:
    """The id of the audit chosen from `results.overview`; `first` when the address names none. `without` is what
    choosing none means, where that may be."""
    names = {int(one["id"]): f"{one['name']} · {one['state']}" for one in audits.to_dict("records")}
    asked = st.query_params.get("audit", "")
    known = int(asked) if asked.isdigit() and int(asked) in names else None
    if asked and known is None:
        st.warning("The address names an audit that is not here.")
    st.session_state["picked_audit"] = first if known is None else known
    return st.selectbox(
        label,
        list(names),
        index=None if without else 0,
        format_func=names.get,
        placeholder=without or None,
        key="picked_audit",
        on_change=_remember,
    )


def open_audit(audit_id: int) -> None:
    """Put an audit into the address, in place of whatever stood there."""
    st.query_params.from_dict({"audit": str(audit_id)})


def _remember() -> None:
    chosen = st.session_state["picked_audit"]
    st.query_params.from_dict({"audit": str(chosen)} if chosen else {})
