"""The frame of the app: builds the server, says who you are, lists the pages for your role.

`streamlit run app.py` runs this file twice: once to find `app`, the server, and then for every visitor.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import audit
from audit.feedback.rights import READERS, RULERS
from audit.model import OPENERS, ROLE_NAMES, STAFF

MARK = Path(audit.__file__).parent / "access/assets/mark.svg"
EVERYONE = STAFF
TREATS = "has an NPI"
"""In place of a role: whoever treats, for the feedback on their own claims."""
REVIEWING = ("reviewer", "second_reviewer", "doctor_of_ot", "manager", "auditor")
PAGES: dict[str, list[tuple[str, str, str | None, tuple[str, ...]]]] = {
    "": [
        ("pages/home/home.py", "Home", None, EVERYONE),
    ],
    "Review": [
        ("pages/review/worklist.py", "Worklist", None, (*REVIEWING, "administrator")),
        ("pages/review/claim.py", "Claim", None, REVIEWING),
        ("pages/review/together.py", "Decide together", None, ("reviewer", "second_reviewer", "doctor_of_ot")),
        ("pages/review/release.py", "Release", None, ("second_reviewer", "doctor_of_ot", "manager", "administrator")),
        ("pages/review/record.py", "Record of a claim", None, ("manager", "administrator", "auditor")),
    ],
    "Feedback": [
        ("pages/feedback/coding.py", "Coding feedback", None, (*READERS, "therapist", TREATS)),
        ("pages/feedback/disputes.py", "Disputes", None, RULERS),
    ],
    "Audits": [
        ("pages/audits/load.py", "Load", None, OPENERS),
        ("pages/audits/documents.py", "Documents", None, OPENERS),
        ("pages/audits/run.py", "Run an audit", None, OPENERS),
        ("pages/audits/reaudits.py", "Re-audits", None, ("manager", "administrator", "auditor", "doctor_of_ot")),
    ],
    "Reports": [
        ("pages/reports/error_rates.py", "Error rates", None, EVERYONE),
        ("pages/reports/denials.py", "Denials", None, ("auditor", "administrator", "manager")),
        ("pages/reports/overpayments.py", "Overpayments", None, ("auditor", "administrator", "manager")),
        ("pages/reports/rule_book.py", "Rule book", None, EVERYONE),
        ("pages/reports/rule_quality.py", "Rules measured", None, (*REVIEWING, "administrator")),
        ("pages/reports/trail.py", "Trail", None, ("auditor", "administrator", "manager")),
    ],
    "Administration": [
        ("pages/admin/people.py", "People", None, ("administrator",)),
        ("pages/admin/review_plan.py", "Review plan", None, ("manager", "administrator")),
        ("pages/admin/payers.py", "Payers", None, EVERYONE),
        ("pages/admin/facts.py", "Facts", None, EVERYONE),
    ],
    "Account": [
        ("pages/account/yours.py", "Your account", None, tuple(ROLE_NAMES)),
    ],
}
"""Section -> its pages: file, title, icon (":material/name:" or None), roles. The first one allowed is the home."""

if get_script_run_ctx(suppress_warning=True) is None:
    from pages.parts import server

    server.start()
    app = st.App(__file__, routes=server.routes(), middleware=server.middleware(), on_script_error=server.failed)
else:
    from pages.parts import who
    from pages.parts.markup import style

    st.set_page_config(page_title="Countersign", page_icon=str(MARK), layout="wide")
    person = who.current()
    mine = {person.role, TREATS} if person.npi else {person.role}
    allowed = {
        section: [st.Page(file, title=title, icon=icon) for file, title, icon, roles in lines if mine & set(roles)]
        for section, lines in PAGES.items()
    }
    style()
    listed = {section: pages for section, pages in allowed.items() if pages}
    if "" not in listed:  # without a home "/" leads on, so that the first page keeps its own address
        first = next(iter(listed.values()))[0]
        begin = st.Page(
            lambda: st.switch_page(first), title="Begin", url_path="begin", visibility="hidden", default=True
        )
        listed = {"": [begin], **listed}
    page = st.navigation(listed, expanded=True)
    who.show(person)
    who.tell_mode()
    page.run()
