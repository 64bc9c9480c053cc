"""What a payer answered to one claim, in words: what was paid, what was taken off and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from audit.facts.reference import Facts
from audit.model import MODIFIERS
from audit.payers import payments

Words = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One payment of the claim or of a line. Dollars; None where the payer did not say. `why`: each adjustment and
    remark with its code; a code that is not on file stands alone."""

    on: date | None
    what: str
    charged: Decimal | None
    allowed: Decimal | None
    paid: Decimal | None
    patient: Decimal | None
    why: tuple[str, ...]


def answers(connection: Connection, claim_id: str, facts: Facts) -> list[Answer]:
    """All current answers to the claim, reversals and corrections too, in the order in which they were paid."""
    paid, taken_off = payments.answers_of(connection, claim_id)
    said = payments.words(facts)
    return [_answer(row, taken_off, said) for row in paid.to_dict("records")]


def _answer(row: dict[Any, Any], taken_off: pd.DataFrame, said: Words) -> Answer:
    here = (taken_off["payment_id"] == row["payment_id"]) & (taken_off["position"] == row["position"])
    adjusted = [f"{_reason(one, said)}: {_dollars(one['amount'])}" for one in taken_off[here].to_dict("records")]
    remarks = [_told(said, "remark", code) for code in row["remark_codes"].split()]
    on = None if pd.isna(row["payment_date"]) else row["payment_date"].date()
    return Answer(
        on,
        _what(row, said),
        charged=row["charge_amount"],
        allowed=row["allowed_amount"],
        paid=row["paid_amount"],
        patient=row["patient_responsibility"],
        why=(*adjusted, *remarks),
    )


def _what(row: dict[Any, Any], said: Words) -> str:
    if row["position"] == 0:
        status = said.get(("status", row["status"]), f"status {row['status']}" if row["status"] else "answered")
        return f"claim: {status}"
    number = "no line of the claim" if pd.isna(row["line_number"]) else f"line {row['line_number']}"
    modifiers = [row[name] for name in MODIFIERS if row[name]]
    return f"{number}: {' '.join([row['procedure_code'], *modifiers])} x{row['units']}"


def _reason(one: dict[Any, Any], said: Words) -> str:
    """CO-45 (...); without a group, as from FHIR, the reason alone."""
    return "-".join(filter(None, [one["group_code"], _told(said, "reason", one["reason_code"])]))


def _dollars(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def _told(said: Words, kind: str, code: str) -> str:
    label = said.get((kind, code), "")
    return f"{code} ({label})" if label else code
