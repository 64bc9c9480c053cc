"""People: who may use Countersign, what they may do, and the way back in for those who cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from audit.access import people
from audit.model import ROLE_NAMES
from pages.parts import person_actions, who
from pages.parts.headings import heading, small
from pages.parts.markup import show, table
from pages.parts.store import engine
from pages.parts.words import number

person = who.require("administrator")
now = datetime.now(UTC)
st.title("People", anchor=False)
person_actions.tell()
everyone = people.everyone(engine(), now)
show(
    table(
        ["Name", "Username", "What they do", "NPI", "State", "Signed in"],
        [
            [
                one.account.name,
                one.account.username,
                ROLE_NAMES[one.account.role],
                one.account.npi or "none",
                person_actions.state(one),
                str(one.sessions or "no"),
            ]
            for one in everyone
        ],
        caption=number(len(everyone), "account"),
    )
)
heading("Change an account")
names = {one.account.id: f"{one.account.name} ({one.account.username})" for one in everyone}
chosen = st.selectbox("Whose", list(names), format_func=names.__getitem__)
person_actions.offer(next(one for one in everyone if one.account.id == chosen), by=person, now=now)

heading("Add a person")
small("They get a link that works once, within a day, and choose their own password. Nobody else ever knows it.")
person_actions.add_form(by=person, now=now)

heading("Single-person mode")
person_actions.single_person_mode(by=person, now=now)
