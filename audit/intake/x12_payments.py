"""What an 835 says of each claim and service line: paid, allowed, and every adjustment with its reason.

A claim whose amounts do not add up (charge less adjustments is not what was paid, or its lines do not make the claim)
is refused whole: of two figures that contradict each other, nobody can tell which is the payer's answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from audit.errors import InputError, Refusal
from audit.intake.x12_balance import Row, Unreadable, flat, money, out_of_balance, plain, total
from audit.intake.x12_lines import iso_date
from audit.intake.x12_segments import Segment
from audit.model import MODIFIERS, PAYMENTS

SERVICE = ("qualifier", "procedure_code", *MODIFIERS)
REMARKS = {"MOA": range(3, 8), "MIA": (5, 20, 21, 22, 23)}
"""The elements that hold remark codes (RARC)."""
TRIPLETS = range(2, 18, 3)
"""CAS: reason, amount and quantity, up to six times."""
PROVIDER_AMOUNTS = range(4, 15, 2)
ASK = "Ask the payer for a corrected 835"


class Payments:
    """Takes the segments of an 835 one by one; `rows` (payments), `adjustments` and `refusals` grow, in step."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.rows: list[Row] = []
        self.adjustments: list[Row] = []
        self.refusals: list[Refusal] = []
        self.count = 0
        self.seen: Counter[str] = Counter()
        self.steps = {
            "ST": self._begin,
            "BPR": self._payment,
            "TRN": self._trace,
            "N1": self._party,
            "REF": self._reference,
            "LX": self._next_group,
            "CLP": self._claim,
            "CAS": self._adjusted,
            "NM1": self._person,
            "MOA": self._remarks,
            "MIA": self._remarks,
            "LQ": self._remark,
            "DTM": self._date,
            "AMT": self._amount,
            "SVC": self._service,
            "PLB": self._provider_level,
            "SE": self._end,
        }
        self._clear()

    def take(self, segment: Segment) -> None:
        """Use one segment; those that say nothing of a payment pass by."""
        step = self.steps.get(segment.id)
        if step:
            step(segment)

    def _clear(self) -> None:
        self.sent: Row = {}
        self.entity = ""
        self.open: list[Row] = []  # the claim's row, then its lines'
        self.open_adjustments: defaultdict[str, list[Row]] = defaultdict(list)  # by position
        self.problem = ""
        self.total, self.total_known = Decimal(0), True
        self.announced: tuple[int, Decimal] | None = None

    def _begin(self, _: Segment) -> None:
        self._clear()

    def _payment(self, segment: Segment) -> None:
        self.sent.update(payment_method=segment[4], payment_date=iso_date(segment[16]))
        try:
            amount = money(segment[2])
        except Unreadable:
            raise self._broken(segment, "the amount of the payment (BPR02) is not a number") from None
        self.announced = segment.number, -amount if segment[3] == "D" else amount

    def _trace(self, segment: Segment) -> None:
        self.sent.update(trace_number=segment[2], originator=segment[3])

    def _party(self, segment: Segment) -> None:
        self.entity = segment[1]
        if segment[1] == "PR":
            self.sent.update(payer_name=segment[2], payer_id=segment[4])
        elif segment[1] == "PE" and segment[3] == "XX":
            self.sent.update(payee_npi=segment[4])

    def _reference(self, segment: Segment) -> None:
        if self.open:
            if segment[1] == "6R" and len(self.open) > 1:
                self.open[-1]["line_control_number"] = segment[2]
        elif self.entity == "PR" and segment[1] == "2U" and not self.sent.get("payer_id"):
            self.sent["payer_id"] = segment[2]

    def _next_group(self, _: Segment) -> None:
        self._finish()

    def _claim(self, segment: Segment) -> None:
        self._finish()
        if not self.sent.get("trace_number"):
            raise self._broken(segment, "the payment has no trace number (TRN02)")
        self.count += 1
        sent = {name: value for name, value in self.sent.items() if name != "originator"}
        sent["payer_id"] = sent.get("payer_id") or self.sent.get("originator", "")
        self.open = [
            dict.fromkeys(PAYMENTS.names, "")
            | sent
            | {
                "payment_id": self._id_of(segment[1]),
                "position": "0",
                "claim_id": segment[1],
                "status": segment[2],
                "claim_filing": segment[6],
                "payer_control_number": segment[7],
                "frequency_code": segment[9],
                "source_file": self.file,
                "source_row": str(segment.number),
            }
        ]
        self._amounts(self.open[0], charge_amount=segment[3], paid_amount=segment[4], patient_responsibility=segment[5])

    def _id_of(self, claim_id: str) -> str:
        """The same whenever this payment is read again: originator, trace, day, claim, and how often the claim came."""
        parts = (*(self.sent.get(name, "") for name in ("originator", "trace_number", "payment_date")), claim_id)
        payment = "/".join(parts)
        self.seen[payment] += 1
        return f"{payment}/{self.seen[payment]}"

    def _amounts(self, row: Row, **sent: str) -> None:
        for name, value in sent.items():
            try:
                row[name] = f"{money(value):.2f}" if value else ""
            except Unreadable:
                self._against(f"{name} is not an amount in dollars and cents")

    def _service(self, segment: Segment) -> None:
        if not self.open:
            raise self._broken(segment, "a service (SVC) stands outside a claim (CLP)")
        claim = self.open[0]
        line = claim | {"position": str(len(self.open)), "source_row": str(segment.number)}
        emptied = ("allowed_amount", "patient_responsibility", "remark_codes", "line_control_number")
        line |= dict.fromkeys(emptied, "")
        line |= {name: segment.part(1, place) for place, name in enumerate(SERVICE[1:], start=2)}
        line.update(units=plain(segment[5] or ("1" if segment[1] else "")), billed_units=plain(segment[7]))
        line["billed_procedure_code"] = segment.part(6, 2)
        if not line["procedure_code"]:
            self._against("a service has no code after the separator that ISA16 names (SVC01-2)")
        self.open.append(line)
        self._amounts(line, charge_amount=segment[2], paid_amount=segment[3] or "0")

    def _adjusted(self, segment: Segment) -> None:
        if not self.open:
            return
        of = self.open[-1]
        before = self.open_adjustments[of["position"]]
        for place in TRIPLETS:
            if not (segment[place] or segment[place + 1]):
                continue
            row = {name: of[name] for name in ("payment_id", "position", "claim_id", "source_file")} | {
                "number": str(len(before) + 1),
                "group_code": segment[1],
                "reason_code": segment[place],
                "amount": "",
                "quantity": plain(segment[place + 2]),
                "source_row": str(segment.number),
            }
            before.append(row)
            self._amounts(row, amount=segment[place + 1] or "0")

    def _person(self, segment: Segment) -> None:
        if len(self.open) != 1:
            return
        if segment[1] in ("QC", "IL"):
            self.open[0]["member_id"] = self.open[0]["member_id"] or segment[9]
        elif segment[1] == "82" and segment[8] == "XX":
            self.open[0]["rendering_npi"] = segment[9]

    def _remarks(self, segment: Segment) -> None:
        self._remark_codes([segment[place] for place in REMARKS[segment.id]])

    def _remark(self, segment: Segment) -> None:
        if segment[1] == "HE":
            self._remark_codes([segment[2]])

    def _remark_codes(self, codes: list[str]) -> None:
        if self.open:
            told = [*self.open[-1]["remark_codes"].split(), *filter(None, codes)]
            self.open[-1]["remark_codes"] = " ".join(dict.fromkeys(told))

    def _date(self, segment: Segment) -> None:
        if self.open and segment[1] in (("232", "472") if len(self.open) == 1 else ("472", "150")):
            self.open[-1]["service_date"] = iso_date(segment[2])

    def _amount(self, segment: Segment) -> None:
        if self.open and segment[1] == ("AU" if len(self.open) == 1 else "B6"):
            self._amounts(self.open[-1], allowed_amount=segment[2])

    def _provider_level(self, segment: Segment) -> None:
        """What the payer takes or gives beside the claims lowers or raises the payment."""
        self._finish()
        for place in PROVIDER_AMOUNTS:
            try:
                self.total -= money(segment[place]) if segment[place] else 0
            except Unreadable:
                raise self._broken(segment, "an amount of PLB is not a number") from None

    def _end(self, _: Segment) -> None:
        self._finish()
        if self.announced and self.total_known and self.announced[1] != self.total:
            number, amount = self.announced
            wrong = (
                f"the payment is {amount} (BPR02), but its claims less what stands in PLB come to {self.total}: "
                "the claims were taken, the sum is not sure"
            )
            self.refusals.append(Refusal(self.file, number, "paid_amount", "", wrong, ASK, PAYMENTS.name))
        self._clear()

    def _finish(self) -> None:
        """Take or refuse the claim that is open, if one is."""
        if not self.open:
            return
        claim = self.open[0]
        self._complete_lines()
        wrong = self.problem or out_of_balance(self.open, self.open_adjustments)
        if self.problem and not claim["paid_amount"]:
            self.total_known = False
        else:
            self.total += Decimal(claim["paid_amount"] or 0)
        if wrong:
            place, named = int(claim["source_row"]), claim["claim_id"][:60]
            payment = claim["payment_id"]
            self.refusals.append(Refusal(self.file, place, "claim_id", named, wrong, ASK, PAYMENTS.name, payment))
        else:
            self.rows += self.open
            self.adjustments += flat(self.open_adjustments)
        self.open, self.problem = [], ""
        self.open_adjustments.clear()

    def _complete_lines(self) -> None:
        claim, lines = self.open[0], self.open[1:]
        for line in lines:
            theirs = [one for one in self.open_adjustments[line["position"]] if one["group_code"] == "PR"]
            line["patient_responsibility"] = f"{total(theirs):.2f}"
            line["service_date"] = line["service_date"] or claim["service_date"]
        allowed = [line["allowed_amount"] for line in lines]
        if not claim["allowed_amount"] and allowed and all(allowed):
            claim["allowed_amount"] = f"{sum(map(Decimal, allowed), Decimal(0)):.2f}"

    def _against(self, wrong: str) -> None:
        self.problem = self.problem or wrong

    def _broken(self, segment: Segment, wrong: str) -> InputError:
        return InputError(wrong, where=f"{self.file}, segment {segment.number}", do=ASK)
