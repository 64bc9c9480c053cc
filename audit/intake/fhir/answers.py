"""ExplanationOfBenefit into payments and adjustments, as an 835 would have them.

FHIR has no rule by which its amounts must add up: they are kept as stated and not checked for balance. Without a
charge and a payment there is no row.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from audit.intake.fhir.adjudications import OWED, amounts_of, reasons_of
from audit.intake.fhir.claims import Row, lines_of
from audit.intake.fhir.context import Context
from audit.intake.fhir.reading import Resource
from audit.intake.fhir.values import amount, day, dollars, identifier, last_part, parts, total
from audit.model import MODIFIERS

SERVICE = ("service_date", "procedure_code", *MODIFIERS)


def answers_of(resource: Resource, context: Context) -> tuple[list[Row], list[Row]]:
    """Payments (the claim, then each item) and adjustments; both empty when charge or payment is not stated."""
    lines = lines_of(resource, context)
    items = [amounts_of(item) for item in parts(resource.get("item"))]
    stated = amounts_of(resource)
    whole = {name: stated.get(name, _summed(items, name)) for name in ("submitted", "allowed", "paid")}
    payment = resource.get("payment") or {}
    paid = amount(payment.get("amount"))
    whole["paid"] = paid if paid is not None else whole["paid"]
    if whole["submitted"] is None or whole["paid"] is None or not lines:
        return [], []
    head = _head(resource, lines[0], day(payment.get("date")))
    rows = [head | _money(whole) | {"position": "0", "patient_responsibility": dollars(stated.get("patient"))}]
    adjustments = _adjustments(head["payment_id"], head["claim_id"], "0", resource, stated)
    for position, (line, item, said) in enumerate(zip(lines, parts(resource.get("item")), items, strict=True), start=1):
        if "submitted" not in said or "paid" not in said:
            continue
        owed = [said[name] for name in OWED if name in said]
        rows.append(
            head
            | {name: line.get(name, "") for name in SERVICE}
            | _money(said)
            | {
                "position": str(position),
                "units": line["units"],
                "line_control_number": line["line_number"],
                "patient_responsibility": dollars(said.get("patient", total(owed) if owed else None)),
            }
        )
        adjustments += _adjustments(head["payment_id"], head["claim_id"], str(position), item, said)
    return rows, adjustments


def _head(resource: Resource, line: Row, on: str) -> Row:
    number = str(resource.get("id") or identifier(resource.get("identifier")))
    return {
        "payment_id": f"eob/{number}",
        "claim_id": line["claim_id"],
        "payer_control_number": identifier(resource.get("identifier")) or number,
        "status": "4" if str(resource.get("outcome")) == "error" else "",
        "payer_id": line["payer_id"],
        "payer_name": line["payer_name"],
        "payee_npi": line["billing_npi"],
        "rendering_npi": line["rendering_npi"],
        "member_id": last_part(resource.get("patient")),
        "payment_date": on,
    }


def _money(said: dict[str, Any]) -> Row:
    names = {"submitted": "charge_amount", "allowed": "allowed_amount", "paid": "paid_amount"}
    return {column: dollars(said.get(name)) for name, column in names.items()}


def _summed(items: list[dict[str, Decimal]], name: str) -> Decimal | None:
    told = [said[name] for said in items if name in said]
    return total(told) if told and len(told) == len(items) else None


def _adjustments(
    payment_id: str, claim_id: str, position: str, part: dict[str, Any], said: dict[str, Decimal]
) -> list[Row]:
    """What the patient owes under its reason code, and every reason code that is stated with an amount."""
    owed = [("PR", code, said[name]) for name, code in OWED.items() if said.get(name)]
    stated = [("", code, value) for code, value in reasons_of(part) if value is not None]
    return [
        {
            "payment_id": payment_id,
            "position": position,
            "number": str(number),
            "claim_id": claim_id,
            "group_code": group,
            "reason_code": code,
            "amount": dollars(value),
        }
        for number, (group, code, value) in enumerate([*owed, *stated], start=1)
    ]
