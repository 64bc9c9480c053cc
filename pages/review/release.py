"""Release approved claims to the billing system; correction sheets of returned ones."""

from __future__ import annotations

import streamlit as st

from audit import release
from audit.access.gate import utc_now
from audit.reports import csv_line
from audit.reviewing import worklist
from pages.parts import who, work
from pages.parts.headings import heading
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import moment, number

SHEET = {
    "line_number": "line",
    "rule": "rule",
    "now": "reads now",
    "should_be": "should read",
    "why": "why",
    "by": "by",
}
MADE = {"id": "release", "when": "when", "name": "by", "claims": "claims", "csv_sha256": "SHA-256 of the file"}

person = who.require(*release.RELEASERS)
st.title("Release", anchor=False)
waiting = release.approved_claims(engine())
st.text(f"{number(len(waiting), 'approved claim')} to release. Releasing gives the file for the billing system.")
if waiting and st.button("Release them", type="primary"):
    made = work.attempt(lambda: release.release(engine(), waiting, account_id=person.id, at=utc_now()))
    if made:
        st.session_state["released"] = made
        st.rerun()
if (made := st.session_state.get("released")) is not None:
    st.success(f"Release {made.id}: {number(made.claims, 'claim')}. SHA-256 {made.sha256}")
    ids = "\n".join(dict.fromkeys(row.split(",")[0] for row in made.csv.splitlines()[1:])) + "\n"
    with st.container(horizontal=True):
        st.download_button("Download the lines", made.csv, f"release-{made.id}.csv", "text/csv", on_click="ignore")
        st.download_button("Download the claim ids", ids, f"release-{made.id}-ids.txt", on_click="ignore")

earlier = release.releases_made(engine())
if len(earlier):
    heading("Earlier releases")
    show_rows(earlier.assign(when=earlier["at"].map(moment)), MADE, "", whole=("when",))
    which = st.selectbox("The file of a release again", list(earlier["id"]), None, placeholder="a release")
    if which is not None and st.button("Get the file"):
        again = work.attempt(lambda: release.again(engine(), int(which), account_id=person.id, at=utc_now()))
        st.session_state["released"] = again
        st.rerun()

heading("Correction sheets")
back = worklist.worklist(engine(), "returned", at=utc_now(), order="oldest", size=200).rows
if back.empty:
    st.text("No claim waits for its corrected version.")
else:
    names = dict(zip(back["claim_version_id"], back["claim_id"], strict=True))
    chosen = st.selectbox("Returned claim", list(names), format_func=names.get)
    sheet = release.correction_sheet(engine(), int(chosen), person.id)
    show_rows(sheet.assign(line_number=sheet["line_number"].map(lambda n: "all" if n is None else str(int(n)))), SHEET,
              f"Claim {names[chosen]}")  # fmt: skip
    text = "".join(f"{csv_line(row)}\n" for row in [SHEET.values(), *sheet.itertuples(index=False)])
    st.download_button("Download the sheet", text, f"correction-{names[chosen]}.csv", "text/csv", on_click="ignore")
