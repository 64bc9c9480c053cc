"""The arithmetic of an 835: amounts as sent, and whether a claim's charge, adjustments and payment add up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

Row = dict[str, str]


class Unreadable(Exception):
    """An amount that is no number of dollars and cents."""


def flat(by_position: dict[str, list[Row]]) -> list[Row]:
    return [one for adjustments in by_position.values() for one in adjustments]


def total(rows: Iterable[Row], column: str = "amount") -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def out_of_balance(rows: list[Row], adjustments: dict[str, list[Row]]) -> str:
    """In words what does not add up (005010X221A1, section 1.10.2); "" when all does. First row: the claim."""
    claim, lines = rows[0], rows[1:]
    if not claim["charge_amount"] or not claim["paid_amount"]:
        return "the charge or the payment of the claim is missing (CLP03, CLP04)"
    for line in lines:
        left = total([line], "charge_amount") - total(adjustments[line["position"]])
        if left != Decimal(line["paid_amount"]):
            paid = f"line {line['position']} was paid {line['paid_amount']}"
            return f"{paid}, but its charge less its adjustments is {left}"
    if lines and total(lines, "charge_amount") != Decimal(claim["charge_amount"]):
        return "the charges of the lines (SVC02) do not make the charge of the claim (CLP03)"
    left = total([claim], "charge_amount") - total(flat(adjustments))
    if left != Decimal(claim["paid_amount"]):
        return f"the claim was paid {claim['paid_amount']}, but its charge less all adjustments is {left}"
    return ""


def money(sent: str) -> Decimal:
    try:
        amount = Decimal(sent)
    except InvalidOperation:
        raise Unreadable from None
    if not amount.is_finite() or abs(amount) >= 10**9 or amount != amount.quantize(Decimal("0.01")):
        raise Unreadable
    return amount.quantize(Decimal("0.01"))


def plain(number: str) -> str:
    """2.00 as 2; what is no number as it was sent."""
    whole, point, rest = number.partition(".")
    return whole if point and not rest.strip("0") else number
