"""The rules of a review plan as a table, and the form that makes a new plan of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.reviewing import review_plan, worklist
from audit.reviewing.review_plan import Plan, PlanRule
from pages.parts import work
from pages.parts.headings import small
from pages.parts.markup import show, table
from pages.parts.store import engine
from pages.parts.words import SEVERITY_WORDS

DRAFT = "plan_draft"
ANY = ""


def in_words(plan: Plan) -> str:
    """One sentence a rule, then the blind share."""
    rules = [f"{_people(rule)} for {rule.why}" for rule in plan.rules]
    share = [f"{plan.blind_share:.0%} of all claims drawn for a blind second review"] if plan.blind_share else []
    return "; ".join([*rules, *share]) or "one reviewer for every claim"


def show_rules(plan: Plan, caption: str) -> None:
    rows = [[rule.why, _people(rule)] for rule in plan.rules]
    if plan.blind_share:
        rows.append([f"{plan.blind_share:.0%} of all claims, drawn by chance", "2 people, the second blind"])
    rows.append(["every other claim" if rows else "every claim", "1 person"])
    show(table(["claims with", "reviewed by"], rows, caption=caption))


def new_plan(now: Plan, person: Account) -> None:
    """Rules are added to or taken off a draft that begins as the plan in force; then a reason puts it in force."""
    draft: list[PlanRule] = st.session_state.setdefault(DRAFT, list(now.rules))
    for place, rule in enumerate(draft):
        said, away = st.columns([6, 1], vertical_alignment="center")
        said.text(f"{_people(rule)} for {rule.why}")
        if away.button("Take off", key=f"plan_off_{place}"):
            draft.pop(place)
            st.rerun()
    with st.expander("Add a rule", expanded=not draft):
        _add(draft)
    with st.form("plan", border=False):
        share = st.number_input(
            "Blind second reviews, percent of all claims", 0.0, 100.0, 100 * now.blind_share, 1.0, format="%.0f"
        )
        reason = st.text_input("Reason", max_chars=500)
        small("The seed of the draw is made now and kept with the plan, so that the draw can be made again.")
        if st.form_submit_button("Put in force", type="primary"):
            _put_in_force(replace(now, rules=tuple(draft), blind_share=share / 100, seed="", id=None), reason, person)


def _add(draft: list[PlanRule]) -> None:
    payers = worklist.choices(engine()).payers
    severities = {ANY: "any", **{word: SEVERITY_WORDS[word] for word in review_plan.SEVERITIES}}
    with st.form("plan_rule", border=False, clear_on_submit=True):
        left, right = st.columns(2)
        people = left.selectbox("People who review", [2, 3])
        severity = right.selectbox("A finding of severity", list(severities), format_func=severities.get)
        dollars = left.number_input("Dollars over, at least", 0.0, None, None, 10.0, placeholder="any")
        risk = right.number_input("Risk, at least (an error 100, a warning 10, a note 1)", 0, None, None, 10,
                                  placeholder="any")  # fmt: skip
        chosen = st.multiselect("Payers", list(payers), format_func=payers.get, placeholder="all payers")
        blind = st.checkbox("The second person does not see the first one's verdicts")
        if st.form_submit_button("Add"):
            least = None if dollars is None else Decimal(str(dollars)).quantize(Decimal("0.01"))
            draft.append(PlanRule(people, risk, least, severity or "", tuple(chosen), blind))
            st.rerun()


def _put_in_force(plan: Plan, reason: str, person: Account) -> None:
    act = {"account_id": person.id, "at": utc_now(), "reason": reason}
    if work.attempt(lambda: review_plan.set_plan(engine(), plan, **act)):
        st.session_state.pop(DRAFT)
        st.session_state["plan_set"] = "The plan is in force."
        st.rerun()


def _people(rule: PlanRule) -> str:
    blind = ", the second blind" if rule.blind and rule.people > 1 else ""
    return f"{rule.people} {'person' if rule.people == 1 else 'people'}{blind}"
