"""The log of overpayments on the screen: its lines, what waits for an entry, and the form for one more."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from audit import overpayments
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.overpayments import Overpayment
from pages.parts import work
from pages.parts.headings import small
from pages.parts.markup import element, show, table
from pages.parts.store import engine
from pages.parts.words import day, dollars, moment

HEAD = ("claim", "payer", "paid", "identified", "due on", "state", "reported", "quantified", "returned")
NUMBERS = (7, 8)
WHOLE = (0, 2, 3, 7)
MARKS = {"overdue": "■ overdue", "investigated": "suspended: investigation", "returned": "returned",
         "not upheld": "no upheld error stands now"}  # fmt: skip


def show_log(found: Sequence[Overpayment]) -> None:
    show(table(HEAD, [_line(one) for one in found], caption="The log, what is due first at the top", numbers=NUMBERS))


def _line(one: Overpayment) -> list[str]:
    due = day(one.clock.due_on) if one.clock else ""
    if one.state == "investigated":
        due = f"at the latest {due}"
    paid = f"{day(one.paid_on)}{' (835)' if one.by_payer else ''}"
    reported = " · ".join(filter(None, (day(one.reported_on or one.returned_on), one.how)))
    cells = [one.claim_id, one.payer, paid, day(one.identified_on), due, MARKS.get(one.state, one.state), reported]
    cells += [dollars(one.amount) or "not yet", dollars(one.returned)]
    return [element("span", cell, name="cs-whole") if place in WHOLE else cell for place, cell in enumerate(cells)]


def show_waiting(waiting: pd.DataFrame) -> None:
    rows = [
        [row["claim_id"], row["payer"], day(row["service_date"]),
         f"{day(row['paid_on'])} (835)" if row["paid_on"] else "no payment on file", _worth(row)]
        for row in waiting.to_dict("records")
    ]  # fmt: skip
    head = ("claim", "payer", "date of service", "paid", "overbilled by the upheld findings")
    more = f", {len(rows)} at a time" if len(rows) == overpayments.MOST else ""
    show(table(head, rows, caption=f"Upheld overbilling without an entry, those paid first{more}", numbers=[4]))


def _worth(row: dict[object, object]) -> str:
    over = Decimal(str(row["over"]))
    if not row["unpriced"]:
        return dollars(over)
    return f"{dollars(over)} and an error without a price" if over else "an error without a price"


def enter(found: Sequence[Overpayment], waiting: pd.DataFrame, person: Account) -> None:
    """One act on one claim. What may follow depends on what is entered already."""
    acts = {one.claim_version_id: one.acts for one in found if one.acts}
    names = {one.claim_version_id: one.claim_id for one in found if one.acts}
    for row in waiting.to_dict("records"):
        version = int(row["claim_version_id"])
        acts[version] = tuple(overpayments.next_acts([], paid=row["paid_on"]))
        names[version] = str(row["claim_id"])
    if not names:
        st.text("Everything is returned or entered as not paid.")
        return
    claim, act = st.columns(2)
    which = claim.selectbox("Claim", list(names), format_func=names.get, key="overpaid")
    what = act.selectbox("What happened", acts[which], format_func=overpayments.ACTS.get, key=f"act_{which}")
    one = next((one for one in found if one.claim_version_id == which), None)
    first, second, third = st.columns(3)
    on = first.date_input("On", utc_now().date(), format="YYYY-MM-DD", key=f"on_{which}_{what}")
    amount, way = None, ""
    if what in ("quantified", "returned"):
        known = one.outstanding if one else None
        if what == "quantified":
            known, unpriced = overpayments.worth(engine(), which)
            also = "; an error without a price is not in it" if unpriced else ""
            small(f"The upheld findings come to {dollars(known)}{also}. What the payer paid for it may be less.")
        typed = second.number_input("Dollars", 0.0, value=float(known or 0), step=0.01, format="%.2f",
                                    key=f"amount_{which}_{what}")  # fmt: skip
        amount = Decimal(f"{typed:.2f}")
    if what in ("reported", "returned"):
        way = third.selectbox("How", list(overpayments.WAYS), format_func=overpayments.WAYS.get, key=f"way_{which}")
    text = st.text_input("Note (no patient's name)", max_chars=500, key=f"text_{which}_{what}")
    if st.button("Enter it", type="primary"):
        act_of = {"on": on, "amount": amount, "way": way, "text": text, "account_id": person.id, "at": utc_now()}
        if work.attempt(lambda: overpayments.record(engine(), which, what, **act_of)):
            st.rerun()


def show_history(found: Sequence[Overpayment], person: Account) -> None:
    """Every entry of one claim, and the newest taken back."""
    with st.expander("All entries of a claim"):
        names = {one.claim_version_id: one.claim_id for one in found}
        which = st.selectbox("Claim", list(names), format_func=names.get, key="history_of")
        rows = overpayments.history(engine(), which)
        told = [
            [moment(row["at"]), row["by"], row["says"] if row["stands"] or row["act"] == "undo" else f"{row['says']} "
             "(taken back)", day(row["happened_on"]), dollars(row["amount"]), row["text"]]
            for row in rows
        ]  # fmt: skip
        show(table(("entered", "by", "what", "on", "dollars", "note"), told, caption="Nothing is erased", numbers=[4]))
        standing = [row for row in rows if row["stands"]]
        if person.role in overpayments.KEEPERS and standing:
            small(f"The newest that stands: {standing[-1]['says']}.")
            reason = st.text_input("Why it is taken back", max_chars=500, key=f"back_{which}")
            if st.button("Take it back"):
                act = {"reason": reason, "account_id": person.id, "at": utc_now()}
                if work.attempt(lambda: overpayments.take_back(engine(), standing[-1]["id"], **act)):
                    st.rerun()
