"""What an administrator can do with an account: the buttons, and what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from audit.access import invitations, people, settings, solo
from audit.access.accounts import Account
from audit.errors import CountersignError
from audit.model import ROLE_NAMES
from pages.parts.headings import small
from pages.parts.store import engine

_SAID, _DONE = "people_said", "people_done"
ALONE = """In a practice of one, the person who reviews may also approve. Every signature then says so for ever, and
every screen while the mode is on. It ends by itself when a second person gets an account that reviews."""


def state(one: people.Person) -> str:
    """How an account stands, in a word or two."""
    if not one.account.active:
        return "stopped"
    if one.locked_until:
        return f"locked until {one.locked_until:%H:%M} UTC"
    if not one.has_password:
        return "has not begun"
    return "must change the password" if one.account.must_change_password else "active"


def offer(one: people.Person, *, by: Account, now: datetime) -> None:
    """The actions that make sense for this account."""
    account, own = one.account, one.account.id == by.id
    act = partial(_act, one.account.id, by=by, now=now)
    if own:
        small("Your own role and account are for another administrator to change.")
    else:
        with st.form(f"role_{account.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            roles = list(ROLE_NAMES)
            role = st.selectbox("Role", roles, index=roles.index(account.role), format_func=ROLE_NAMES.__getitem__)
            if st.form_submit_button("Change role"):
                act(people.change_role, f"{account.name} is now {ROLE_NAMES[role]}.", role)
    with st.container(horizontal=True):
        if one.locked_until and st.button("Reset the lock"):
            act(people.unlock, f"{account.name} can sign in again.")
        if one.sessions and st.button("Sign out everywhere"):
            act(people.end_sessions, f"{account.name} is signed out everywhere.")
        if account.active and st.button("New one-time link"):
            act(people.invite, f"A one-time link for {account.name}, good for a day:")
        if account.active and not own and st.button("Stop the account"):
            act(people.stop, f"{account.name} is stopped. What they signed stays.")
        if not account.active and st.button("Start the account again"):
            act(people.start_again, f"{account.name} can sign in again.")


def add_form(*, by: Account, now: datetime) -> None:
    with st.form(f"add_person_{st.session_state.get(_DONE, 0)}"):
        left, right = st.columns(2)
        name = left.text_input("Name, as it is printed in signatures", max_chars=200)
        username = right.text_input("Username", max_chars=80)
        role = left.selectbox("Role", list(ROLE_NAMES), format_func=ROLE_NAMES.__getitem__)
        npi = right.text_input(
            "NPI, for those who treat", max_chars=10, help="They cannot sign off claims of their own."
        )
        if st.form_submit_button("Add and make the link", type="primary"):
            add = partial(people.add, engine(), username=username, name=name, role=role, npi=npi, by=by.id, at=now)
            _do(add, f"A one-time link for {name.strip()}, good for a day:")


def single_person_mode(*, by: Account, now: datetime) -> None:
    on = solo.is_on_now(engine())
    st.text(ALONE)
    with (
        st.form(f"single_person_{st.session_state.get(_DONE, 0)}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        reason = st.text_input("Why", max_chars=400)
        if st.form_submit_button("Switch it off" if on else "Switch it on"):
            change = partial(solo.switch, engine(), not on, by=by.id, at=now, reason=reason)
            _do(change, f"Single-person mode is {'off' if on else 'on'}.")


def tell() -> None:
    """What the last action did; a one-time link is shown once."""
    said, link = st.session_state.pop(_SAID, ("", ""))
    if said:
        st.success(said)
    if link:
        st.code(link, language=None, wrap_lines=True)


def _act(account_id: int, change: Callable[..., str | None], said: str, *more: Any, by: Account, now: datetime) -> None:
    _do(partial(change, engine(), account_id, *more, by=by.id, at=now), said)


def _do(change: Callable[[], str | None], said: str) -> None:
    """Do it and show the page anew; or say why it cannot be."""
    try:
        token = change()
    except CountersignError as error:
        st.error(str(error)[:1].upper() + str(error)[1:])
        return
    st.session_state[_DONE] = st.session_state.get(_DONE, 0) + 1  # forms begin anew, empty
    st.session_state[_SAID] = (said, _site() + invitations.path_of(token) if token else "")
    st.rerun()


def _site() -> str:
    here = urlsplit(st.context.url or "")
    return settings.public_url() or f"{here.scheme}://{here.netloc}"
