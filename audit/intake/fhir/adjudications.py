"""What was decided on an item or a whole ExplanationOfBenefit, by the meaning of each amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from audit.intake.fhir.values import amount, code_in, codes, parts

MEANINGS = {
    "submitted": "submitted",
    "line_sbmtd_chrg_amt": "submitted",
    "nch_carr_clm_sbmtd_chrg_amt": "submitted",
    "eligible": "allowed",
    "allowed": "allowed",
    "line_alowd_chrg_amt": "allowed",
    "nch_carr_clm_alowd_amt": "allowed",
    "benefit": "paid",
    "paidtoprovider": "paid",
    "line_nch_pmt_amt": "paid",
    "clm_pmt_amt": "paid",
    "memberliability": "patient",
    "deductible": "deductible",
    "line_bene_ptb_ddctbl_amt": "deductible",
    "coinsurance": "coinsurance",
    "line_coinsrnc_amt": "coinsurance",
    "copay": "copay",
    "noncovered": "noncovered",
    "contractual": "contractual",
}
"""The code of a category (its last part, where it is an address) -> what its amount says: FHIR's own codes, those of
the CARIN guide (C4BBAdjudication), and the variables of Medicare's Blue Button."""
OWED = {"deductible": "1", "coinsurance": "2", "copay": "3"}
"""Amounts owed by the patient -> the reason code (CARC) that an 835 has for them."""
REASONS = r"claim-adjustment-reason|carc"


def amounts_of(part: dict[str, Any]) -> dict[str, Decimal]:
    """By meaning, the first amount stated; several categories may say the same."""
    found: dict[str, Decimal] = {}
    for one in [*parts(part.get("adjudication")), *parts(part.get("total"))]:
        value = amount(one.get("amount"))
        for code in codes(one.get("category")):
            meaning = MEANINGS.get(code.rpartition("/")[2])
            if meaning and value is not None and value.is_finite():
                found.setdefault(meaning, value)
    return found


def reasons_of(part: dict[str, Any]) -> list[tuple[str, Decimal | None]]:
    """Reason codes (CARC) that are stated, each with its amount where it has one."""
    found = []
    for one in parts(part.get("adjudication")):
        code = code_in(one.get("reason"), REASONS)
        if code:
            found.append((code, amount(one.get("amount"))))
    return found
