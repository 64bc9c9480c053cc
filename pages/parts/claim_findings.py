"""Right side of a claim: what was billed, what is supported, and the finding to decide on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from audit.evidence import Decided, Evidence
from audit.reference import load_facts
from audit.review import REASONS
from audit.rules import rule_book
from pages.parts.evaluation_table import evaluation_table
from pages.parts.markup import element, show, table
from pages.parts.words import MARKS, count, day, severity

METHODS = {"total": "total minutes", "midpoint": "midpoints", "unknown": "not known"}
VERDICTS = {"agree": "agreed: an error", "dismiss": "dismissed", "": "open"}


def show_units(evidence: Evidence) -> None:
    """Billed against supported, under the payer's method and the other one, and the pooled sum in words."""
    billed = evidence.services[evidence.services["units"] > 0]
    methods = dict(zip(evidence.days["day"], evidence.days["method"], strict=True))
    modifiers = evidence.lines.groupby("service")["modifiers"].agg(" / ".join)
    rows = [
        [one["service"], modifiers.get(one["service"], ""), *_units(one, methods.get(one["day"], "unknown"))]
        for one in billed.to_dict("records")
    ]
    header = ["service", "modifiers", "billed", "documented", "by total minutes", "by midpoints"]
    show(table(header, rows, caption="What was billed, and what is supported", numbers=[2, 3, 4, 5]))
    for one in evidence.days[evidence.days["pooled"]].to_dict("records"):
        show(element("p", _pooled(one), name="cs-small"))
    if evidence.other_claims:
        others = ", ".join(evidence.other_claims)
        show(element("p", f"Counted together with the same day's claim {others}.", name="cs-small"))


def _units(one: dict[Any, Any], method: str) -> list[str]:
    """Units billed, minutes documented, units supported by total minutes and by midpoints."""
    if not one["in_pool"]:
        return [count(one["units"]), count(one["minutes"]), "untimed", "untimed"]
    if pd.isna(one["minutes"]):
        return [count(one["units"]), "not by code", "–", "–"]
    total = str(one["least"]) if one["least"] == one["most"] else f"{one['least']} or {one['most']}"
    wrong = one["units"] > (one["midpoint"] if method == "midpoint" else one["most"])
    billed = element("span", str(one["units"]), name="cs-off") if wrong else str(one["units"])
    return [billed, f"{one['minutes']} min", total, str(one["midpoint"])]


def _pooled(one: dict[Any, Any]) -> str:
    if pd.isna(one["minutes_high"]):
        return f"Units billed on this day: {one['units']}. The pooled minutes are not known."
    over = int(one["units"]) - int(one["supported_high"])
    verdict = f"{over} over" if over > 0 else f"{-over} fewer than supported" if over < 0 else "as supported"
    return (
        f"{one['minutes_high']} timed minutes pooled = {one['supported_high']} units by total minutes; "
        f"{one['units']} billed: {verdict}. This payer counts by {METHODS[one['method']]}."
    )


def show_finding(one: dict[Any, Any], place: str, evidence: Evidence) -> None:
    """The finding to decide on: what, why, the right way, rule and source."""
    rule = rule_book().get(one["rule"])
    mark = element("span", severity(one["severity"]), name=f"cs-mark-{one['severity']}")
    line = f" · line {one['line_number']}" if one["line_number"] else ""
    pieces = [
        element("p", place, " · ", element("strong", one["rule"]), " ", mark, line, name="cs-small"),
        element("p", rule.title if rule else "", name="cs-title"),
        element("p", one["because"]),
    ]
    if one["expected"]:
        pieces.append(element("p", "Billed or found: ", element("strong", one["observed"] or "nothing")))
        pieces.append(element("p", "Right way: ", element("strong", one["expected"])))
    if one["facts_unchecked"]:
        pieces.append(element("p", "Rests on a fact that nobody has checked against its source.", name="cs-small"))
    show(element("div", *pieces, name=f"cs-finding cs-{one['severity']}"))
    components = evidence.components.get(int(one["line_number"] or 0)) if one["rule"].startswith("EVAL") else None
    if components:
        show(evaluation_table(components))
    if rule:
        with st.expander("Why it matters, what to do, source"):
            st.text(rule.why)
            st.text(rule.what_to_do)
            titles = load_facts().sources.set_index("source")
            for source in rule.sources:
                st.caption(f"{titles.loc[source, 'title']} · {titles.loc[source, 'citation']}")


def show_verdicts(decided: Decided) -> None:
    """Findings that have a verdict, errors seen by people, and what could not be tested."""
    for one in decided.findings[decided.findings["decision"] != ""].to_dict("records"):
        why = ", ".join(part for part in (REASONS.get(one["reason"], ""), one["text"]) if part)
        says = f"{MARKS[one['severity']]} {one['rule']} {VERDICTS[one['decision']]}{': ' + why if why else ''}"
        show(element("div", says, f" · {one['decided_by']}", name="cs-verdict cs-small"))
    for one in decided.missed.to_dict("records"):
        show(element("div", f"■ seen by {one['name']}: {one['text']}", name="cs-verdict cs-small"))
    for one in decided.signatures.to_dict("records"):
        says = f"{one['meaning'].capitalize()} by {one['printed_name']}, {day(one['at'])} {one['at']:%H:%M} UTC"
        reason = f": {one['reason']}" if one["reason"] else ""
        show(element("div", f"{says}{reason}", name="cs-verdict cs-small"))
    rows = decided.untestable
    if len(rows):
        with st.expander(f"○ Not testable here ({len(rows)})"):
            for one in rows.to_dict("records"):
                st.text(f"{one['rule']}: {one['because']} {one['expected']}.")
