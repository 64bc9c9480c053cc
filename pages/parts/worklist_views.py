"""The saved views of the worklist and its filters. Both stand in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.reviewing import worklist
from audit.reviewing.worklist import Filters
from audit.rules import rule_book
from pages.parts.store import engine

ORDERS = {"riskiest first": "risk", "most dollars over first": "dollars", "due first": "due", "oldest first": "oldest",
          "by date of service": "service_date"}  # fmt: skip
SOON = timedelta(days=3)


@dataclass(frozen=True)
class View:
    """A tab: a state of `review.VIEWS`, what else must hold, the order, and what to do when it is empty."""

    name: str
    state: str
    filters: Filters
    order: str
    empty: str


def views(person: Account) -> dict[str, View]:
    """The tabs of this person by the word that stands in the address."""
    soon = (utc_now() + SOON).date()
    none = Filters()
    return {
        "mine": View("Mine", "to_review", Filters(assigned_to=person.id), "due",
                     "No claim is assigned to you. Take the first one of To review."),
        "to_review": View("To review", "to_review", none, "risk",
                          "No claim waits for review. Run an audit to choose claims."),
        "due": View("Due", "to_review", Filters(due_by=soon), "due", "No claim is due within three days."),
        "dollars": View("High dollars", "to_review", Filters(min_dollars=Decimal("0.01")), "dollars",
                        "No claim that waits has dollars at risk."),
        "sent_back": View("Sent back", "sent_back", none, "oldest", "No claim was sent back to its reviewer."),
        "on_hold": View("On hold", "on_hold", none, "due", "No claim waits for a therapist's answer."),
        "blind": View("Blind second", "second", Filters(blind=True), "oldest", "No claim waits for a blind review."),
        "second": View("Second review", "second", none, "oldest", "No claim waits for a second review."),
        "adjudicate": View("Adjudicate", "adjudicate", none, "oldest", "No two reviews differ."),
        "ready": View("To approve or return", "ready", none, "risk", "No claim waits to be approved or returned."),
        "returned": View("Returned", "returned", none, "oldest", "No claim waits for its corrected version."),
        "stale": View("Changed since", "stale", none, "oldest", "Nothing changed after its review."),
        "approved": View("Approved", "approved", none, "oldest", "No claim waits for release."),
        "released": View("Released", "released", none, "service_date", "No claim is released yet."),
    }  # fmt: skip


ALWAYS = ("mine", "to_review", "due", "ready", "returned")
"""Tabs that are shown when they are empty too."""


def numbers(every: dict[str, View], filters: Filters) -> dict[str, int]:
    """How many claims stand in each view."""
    now, plain = utc_now(), worklist.counts(engine(), joined(every["to_review"], filters), at=utc_now())
    special = {name: view for name, view in every.items() if view.filters != Filters()}
    found = {
        name: worklist.worklist(engine(), view.state, at=now, filters=joined(view, filters), size=1).total
        for name, view in special.items()
    }
    return {name: found.get(name, plain[view.state]) for name, view in every.items()}


def joined(view: View, filters: Filters) -> Filters:
    """What the view asks and what the person chose besides."""
    own = {name: getattr(filters, name) for name in ("payer_id", "therapist_npi", "rule") if getattr(filters, name)}
    return replace(view.filters, **own)


def choose_filters() -> tuple[Filters, str]:
    """The filters a person chose, and the order ("" for that of the view)."""
    choices = worklist.choices(engine())
    payers = {name: payer for payer, name in choices.payers.items()}
    therapists = {name: npi for npi, name in choices.therapists.items()}
    bound = {"index": None, "bind": "query-params", "label_visibility": "collapsed"}
    with st.container(horizontal=True, key="worklist_filters"):
        payer = st.selectbox("Payer", list(payers), key="payer", placeholder="All payers", **bound)
        therapist = st.selectbox("Therapist", list(therapists), key="therapist", placeholder="All therapists", **bound)
        rule = st.selectbox("Rule", list(rule_book()), key="rule", placeholder="All rules", **bound)
        order = st.selectbox("Order", list(ORDERS), key="order", placeholder="Order of the view", **bound)
    chosen = Filters(
        payer_id=payers.get(payer or "", ""), therapist_npi=therapists.get(therapist or "", ""), rule=rule or ""
    )
    return chosen, ORDERS.get(order or "", "")
