"""The password again before a signature, and where the work goes on after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import streamlit as st
from sqlalchemy import Engine

from audit import leases, sign_off, worklist
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.errors import CountersignError
from audit.evidence import Decided
from pages.parts.store import engine
from pages.parts.work import plain

AFTER = {"second": "second", "adjudicate": "adjudicate", "ready": "ready"}
"""State of a claim -> the view in which the next one is looked for; every other one waits for a first review."""
Sign = Callable[..., object]


def who(person: Account) -> dict[str, Any]:
    return {"account_id": person.id, "at": utc_now()}


def confirmed(person: Account) -> bool:
    """Whether this person typed their password in this window a short while ago."""
    typed = st.session_state.get("confirmed")
    return typed is not None and typed[0] == person.id and utc_now() - typed[1] < sign_off.SITTING


def sign(said: str, person: Account, decided: Decided, act: Sign) -> None:
    """Sign at once within a sitting; else ask for the password first. Then open the next claim."""
    if confirmed(person):
        confirm = sign_off.by_sitting(*st.session_state["confirmed"])
        done(lambda: act(confirm=confirm, **who(person)), said, then=decided)
    else:
        _ask(said, person, decided, act)


def with_password(password: str, person: Account) -> sign_off.Confirm:
    """Confirmation by this password; once right, it stands for the sitting."""
    typed = sign_off.by_password(password)

    def confirm(store: Engine, account_id: int, at: datetime) -> str:
        how = typed(store, account_id, at)
        st.session_state["confirmed"] = (person.id, at)
        return how

    return confirm


@st.dialog("Sign with your password")
def _ask(said: str, person: Account, decided: Decided, act: Sign) -> None:
    st.text(f"{person.name}, claim {decided.claim['claim_id']}: {said.lower()}.")
    with st.form("sign", border=False):
        password = st.text_input("Your password again", type="password")
        pressed = st.form_submit_button(said, type="primary")
    minutes = sign_off.SITTING // timedelta(minutes=1)
    st.text(f"It stands for further signatures in this window for {minutes} minutes. The trail says which it was.")
    if pressed:
        confirm = with_password(password, person)
        done(lambda: act(confirm=confirm, **who(person)), said, then=decided, inside=True)


def done(act: Callable[[], object], said: str, *, then: Decided | None = None, inside: bool = False) -> None:
    """Do it, say so and go on; what cannot be done is said in its own words, and nothing moves. `inside` a dialog
    it is said there, so that nothing typed is lost."""
    try:
        result = act()
    except CountersignError as error:
        if inside:
            st.error(plain(error.sentence()))
            return
        st.session_state["refused"] = error.sentence()
        st.rerun()
    st.session_state["said"] = said
    st.session_state["newest"] = result
    if then is not None:
        go_on(then)
    st.rerun()


def at_once(act: Callable[[], object], said: str) -> None:
    """For a button's `on_click`: done before the page is drawn, so that one key costs one run of it."""
    try:
        st.session_state["newest"] = act()
    except CountersignError as error:
        st.session_state["refused"] = error.sentence()
    else:
        st.session_state["said"] = said


def go_on(decided: Decided) -> None:
    """Open the next claim of the same view; the worklist when there is none. The claim is left to others."""
    claim, person = int(decided.claim["id"]), st.session_state.get("person")
    if person is not None:
        leases.give_back(engine(), claim, account_id=person)
    audit = st.query_params.get("audit", "")
    view = AFTER.get(decided.state, "to_review")
    following = worklist.next_claim(
        engine(),
        view,
        after=claim,
        audit_id=int(audit) if audit.isdigit() else None,
        account_id=person,
        at=utc_now(),
    )
    if following is None:
        st.switch_page("pages/review/worklist.py", query_params={"view": view})
    st.query_params["claim"] = str(following)
    st.rerun()
