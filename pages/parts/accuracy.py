"""Error rates by claim, code or dollars, of all claims or of a part; what was chosen stands in the address."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from audit.figures import accuracies, upheld
from audit.figures.accuracies import COUNTS, FIELDS, OF_LINE, WHAT, Part
from audit.figures.drawn_lines import PARTED
from audit.figures.results import Results
from pages.parts import charts
from pages.parts.headings import small
from pages.parts.markup import element, show
from pages.parts.rows import show_rows
from pages.parts.store import engine
from pages.parts.words import day, number

QUESTIONS = {
    "claim": "Is our claim error rate under {limit:g} %?",
    "code": "Is our code error rate under {limit:g} %?",
    "dollars": "How much of what we bill is billed in error?",
}
WHERE = {"payer": "Which payer?", "therapist": "Which therapist?", "code": "Which code?", "place": "Which place?",
         "discipline": "Which discipline?", "rule": "Which rule?"}  # fmt: skip
LABELS = {"payer": "Payer", "therapist": "Therapist", "code": "Code", "place": "Place", "discipline": "Discipline",
          "rule": "Rule"}  # fmt: skip
MOST_CLAIMS = 50
MOST_GROUPS = 30
"""Of a chart, and of the buttons that open one."""


def choose_count() -> str:
    return _one_of("by", COUNTS, "Count")


def _one_of(name: str, every: Mapping[str, str], label: str) -> str:
    """One of `every` (value -> words), the first unless the address says otherwise; kept in the address."""
    asked, first = st.query_params.get(name, ""), next(iter(every))
    chosen = st.segmented_control(
        label, list(every), format_func=every.get, default=asked if asked in every else first, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    st.query_params[name] = str(chosen)
    return str(chosen)


def choose_part(lines: pd.DataFrame) -> Part:
    """A filter for each field of which there is more than one value; each is in the address."""
    bound = {"index": None, "bind": "query-params", "label_visibility": "collapsed"}
    chosen: dict[str, str] = {}
    with st.container(horizontal=True, gap="xsmall", key="rate_filters"):
        for name, label in LABELS.items():
            every = _values(lines, name)
            if len(every) > 1 or st.query_params.get(name):
                picked = st.selectbox(label, every, key=name, placeholder=f"Every {label.lower()}", **bound)
                chosen[name] = str(picked or "")
    return Part(**chosen)


def _values(lines: pd.DataFrame, name: str) -> list[str]:
    if name == "rule":
        return sorted({rule for rules in lines["rules"] for rule in rules.split(PARTED)} - {""})
    return sorted(lines[OF_LINE[name]].unique())


def answer(now: Results, lines: pd.DataFrame, part: Part, by: str) -> None:
    """The answer for what was chosen, in one sentence, and its picture."""
    if not now.estimate:
        show(element("p", "A rate is given when every drawn claim is reviewed, not before.", name="cs-answer"))
    elif by == "dollars":
        _dollars(now, lines, part)
    else:
        _share(now, lines, part, by)
    small(f"Counted: {WHAT[by]}.{f' Only {part.words}.' if part.words else ''}")


def _share(now: Results, lines: pd.DataFrame, part: Part, by: str) -> None:
    share = accuracies.accuracy(now, lines, part, by)
    if share is None or share.lower is None or share.upper is None:
        show(element("p", "No drawn claim is of this part: the sample says nothing of it.", name="cs-answer"))
        return
    few = accuracies.too_few(share)
    rate = few or accuracies.in_words(share, now.limit)
    says = f"{_what(by)} in error: {rate}, from {number(share.claims, 'reviewed claim')}."
    show(element("p", says, name="cs-answer"))
    if not few:
        words = f"{says} The limit is {100 * now.limit:g} in 100."
        st.plotly_chart(charts.share(share, now.limit, _what(by).lower()), config=charts.BARE, alt=words)


def _what(by: str) -> str:
    return {"claim": "Claims", "code": "Codes"}[by]


def _dollars(now: Results, lines: pd.DataFrame, part: Part) -> None:
    priced = upheld.with_billed(engine(), now.claims)
    shares = accuracies.dollar_accuracy(now, priced, lines, part)
    told = []
    for side, word in (("over", "Overbilled"), ("under", "Underbilled")):
        share = shares[side]
        says = accuracies.in_words(share, now.limit, "dollars billed") if share else "no claim of this part has a price"
        told.append(element("p", f"{word}: {says}.", name="cs-answer"))
    show(*told)
    without = int(priced["billed"].isna().sum())
    small(f"{number(without, 'claim')} without a price for what they bill (no fee on file) are left out; "
          "with few claims in error the ranges are rough.")  # fmt: skip


def where(now: Results, lines: pd.DataFrame, part: Part, by: str) -> None:
    """The chosen part by one of its fields; a row opens the part behind it."""
    by = "claim" if by == "dollars" else by
    fields = [name for name in FIELDS if len(_values(lines, name)) > 1 and not getattr(part, name)]
    if not fields:
        return
    field = _one_of("parted", {name: WHERE[name] for name in fields}, "Parted by")
    found = accuracies.groups(now, lines, part, field, by)
    told = found[found["rate"].notna()]
    says = accuracies.groups_in_words(found, by)
    if len(told):
        st.plotly_chart(charts.dots(_highest(told, "rate"), now.limit, by), config=charts.BARE, alt=says)
    st.text(says)
    if len(told) > MOST_GROUPS:
        small(f"The chart has the {MOST_GROUPS} highest of {len(told):,}; the selection above opens each.")
    show_rows(found, {"group": LABELS[field].lower(), "reviewed": f"{by}s reviewed", "in_error": "in error",
                      "says": "rate of all"}, WHERE[field])  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="rate_narrow"):
        st.text("Look closer:")
        for one in _highest(found[found["in_error"] > 0], "in_error")["group"]:
            st.button(str(one), key=f"only_{field}_{one}", type="tertiary", on_click=_narrow, args=(field, str(one)))


def _highest(groups: pd.DataFrame, name: str) -> pd.DataFrame:
    """As many as have room, in their own order."""
    if len(groups) <= MOST_GROUPS:
        return groups
    return groups.loc[groups[name].astype("float64").nlargest(MOST_GROUPS).index].sort_index()


def _narrow(field: str, value: str) -> None:
    st.session_state[field] = value


def claims_behind(now: Results, lines: pd.DataFrame, part: Part) -> None:
    """The claims in error of the part, each to be opened; folded away until a part is chosen."""
    found = accuracies.behind(now, lines, part)
    if found.empty:
        return
    title = f"Which claims are these? {number(len(found), 'claim')} in error"
    with st.expander(title, expanded=part != Part()), st.container(key="rate_claims", gap=None):
        for one in found.head(MOST_CLAIMS).to_dict("records"):
            button, text = st.columns([1, 6], vertical_alignment="center")
            if button.button(one["claim_id"], key=f"behind_{one['claim_version_id']}", type="tertiary"):
                st.switch_page("pages/review/claim.py", query_params={"claim": str(one["claim_version_id"])})
            why = "no record was found" if one["missing"] else one["rules"]
            text.text(f"{day(one['service_date'])} · {one['payer']} · {one['therapist']} · {why}")
        if len(found) > MOST_CLAIMS:
            small(f"The first {MOST_CLAIMS} of {len(found):,}; narrow by a filter above.")
