"""Who is at the screen. Every page begins with `person = who.require(...)`.

The account is read again from the database at each run: what the browser said when it connected may be old.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from audit.access import accounts, demo, sessions, solo
from audit.access.accounts import Account as Who
from audit.access.gate import utc_now
from audit.model import ROLE_NAMES, STAFF, Role
from pages.parts.markup import element
from pages.parts.markup import show as show_markup
from pages.parts.store import engine

_WATCH = """<style>[data-testid="stElementContainer"]:has(script[src="/assets/watch.js"]) { display: none }</style>
<script src="/assets/watch.js"></script><script src="/assets/keys.js"></script>
<script src="/assets/printing.js"></script>"""
_SIGN_OUT = """<style>.countersign-out button { font: inherit; color: inherit; background: none; cursor: pointer;
border: 1px solid color-mix(in srgb, currentColor 35%, transparent); border-radius: 8px; padding: .35rem .9rem }</style>
<form class="countersign-out" method="post" action="/sign-out"><button>Sign out</button></form>"""
SIGN_OUT_EVERYWHERE = """<form class="countersign-out" method="post" action="/sign-out">
<input type="hidden" name="everywhere" value="1"><button>Sign out everywhere</button></form>"""
SINGLE_PERSON = "Single-person mode: claims here are signed off by one person alone, and every signature says so."
DEMO = "A demo: everybody and everything here is made up."
_SIGN_IN = '<a href="/sign-in" target="_self" style="color: inherit">Sign in</a>'


def current() -> Who:
    """The person signed in. Ends the run, with a link to sign in, when there is none or the session is over."""
    st.html(_WATCH, unsafe_allow_javascript=True)
    session = sessions.find(engine(), str(st.user.get("session") or ""), utc_now())
    if session is None or str(session.account_id) != st.user.get("account"):
        _stop("You are not signed in, or your session has ended.")
    person = accounts.find(engine(), session.account_id)
    if person is None or person.must_change_password:
        _stop("You are not signed in, or your session has ended.")
    return person


def require(*roles: Role) -> Who:
    """The person signed in, when their role is one of `roles`; else the run ends here. No roles: all but therapists."""
    person, roles = current(), roles or STAFF
    if person.role not in roles:
        st.warning(
            f"This page is for: {', '.join(ROLE_NAMES[role] for role in roles)}. You are {ROLE_NAMES[person.role]}."
        )
        st.stop()
    return person


def show(person: Who) -> None:
    """Name, role and the way out, at the foot of the sidebar."""
    with st.sidebar:
        st.text(f"{person.name}\n{ROLE_NAMES[person.role]}")
        if demo.is_on():
            st.caption(DEMO)
        st.html(_SIGN_OUT)


def tell_mode() -> None:
    """On every screen, while one person signs alone: that it is so."""
    if solo.is_on_now(engine()):
        show_markup(element("p", SINGLE_PERSON, name="cs-alone"))


def _stop(why: str) -> NoReturn:
    st.warning(why)
    st.html(_SIGN_IN)
    st.stop()
