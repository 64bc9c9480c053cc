"""The password again before a signature, and where the work goes on after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import streamlit as st
from sqlalchemy import Engine

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.errors import CountersignError
from audit.reviewing import leases, sign_off, worklist
from audit.reviewing.evidence import Decided
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


def sign_button(label: str, said: str, person: Account, decided: Decided, act: Sign, **look: Any) -> None:
    """A button that signs at once within a sitting, in one run of the page, else asks for the password first. Then
    the next claim opens."""
    if confirmed(person):
        confirm = sign_off.by_sitting(*st.session_state["confirmed"])
        signed = partial(at_once, lambda: act(confirm=confirm, **who(person)), said, then=decided)
        st.button(label, shortcut="s", on_click=signed, **look)
    elif st.button(label, shortcut="s", **look):
        _ask(label, said, person, decided, act)


def with_password(password: str, person: Account) -> sign_off.Confirm:
    """Confirmation by this password; once right, it stands for the sitting."""
    typed = sign_off.by_password(password)

    def confirm(store: Engine, account_id: int, at: datetime) -> str:
        how = typed(store, account_id, at)
        st.session_state["confirmed"] = (person.id, at)
        return how

    return confirm


@st.dialog("Sign with your password")
def _ask(label: str, said: str, person: Account, decided: Decided, act: Sign) -> None:
    st.text(f"{person.name}, claim {decided.claim['claim_id']}.")
    with st.form("sign", border=False):
        password = st.text_input("Your password again", type="password")
        pressed = st.form_submit_button(label, type="primary")
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
    if then is not None:
        _open_next(then)
    else:
        st.session_state["newest"] = result
    st.rerun()


def at_once(act: Callable[[], object], said: str, *, then: Decided | None = None) -> None:
    """For a button's `on_click`: done before the page is drawn, so that one key costs one run of it."""
    try:
        result = act()
    except CountersignError as error:
        st.session_state["refused"] = error.sentence()
        return
    st.session_state["said"] = said
    if then is None:
        st.session_state["newest"] = result
    else:
        _open_next(then)


def skip(decided: Decided) -> None:
    """For a button's `on_click`: leave this claim to others and open the next one."""
    if (person := st.session_state.get("person")) is not None:
        leases.give_back(engine(), int(decided.claim["id"]), account_id=person)
    _open_next(decided)


def ended() -> None:
    """When the last claim of its view was just signed or skipped: on to the worklist."""
    if view := st.session_state.pop("ended", None):
        st.switch_page("pages/review/worklist.py", query_params={"view": view})


def _open_next(decided: Decided) -> None:
    """A callback may not change the page: where no further claim is, `ended` does."""
    claim = following(decided)
    if claim is None:
        st.session_state["ended"] = _view(decided)
    else:
        st.query_params["claim"] = str(claim)


def _view(decided: Decided) -> str:
    return AFTER.get(decided.state, "to_review")


def following(decided: Decided) -> int | None:
    """The next claim of the same view."""
    audit = st.query_params.get("audit", "")
    return worklist.next_claim(
        engine(),
        _view(decided),
        after=int(decided.claim["id"]),
        audit_id=int(audit) if audit.isdigit() else None,
        account_id=st.session_state.get("person"),
        at=utc_now(),
    )
