"""Answers of payers that belong to no loaded claim."""

from __future__ import annotations

import pandas as pd

from pages.parts.headings import heading, small
from pages.parts.markup import element, show, table
from pages.parts.words import day, dollars

HEADER = ("claim", "payer", "paid on", "check or EFT", "charged", "paid")


def show_strays(number: int, newest: pd.DataFrame) -> None:
    """Nothing when every answer has its claim."""
    if not number:
        return
    heading("Payments without a claim")
    small("Payers answered these claims, and no claim with this id is loaded: load it, or mend its id.")
    rows = [
        [
            element("span", one["claim_id"], name="cs-break"),
            one["payer_name"] or "",
            element("span", day(one["payment_date"]), name="cs-whole"),
            element("span", one["trace_number"] or "", name="cs-break"),
            dollars(one["charge_amount"]),
            dollars(one["paid_amount"]),
        ]
        for one in newest.to_dict("records")
    ]
    more = f": the newest {len(newest)} of {number:,}" if number > len(newest) else ""
    show(table(HEADER, rows, caption=f"Answered, but not loaded{more}", numbers=(4, 5)))
