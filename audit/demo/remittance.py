"""What payers answered to the claims of the first quarter, as an 835: paid less the contract, or denied.

Payers see the claim and never the note: errors of modifiers, pairs and authorisations are denied, too many units for
the minutes are paid. A few claims are denied for what no rule can see, as cover that has ended. All invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from random import Random

from audit.demo.billing import CHARGES
from audit.demo.chance import chance
from audit.demo.clinic import BILLING_NPI, MEDICARE, PAYERS
from audit.demo.mistakes.kind import Answer
from audit.demo.records import Line, Visit

ANSWERED_TO = date(2026, 7, 31)
"""Last date of service of the claims that payers answered."""
DENIED = {
    "MOD-01": "4", "MOD-02": "4", "MOD-06": "4", "MOD-15": "5", "MOD-16": "4", "MOD-21": "4", "MOD-10": "236",
    "MOD-12": "236", "UNIT-07": "151", "UNIT-09": "107", "UNIT-11": "151", "EVAL-06": "151", "EVAL-08": "8",
    "DOC-14": "197",
}  # fmt: skip
"""Rule of a planted error -> the reason (CARC) payers deny it for, and mostly do."""
MOSTLY, UNFORESEEN = 0.8, 0.015
"""Shares: of the errors above that are denied, of all claims that are denied for a reason no rule sees."""
OTHER_REASONS = ("27", "31", "50")
ALLOWED, COINSURANCE = Decimal("0.64"), Decimal("0.20")
ISA = "ISA*00*          *00*          *ZZ*PAYERS         *ZZ*DEMOCLINIC     *260821*0900*^*00501*000000835*0*T*:"
GUIDE = "005010X221A1"


def remittance(seed: int, visits: list[Visit], answers: list[Answer]) -> str:
    """The whole file: one payment of each payer and month, about three weeks after the month's end."""
    rng = chance(seed, "remittance")
    at_fault = {(one.visit.claim_id, id(one.line) if one.line else None): one.rule for one in answers}
    answered = sorted((visit for visit in visits if visit.day <= ANSWERED_TO), key=_payment)
    body: list[str] = []
    for number, ((payer_id, month), of) in enumerate(groupby(answered, key=_payment), start=1):
        claims = [_claim(rng, visit, at_fault) for visit in of]
        body += _transaction(number, payer_id, month, claims)
    count = sum(segment.startswith("ST*") for segment in body)
    start = [ISA, f"GS*HP*PAYERS*DEMOCLINIC*20260821*0900*1*X*{GUIDE}"]
    return "~\n".join([*start, *body, f"GE*{count}*1", "IEA*1*000000835", ""])


def _payment(visit: Visit) -> tuple[str, date]:
    return visit.payer.payer_id, visit.day.replace(day=1)


def _transaction(number: int, payer_id: str, month: date, claims: list[tuple[Decimal, list[str]]]) -> list[str]:
    paid_on = (month + timedelta(days=31)).replace(day=1) + timedelta(days=20)
    names = {payer.payer_id: payer.name for payer in PAYERS}
    total = sum((paid for paid, _ in claims), Decimal(0))
    body = [
        f"ST*835*{number:04}",
        f"BPR*I*{total:.2f}*C*CHK************{paid_on:%Y%m%d}",
        f"TRN*1*DEMO{number:04}*1999999999",
        f"N1*PR*{names[payer_id].upper()}*XV*{payer_id}",
        f"N1*PE*DEMO CLINIC*XX*{BILLING_NPI}",
        "LX*1",
        *(segment for _, segments in claims for segment in segments),
    ]
    return [*body, f"SE*{len(body) + 1}*{number:04}"]


def _claim(rng: Random, visit: Visit, at_fault: dict[tuple[str, int | None], str]) -> tuple[Decimal, list[str]]:
    """What is paid on the claim, and its segments."""
    whole = rng.choice(OTHER_REASONS) if rng.random() < UNFORESEEN else ""
    whole = whole or _reason(rng, at_fault.get((visit.claim_id, None), ""))
    paid = owed = charged = Decimal(0)
    segments: list[str] = []
    for line in visit.lines:
        reason = whole or _reason(rng, at_fault.get((visit.claim_id, id(line)), ""))
        charge = Decimal(CHARGES[line.code] * line.units)
        allowed = Decimal(0) if reason else (charge * ALLOWED).quantize(Decimal("0.01"))
        share = (allowed * COINSURANCE).quantize(Decimal("0.01")) if visit.payer is MEDICARE else Decimal(0)
        charged, paid, owed = charged + charge, paid + allowed - share, owed + share
        segments += _line(visit.day, line, (charge, allowed, share), reason)
    status = "4" if not (paid or owed) else "1"
    filing = "MB" if visit.payer is MEDICARE else "12"
    head = f"CLP*{visit.claim_id}*{status}*{charged:.2f}*{paid:.2f}*{owed:.2f}*{filing}*ICN{visit.claim_id[4:]}"
    return paid, [head, *segments]


def _reason(rng: Random, rule: str) -> str:
    return DENIED[rule] if rule in DENIED and rng.random() < MOSTLY else ""


def _line(day: date, line: Line, dollars: tuple[Decimal, Decimal, Decimal], reason: str) -> Iterator[str]:
    """`dollars`: charged, allowed, and of that the patient's share."""
    charge, allowed, share = dollars
    code = ":".join(("HC", line.code, *line.modifiers))
    yield f"SVC*{code}*{charge:.2f}*{allowed - share:.2f}**{0 if reason else line.units}"
    yield f"DTM*472*{day:%Y%m%d}"
    yield f"CAS*CO*{reason or '45'}*{charge - allowed:.2f}"
    if share:
        yield f"CAS*PR*2*{share:.2f}"
    if allowed:
        yield f"AMT*B6*{allowed:.2f}"
