"""Payers: how each one counts and what it asks, by date; a change is a new row, and the history stays."""

from __future__ import annotations

import streamlit as st

from audit.access.gate import utc_now
from audit.payers import payer_profiles
from pages.parts import who, work
from pages.parts.headings import heading, small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day

WORDS = {"unit_method": "Units are counted by", "therapy_modifier": "GO", "assistant_modifier": "CO",
         "medicare": "Is it Medicare", "authorization": "Authorisation number",
         "habilitative_modifier": "96 or 97"}  # fmt: skip
COLUMNS = {"payer_id": "payer", "name": "name", "unit_method": "units by",
           "therapy_modifier": "GO", "assistant_modifier": "CO", "medicare": "Medicare",
           "authorization": "authorisation number", "habilitative_modifier": "96/97", "pair_edits": "pairs",
           "since": "from", "until": "to", "reason": "known from", "saved": "saved by"}  # fmt: skip

person = who.require()
st.title("Payers", anchor=False)
st.write(
    "A profile saved here counts before one that came with a file, from its first day on; before that day the file's "
    "counts, then what comes with Countersign. A payer of which nothing is known is judged by both ways of counting."
)
saved = payer_profiles.saved(engine())
if saved.empty:
    st.info("No profile is saved yet.")
else:
    told = saved.assign(
        since=saved["effective_from"].map(day),
        until=saved["effective_to"].map(day).replace("", "open").mask(saved["replaced"].astype("bool"), "replaced"),
        saved=[f"{by}, {day(at)}" for by, at in zip(saved["by"], saved["at"], strict=True)],
    )
    show_rows(told.fillna("").replace("", "–"), COLUMNS, "Profiles, newest first", whole=("since", "until"))
if person.role in payer_profiles.EDITORS:
    heading("Save a profile")
    small(
        "Nothing is changed in place: the new row holds from its first day on and closes the one before. Claims under "
        "review that it bears on go back to the worklist, until the rules ran on them again."
    )
    with st.form("profile", clear_on_submit=True):
        left, right = st.columns(2)
        profile = {"payer_id": left.text_input("Payer id, as on its claims", max_chars=200)}
        profile["name"] = right.text_input("Name", max_chars=200)
        for number, (column, says) in enumerate(WORDS.items()):
            place, words = (left, right)[number % 2], payer_profiles.CHOICES[column]
            profile[column] = place.selectbox(says, words, format_func=lambda word: word or "not known")
        profile["pair_edits"] = right.selectbox(
            "Pairs of codes", payer_profiles.pair_lists(), format_func=lambda word: word or "not known"
        )
        first = left.date_input("First date of service it holds for", utc_now().date(), format="YYYY-MM-DD")
        reason = st.text_input("Known from (contract, letter, manual)", max_chars=500)
        if st.form_submit_button("Save", type="primary"):
            who_and_when = {"account_id": person.id, "at": utc_now()}
            values = {"effective_from": first, "reason": reason, **who_and_when}
            if work.attempt(lambda: payer_profiles.save(engine(), profile, **values)) is not None:
                st.rerun()
