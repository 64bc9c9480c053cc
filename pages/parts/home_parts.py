"""What waits, by role: one sentence, one button, and the few facts behind them."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from audit import overpayments, reaudits
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.auditing import screening
from audit.facts.reference import load_facts
from audit.figures import changed, results
from audit.loading import arrivals
from audit.model import OPENERS
from audit.reviewing import worklist
from audit.reviewing.review import VIEWS
from audit.reviewing.worklist import Filters
from pages.parts import audit_new, charts
from pages.parts.headings import heading, small
from pages.parts.markup import element, show, table
from pages.parts.store import engine
from pages.parts.words import day, number

SECOND_HAND = {"adjudicate": "to adjudicate", "second": "for a second review", "ready": "to approve or return"}
NEAR = timedelta(days=90)
"""A fact table that ends within this time is named."""


def begin(person: Account) -> None:
    """Before the first claim is chosen for review: the step that comes next."""
    loaded = screening.population(engine()).claims
    if person.role not in OPENERS:
        st.info("No claim is chosen for review yet. A manager or an administrator loads claims and runs an audit.")
    elif not loaded:
        st.info("No claims are loaded yet.")
        st.page_link("pages/audits/load.py", label="Load claims and notes")
    else:
        st.info(f"{_claims(loaded)} loaded, none chosen for review yet.")
        audit_new.show_audit(person, first=True)
    if person.role == "administrator":
        st.page_link("pages/admin/people.py", label="Add the two people who review and approve")


def waiting(person: Account, counts: dict[str, int]) -> None:
    """For who reviews: how much waits, how much of it is due, and one button to go on."""
    first = sum(counts[view] for view in worklist.FIRST_HAND)
    second = {view: counts[view] for view in SECOND_HAND if counts[view]} if person.role != "reviewer" else {}
    due = _due_today()
    if second:
        heading(", ".join(f"{_claims(n)} {SECOND_HAND[view]}" for view, n in second.items()))
    if first or not second:
        heading(_for_first(first, due))
    view = next((one for one in (*second, "to_review") if _next(one, person)), None)
    if view and st.button("Continue reviewing", type="primary", shortcut="enter"):
        st.switch_page("pages/review/claim.py", query_params={"claim": str(_next(view, person))})
    if blind := _number("second", Filters(blind=True)):
        small(
            f"{number(blind, 'second review')} blind: what the first reviewer decided stays hidden until yours is in."
        )
    if held := counts["on_hold"]:
        late = _number("on_hold", Filters(due_by=utc_now().date()))
        small(f"{_claims(held)} on hold for a therapist's answer, {late} of them due.")
        st.page_link("pages/review/worklist.py", label="Questions that wait", query_params={"view": "on_hold"})


def _claims(n: int) -> str:
    return number(n, "claim")


def _for_first(first: int, due: int) -> str:
    if not first:
        return "Nothing waits for you"
    return f"{_claims(first)} {'waits' if first == 1 else 'wait'} for review, {due} due today"


def _due_today() -> int:
    return sum(_number(view, Filters(due_by=utc_now().date())) for view in worklist.FIRST_HAND)


def _number(view: str, filters: Filters) -> int:
    return worklist.counts(engine(), filters, at=utc_now())[view]


def _next(view: str, person: Account) -> int | None:
    return worklist.next_claim(engine(), view, account_id=person.id, at=utc_now())


def backlog() -> None:
    """For who manages: where claims stand and for how long."""
    heading("Where the claims stand")
    rows = [
        [VIEWS[one["state"]], f"{one['claims']:,}", number(one["median"], "day"), number(one["oldest"], "day")]
        for one in worklist.ages(engine(), utc_now()).to_dict("records")
    ]
    show(table(["state", "claims", "half wait longer than", "oldest"], rows, caption="Claims by state",
               numbers=[1, 2, 3]))  # fmt: skip


def rate() -> None:
    """The newest answer on the error rate, with its interval."""
    overview = results.overview(engine())
    if overview.empty:
        return
    now = results.results(engine(), results.first_to_show(overview))
    heading(now.question)
    show(element("p", now.sentence, name="cs-answer"))
    if since := changed.sentence(engine(), now):
        show(element("p", since))
    if now.estimate:
        st.plotly_chart(charts.interval(now.estimate, now.limit), config=charts.BARE, alt=now.interval)
    st.page_link("pages/reports/error_rates.py", label="All of the error rates")


def due(today: date) -> None:
    """For who schedules audits and keeps the log of overpayments: what is due, a line each."""
    if line := reaudits.waits(engine(), today):
        st.text(line)
        st.page_link("pages/audits/reaudits.py", label="What is due for audit")
    if line := overpayments.waits(engine(), today):
        st.text(line)
        st.page_link("pages/reports/overpayments.py", label="What is to be paid back")


def upkeep(today: date) -> None:
    """For the administrator: facts that end soon or have ended, and loads with refused rows."""
    heading("Facts about to run out")
    ending = [one for one in load_facts().coverage.values() if one.covers_to and one.covers_to < today + NEAR]
    rows = [
        [one.what[:1].upper() + one.what[1:], ("▲ ended " if one.covers_to < today else "ends ") + day(one.covers_to),
         one.refresh]
        for one in sorted(ending, key=lambda one: one.covers_to or today) if one.covers_to
    ]  # fmt: skip
    if rows:
        show(table(["facts", "until", "renew"], rows, caption="Claims after these days cannot be tested on them"))
    else:
        small("No table ends within 90 days.")
    heading("Loads with refused rows")
    loads = arrivals.earlier(engine())
    some = [one for one in loads.to_dict("records") if one["counts"]["refused"]["rows"]]
    told = [[day(one["at"]), one["name"], f"{one['counts']['refused']['rows']:,}"] for one in some]
    if told:
        show(table(["when", "files", "rows refused"], told, caption="The newest loads", numbers=[2]))
    else:
        small("None of the newest loads refused a row.")
