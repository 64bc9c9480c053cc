"""What a payer answered to a claim, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from audit.payers.payer_answers import Answer
from pages.parts.markup import Markup, element, table
from pages.parts.words import day, dollars

HEADER = ("paid on", "what", "charged", "allowed", "paid", "patient owes", "taken off, and remarks")


def answers_table(answers: Sequence[Answer]) -> Markup:
    """Nothing where the payer did not answer yet."""
    if not answers:
        return element("span")
    rows = [
        [
            element("span", day(one.on), name="cs-whole"),
            one.what,
            *[dollars(amount) for amount in (one.charged, one.allowed, one.paid, one.patient)],
            element("span", *[element("div", reason) for reason in one.why]),
        ]
        for one in answers
    ]
    return table(HEADER, rows, caption="What the payer answered", numbers=(2, 3, 4, 5))
