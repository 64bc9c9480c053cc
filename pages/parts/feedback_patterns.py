"""One pattern of upheld findings: the sentence, the rule in plain words, a worked example, the claims to answer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from audit.access.accounts import Account
from audit.errors import StateError
from audit.facts.reference import load_facts
from audit.feedback.items import Feedback
from audit.feedback.patterns import Pattern, example_of
from audit.reviewing.evidence import Evidence, evidence
from audit.rules import Rule, rule_book
from pages.parts import feedback_answer
from pages.parts.claim_lines import as_it_should_read, billed, proposal
from pages.parts.claim_units import units
from pages.parts.evaluation_table import evaluation_table
from pages.parts.headings import small
from pages.parts.markup import Markup, element, show
from pages.parts.minutes import by_person, by_service
from pages.parts.store import engine
from pages.parts.words import day

MARKS = {"over": "▲ billed too much", "under": "▼ billed too little", "": "● documentation or coding"}


def show_pattern(one: Pattern, feedback: Feedback, person: Account, *, own: bool) -> None:
    rows = feedback.items[feedback.items["decision_id"].isin(one.decision_ids)]
    with st.container(border=True):
        mark = MARKS[one.direction]
        code = f"{one.rule} · " if one.rule else ""
        show(
            element("p", f"{code}{mark}", name="cs-small"),
            element("h3", one.sentence, name="cs-title"),
        )
        rule = rule_book().get(one.rule)
        if rule:
            show(element("p", element("strong", "Why it matters: "), rule.why),
                 element("p", element("strong", "What to do: "), rule.what_to_do))  # fmt: skip
        name = f"example_{one.decision_ids[0]}"
        with st.expander("Worked example: as billed, and the right way", key=name, on_change="rerun") as place:
            if place.open:
                show_example(example_of(one, feedback), rule)
        feedback_answer.show_items(rows, person, own=own)


def show_example(item: dict[str, Any], rule: Rule | None) -> None:
    """The claim of the pattern that shows it best, with its minutes or components and both ways to bill it."""
    show(element("p", f"Claim {item['claim_id']}, visit of {day(item['service_date'])}, {item['payer']}.",
                 name="cs-small"))  # fmt: skip
    if item["because"]:
        show(element("p", item["because"]))
    try:
        record = evidence(engine(), int(item["claim_version_id"]))
    except StateError:
        small("A newer version has replaced this claim; its minutes are no longer shown beside it.")
        _said(item)
        return
    family = rule.family if rule else ""
    if family == "evaluations" and (parts := record.components.get(int(item["line_number"] or 0))):
        show(evaluation_table(parts))
    elif family in ("units", "modifiers"):
        _minutes(record)
    _right(item, record)
    if rule:
        titles = load_facts().sources.set_index("source")
        cited = [titles.loc[one, ["title", "citation"]] for one in rule.sources]
        told = [", ".join(str(part) for part in one if part) for one in cited]
        small(f"Source: {'; '.join(told)}.")


def _minutes(record: Evidence) -> None:
    documented = record.services[record.services["in_note"]]
    if len(documented):
        show(by_service(documented))
    show(*units(record))
    shares = by_person(record.shares)
    if shares:
        show(shares)


def _right(item: dict[str, Any], record: Evidence) -> None:
    """As billed beside as it should read, where that follows from the finding; else in its own words."""
    read = proposal(record, item) if item["rule"] else None
    if read is None:
        _said(item)
    else:
        show(as_it_should_read(billed(record.lines), read))


def _said(item: dict[str, Any]) -> None:
    if item["expected"]:
        show(two_ways(item["observed"] or "nothing", item["expected"]))
    if item["text"]:
        show(element("p", f"The reviewer wrote: {item['text']}"))


def two_ways(wrong: str, right: str) -> Markup:
    return element("p", "Billed or found: ", element("del", wrong), " · right way: ", element("ins", right))
