"""X12 files: professional claims (837P) into the columns of claims, payments (835) into those of payments."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from audit.errors import InputError, Refusal
from audit.intake.x12_claims import Claims
from audit.intake.x12_payments import Payments
from audit.intake.x12_segments import Segment, segments, start_of_text
from audit.model import ADJUSTMENTS, CLAIMS, PAYMENTS

PROFESSIONAL = "a professional claim file (837P)"
PAYMENT = "a payment file (835)"
KINDS = {
    "270": "an eligibility inquiry (270)",
    "271": "an eligibility answer (271)",
    "276": "a claim status inquiry (276)",
    "277": "a claim status or claim acknowledgement file (277)",
    "278": "an authorization file (278)",
    "820": "a premium payment file (820)",
    "834": "an enrolment file (834)",
    "835": PAYMENT,
    "997": "an acknowledgement (997)",
    "999": "an acknowledgement (999)",
}
GUIDES = {
    "222": PROFESSIONAL,
    "098": PROFESSIONAL,
    "223": "an institutional claim file (837I)",
    "096": "an institutional claim file (837I)",
    "224": "a dental claim file (837D)",
    "097": "a dental claim file (837D)",
}
PAYMENT_GUIDES = ("", "005010X221", "004010X091")
GUIDE = re.compile(r"00[45]010X([0-9]{3})")


def looks_like_x12(head: bytes) -> bool:
    """Whether a file that begins so is X12 of any kind; a BOM and blank lines may come first."""
    text = start_of_text(head)
    mark = text[3:4]
    return text.startswith(b"ISA") and bool(mark) and not mark.isalnum() and text[6:7] in (b"", mark)


@dataclass(frozen=True)
class X12File:
    """What an X12 file holds: `kind` 837P or 835, rows by table name, `count` of claim lines or of paid claims."""

    kind: str
    tables: dict[str, list[dict[str, str]]]
    refusals: list[Refusal]
    count: int


def read_x12(path: Path) -> X12File:
    """An 837P or an 835, known by its first transaction. Raises InputError as the readers of the two do."""
    with closing(segments(path)) as found:
        transaction = next((segment[1] for segment in found if segment.id == "ST"), "")
    if transaction == "835":
        return read_835(path)
    lines, refusals = read_837p(path)
    return X12File("837P", {CLAIMS.name: lines}, refusals, len(lines))


def read_837p(path: Path) -> tuple[list[dict[str, str]], list[Refusal]]:
    """The service lines of an 837P file, one dict each, and the lines that could not be taken.

    Keys are the columns of `model.CLAIMS` (`claim_filing` is SBR09), `source_file` (name only) and `source_row`
    (number of the LX segment in the file, of the SV1 where LX is missing; the first ISA is 1). All values are text,
    "" when unknown. A line in minutes (SV103 MJ) is refused: therapy is billed in units.

    The patient is the subscriber (`patient_id` = NM109 of NM1*IL). A dependant's id is NM109 of NM1*QC, else
    REF*1W or REF*23, else subscriber id + "-" + 1, 2, ... in the order in which the subscriber's dependants,
    told apart by name and birth date, first occur in this file: stable within a file and whenever it is read
    again, not from one file to another. REF*SY (social security number) is never used.
    ICD-9 codes (BK, BF) are not carried over: such claims have no `diagnosis_codes`.

    Raises InputError when the file is not an 837P, is cut off, or an envelope or count in it is wrong:
    then nothing of it is taken. `row` of a Refusal is the `source_row`.
    """
    claims = Claims(path.name)
    _take_all(path, claims.take, _require_professional)
    lines, refusals = claims.levels.lines, claims.levels.refusals
    if not lines and not refusals:
        raise InputError("the file holds no claim", where=path.name, do="Export the claims again as X12 837P")
    return lines, refusals


def read_835(path: Path) -> X12File:
    """The payments of an 835 (`model.PAYMENTS`, `model.ADJUSTMENTS`), with `source_file` and `source_row` as above.

    `payment_id` is the same whenever the payment is read again. A claim whose amounts do not add up is refused whole;
    a payment (BPR02) that is not the sum of its claims less PLB is told as a refusal of its own, and its claims are
    taken. Raises InputError as `read_837p` does.
    """
    payments = Payments(path.name)
    _take_all(path, payments.take, _require_payment)
    if not payments.count:
        raise InputError("the file holds no payment of a claim", where=path.name, do="Ask the payer for the 835 again")
    tables = {PAYMENTS.name: payments.rows, ADJUSTMENTS.name: payments.adjustments}
    return X12File("835", tables, payments.refusals, sum(row["position"] == "0" for row in payments.rows))


def _take_all(path: Path, take: Callable[[Segment], None], require: Callable[[Segment, str, str], None]) -> None:
    group = ""
    with closing(segments(path)) as found:
        for segment in found:
            if segment.id == "GS":
                group = segment[8]
            elif segment.id == "ST":
                require(segment, group, path.name)
            take(segment)


def _require_payment(transaction: Segment, group_guide: str, file: str) -> None:
    guides = (transaction[3], group_guide)
    if transaction[1] == "835" and all(guide[:10] in PAYMENT_GUIDES for guide in guides):
        return
    raise InputError(
        f"this is {_kind(transaction[1], transaction[3] or group_guide)} in a payment file (835)"
        if transaction[1] != "835"
        else "this is a payment file (835) of an unknown guide",
        where=f"{file}, segment {transaction.number}",
        do="Give claims and payments in a file each; payments as X12 835, guide 005010X221",
    )


def _require_professional(transaction: Segment, group_guide: str, file: str) -> None:
    kinds = {_kind(transaction[1], guide) for guide in (transaction[3], group_guide) if guide}
    others = sorted(kinds - {PROFESSIONAL})
    if kinds and not others:
        return
    raise InputError(
        f"this is {others[0] if others else _kind(transaction[1], '')}; Countersign reads professional claims (837P) "
        "and payments (835), each in a file of its own",
        where=f"{file}, segment {transaction.number}",
        do="Export the claims as X12 837P, guide 005010X222 (named in GS08 and ST03)",
    )


def _kind(transaction: str, guide: str) -> str:
    if transaction != "837":
        return KINDS.get(transaction, "an X12 file that holds no claims (ST01 is not 837)")
    found = GUIDE.match(guide)
    return GUIDES.get(found[1] if found else "", "a claim file (837) of an unknown guide")
