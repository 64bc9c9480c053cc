"""Your account: who you are here, and how to change your password."""

import streamlit as st

from audit.model import ROLE_NAMES, STAFF
from pages.parts import who

person = who.require(*STAFF, "therapist")
st.title("Your account")
st.text(f"{person.name}, {ROLE_NAMES[person.role]}\nUsername: {person.username}")
if person.npi:
    st.text(f"NPI: {person.npi}. You cannot sign off claims of your own.")
st.html('<a href="/change-password" target="_self" style="color: inherit">Change your password</a>')
st.html(who.SIGN_OUT_EVERYWHERE)
