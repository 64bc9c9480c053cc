"""Denials on the screen: by rule, by reason, and line by line."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from audit.denials import Denials
from pages.parts import charts
from pages.parts.charts import ACCENT, DISMISSED, LIMIT
from pages.parts.headings import heading
from pages.parts.markup import Markup, element, show, table
from pages.parts.words import day, dollars

MOST = 12
MOST_LINES = 100
RULES = ("rule", "what it finds", "answered lines denied", "dismissed here, denied there", "charges denied")
REASONS = ("code", "in plain words", "lines", "with a finding", "no rule saw it", "not screened", "charges denied")


def foretold(found: Denials) -> None:
    heading("Which findings foretold a denial?")
    rules = found.by_rule
    if len(rules):
        shown = rules.head(MOST)
        sides = {"denied": (shown["denied"], LIMIT), "paid": (shown["answered"] - shown["denied"], DISMISSED)}
        st.plotly_chart(charts.stacked(shown["rule"], sides, "answered lines"), config=charts.BARE, alt=found.foretold)
    st.text(found.foretold)
    if len(rules):
        rows = [[whole(row["rule"]), row["title"], row["says"], f"{row['dismissed']:,}", dollars(row["dollars"])]
                for row in rules.to_dict("records")]  # fmt: skip
        with st.expander(f"All {len(rules)} rules as a table" if len(rules) > MOST else "As a table"):
            show(table(RULES, rows, caption="By rule: its findings on answered lines", numbers=[3, 4]))


def unseen(found: Denials) -> None:
    heading("Which denials did no rule see?")
    reasons = found.by_reason
    if len(reasons):
        shown = reasons.head(MOST)
        sides = {"with a finding": (shown["seen"], ACCENT), "no rule saw it": (shown["unseen"], LIMIT),
                 "not screened": (shown["not_screened"], DISMISSED)}  # fmt: skip
        st.plotly_chart(charts.stacked(shown["reason"], sides, "denied lines"), config=charts.BARE, alt=found.unseen)
    st.text(found.unseen)
    if len(reasons):
        counts = ("lines", "seen", "unseen", "not_screened")
        rows = [[whole(row["reason"]), row["why"], *[f"{row[name]:,}" for name in counts],
                 dollars(row["dollars"])] for row in reasons.to_dict("records")]  # fmt: skip
        show(table(REASONS, rows, caption="By the payer's reason (CARC)", numbers=[2, 3, 4, 5, 6]))


def whole(text: str) -> Markup:
    """A code that is not broken at its hyphen."""
    return element("span", text, name="cs-whole")


def lines(found: Denials) -> None:
    """The denied lines themselves, those that no rule saw first."""
    denied = found.denied
    if denied.empty:
        return
    order = denied.assign(seen=denied["rules"].map(bool)).sort_values(["seen", "denied"], ascending=[True, False])
    rows = [
        [whole(row["claim_id"]), "all" if pd.isna(row["line_number"]) else str(int(row["line_number"])), row["payer"],
         whole(day(row["paid_on"])), row["procedure_code"], ", ".join(row["reasons"]),
         ", ".join(row["rules"]) or ("none" if row["screened"] else "not screened"), dollars(row["denied"])]
        for row in order.head(MOST_LINES).to_dict("records")
    ]  # fmt: skip
    head = ("claim", "line", "payer", "answered", "code", "reasons", "findings on it", "charges denied")
    more = f": {MOST_LINES} of {len(denied):,}" if len(denied) > MOST_LINES else ""
    with st.expander(f"The {len(denied):,} denied lines"):
        show(table(head, rows, caption=f"Those that no rule saw first{more}", numbers=[7]))
