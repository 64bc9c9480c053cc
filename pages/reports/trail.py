"""The trail: who did what and when, by filter; and the regular review of it. Looking is an event too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import streamlit as st

from audit import trail_view
from audit.access.gate import utc_now
from audit.reviewing.review_rights import TRAIL_READERS
from audit.trail_view import EventFilter
from pages.parts import who, work
from pages.parts.headings import small
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import moment, number

SIZE = 50
COLUMNS = {"id": "event", "when": "when", "who": "who", "kind": "what", "subject": "on", "details": "details",
           "change": "before → after", "origin": "from"}  # fmt: skip

person = who.require(*TRAIL_READERS)
st.title("Trail", anchor=False)
last = trail_view.last_review(engine())
if last:
    small(f"Last reviewed by {last['who']}, {moment(last['at'])}, up to event {last['upto']}: {last['text']}")
else:
    st.warning("Nobody has reviewed the trail yet.")
with st.container(horizontal=True, vertical_alignment="bottom"):
    kind = st.selectbox("What", trail_view.kinds(engine()), None, placeholder="every kind of event", key="kind")
    version = st.text_input("Subject", placeholder="claim version 12", key="subject")
    since = st.date_input("From", None, format="YYYY-MM-DD", key="since")
    until = st.date_input("To", None, format="YYYY-MM-DD", key="until")
wanted = EventFilter(
    kind=kind or "",
    subject=version.strip(),
    since=datetime.combine(since, time(), UTC) if since else None,
    until=datetime.combine(until + timedelta(days=1), time(), UTC) if until else None,
)
page_key = f"trail_page_{hash(wanted)}"
asked = (wanted, st.session_state.get(page_key, 1))
if st.session_state.get("trail_asked") != asked:
    seen = trail_view.events_seen(engine(), viewer=person.id, at=utc_now(), wanted=wanted, page=asked[1], size=SIZE)
    st.session_state["trail_asked"], st.session_state["trail_seen"] = asked, seen
found = st.session_state["trail_seen"]
small(f"{number(found.total, 'event')}, the newest first. Times are UTC.")
if found.total > SIZE:
    st.pagination(-(-found.total // SIZE), key=page_key)
rows = found.rows.assign(
    when=found.rows["at"].map(moment),
    change=[f"{a} → {b}" if a or b else "" for a, b in zip(found.rows["before"], found.rows["after"], strict=True)],
)
show_rows(rows, COLUMNS, "", whole=("when",), loose=("details",))
with st.expander("Record that you reviewed the trail"):
    text = st.text_area("What you looked at, and what you found", key="trail_text")
    if st.button("Record the review", type="primary"):
        newest = int(found.rows["id"].max()) if len(found.rows) else None
        act = {"account_id": person.id, "at": utc_now(), "text": text, "upto": newest}
        if work.attempt(lambda: trail_view.record_review(engine(), **act) or True):
            st.rerun()
