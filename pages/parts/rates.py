"""What an audit says, in words first: the answer of its kind of plan, and what lies behind it."""

from __future__ import annotations

import streamlit as st

from audit.estimates.monitor import Watch
from audit.figures import breakdowns, changed, differences, history
from audit.figures.results import Results
from audit.reviewing import second_review
from pages.parts import charts
from pages.parts.headings import heading, small
from pages.parts.markup import element, show
from pages.parts.rows import show_rows
from pages.parts.store import engine

GROUPS = {"says": "reviewed claims in error", "drawn": "claims drawn"}
RATES = {"group": "therapist", "reviewed": "reviewed", "in_error": "in error", "says": "rate of all their claims"}
DOLLARS = {"side": "billed", "claims": "claims with an amount", "found": "in the sample", "projected": "in all claims",
           "lower": "at least (two-sided)", "upper": "at most"}  # fmt: skip
RULES = {"rule": "rule", "title": "what it finds", "upheld": "upheld", "dismissed": "dismissed", "open": "open"}
MOST_RULES = 12
"""Rules in the drawing: those with most findings."""


def show_answer(now: Results) -> None:
    """The answer, then its picture. A watched plan shows its monitor, one in dollars its dollars, screening neither."""
    in_dollars = now.dollars and not now.estimate
    said = now.dollars.sentences if in_dollars else [now.sentence]
    show(*[element("p", one, name="cs-answer") for one in said])
    if since := changed.sentence(engine(), now):
        show(element("p", since))
    if now.watch and now.audit.seed:
        show_evidence(now.watch)
    if now.estimate:
        st.plotly_chart(charts.interval(now.estimate, now.limit), config=charts.BARE, alt=now.interval)
    if now.dollars:
        if now.estimate:
            show(*[element("p", one) for one in now.dollars.sentences])
        show_rows(now.in_dollars, DOLLARS, "Dollars in error")
    if now.audit.kind == "dollars":
        small("Counted in dollars. Claims were drawn in proportion to their charges: no rate of claims is given.")
    elif now.audit.plan:
        small(f"{now.interval} Counted by claim: a claim is in error once, however many of its findings were upheld.")


def show_evidence(watch: Watch) -> None:
    """How far the monitor is from each of its verdicts."""
    for side, evidence in (("above", watch.above), ("within", watch.within)):
        st.progress(evidence, f"Evidence that the rate is {side} the limit: {100 * evidence:.0f} of 100 needed")


def show_rules(now: Results) -> None:
    if now.by_rule.empty:
        return
    heading("Which rules do reviewers uphold?")
    said = breakdowns.rules_in_words(now.by_rule)
    st.plotly_chart(charts.by_rule(now.by_rule.head(MOST_RULES)), config=charts.BARE, alt=said)
    st.text(said)
    more = len(now.by_rule) > MOST_RULES
    with st.expander(f"All {len(now.by_rule)} rules as a table" if more else "As a table"):
        show_rows(breakdowns.with_titles(now.by_rule), RULES, "Findings by rule")


def show_therapists(now: Results) -> None:
    """Weighted rates once the plan allows them, else counts."""
    groups = differences.by_therapist(now)
    if groups is None:
        heading("Whose claims, and when?")
        st.text(breakdowns.CAUTION)
        show_rows(breakdowns.by_therapist(now.claims), {"group": "therapist", **GROUPS}, "By therapist")
        return
    heading("Does a therapist's rate differ by more than chance?")
    if len(groups.told):
        st.plotly_chart(charts.funnel(groups), config=charts.BARE, alt=groups.sentence)
    st.text(groups.sentence)
    show_rows(groups.rows, RATES, "By therapist, in the order of names")
    small("Rates weigh each reviewed claim by how many it stands for, and are drawn towards the rate of all therapists "
          "where reviews are few. They are for talking, not for ranking.")  # fmt: skip


def show_months(now: Results) -> None:
    months = differences.by_month(now)
    if months:
        heading("Is the rate moving?")
        st.plotly_chart(charts.over_time(months, now.limit), config=charts.BARE, alt=months.sentence)
        st.text(months.sentence)
    with st.expander("Reviewed claims by month"):
        show_rows(breakdowns.by_month(now.claims), {"group": "month of service", **GROUPS}, "By month")
        st.text(breakdowns.CAUTION)
        if now.estimate and not months:
            st.text(f"A chart over time needs {differences.LEAST_MONTHS} months or more.")


def show_samples(now: Results) -> None:
    """Sample after sample, and what is found against what remains."""
    found = history.samples(engine())
    heading("Is it better than last time?")
    said = history.moved(found) if found else "No sample is finished yet."
    if len(found) > 1:
        st.plotly_chart(charts.samples(found, now.limit), config=charts.BARE, alt=said)
    st.text(said)
    left = history.left(engine(), now)
    if left:
        heading("How much is found, and how much is left?")
        st.text(left.sentence)


def show_agreement() -> None:
    heading("Do two reviewers agree?")
    found = second_review.agreed(engine())
    none = "No finding has been judged by two people yet, the second without seeing the first verdict."
    st.text(found.sentence if found else none)
