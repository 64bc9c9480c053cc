"""837P claim files (X12 professional claims) into the columns of claims.csv."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from audit.errors import InputError, Refusal
from audit.intake.x12_claims import Claims
from audit.intake.x12_segments import Segment, segments, start_of_text

PROFESSIONAL = "a professional claim file (837P)"
KINDS = {
    "270": "an eligibility inquiry (270)",
    "271": "an eligibility answer (271)",
    "276": "a claim status inquiry (276)",
    "277": "a claim status or claim acknowledgement file (277)",
    "278": "an authorization file (278)",
    "820": "a premium payment file (820)",
    "834": "an enrolment file (834)",
    "835": "a payment file (835)",
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
GUIDE = re.compile(r"00[45]010X([0-9]{3})")


def looks_like_x12(head: bytes) -> bool:
    """Whether a file that begins so is X12 of any kind; a BOM and blank lines may come first."""
    text = start_of_text(head)
    mark = text[3:4]
    return text.startswith(b"ISA") and bool(mark) and not mark.isalnum() and text[6:7] in (b"", mark)


def read_837p(path: Path) -> tuple[list[dict[str, str]], list[Refusal]]:
    """The service lines of an 837P file, one dict each, and the lines that could not be taken.

    Keys are the columns of `model.CLAIMS` (`claim_filing` is SBR09), `minutes` (always "": a line in minutes
    is refused), `source_file` (name only) and `source_row` (number of the LX segment in the file, of the SV1
    where LX is missing; the first ISA is 1). All values are text, "" when unknown.

    The patient is the subscriber (`patient_id` = NM109 of NM1*IL). A dependant's id is NM109 of NM1*QC, else
    REF*1W or REF*23, else subscriber id + "-" + 1, 2, ... in the order in which the subscriber's dependants,
    told apart by name and birth date, first occur in this file: stable within a file and whenever it is read
    again, not from one file to another. REF*SY (social security number) is never used.
    ICD-9 codes (BK, BF) are not carried over: such claims have no `diagnosis_codes`.

    Raises InputError when the file is not an 837P, is cut off, or an envelope or count in it is wrong:
    then nothing of it is taken. `row` of a Refusal is the `source_row`.
    """
    claims = Claims(path.name)
    group = ""
    with closing(segments(path)) as found:
        for segment in found:
            if segment.id == "GS":
                group = segment[8]
            elif segment.id == "ST":
                _require_professional(segment, group, path.name)
            claims.take(segment)
    lines, refusals = claims.levels.lines, claims.levels.refusals
    if not lines and not refusals:
        raise InputError("the file holds no claim", where=path.name, do="Export the claims again as X12 837P")
    return lines, refusals


def _require_professional(transaction: Segment, group_guide: str, file: str) -> None:
    kinds = {_kind(transaction[1], guide) for guide in (transaction[3], group_guide) if guide}
    others = sorted(kinds - {PROFESSIONAL})
    if kinds and not others:
        return
    raise InputError(
        f"this is {others[0] if others else _kind(transaction[1], '')}; Countersign reads professional claims (837P)",
        where=f"{file}, segment {transaction.number}",
        do="Export the claims as X12 837P, guide 005010X222 (named in GS08 and ST03)",
    )


def _kind(transaction: str, guide: str) -> str:
    if transaction != "837":
        return KINDS.get(transaction, "an X12 file that holds no claims (ST01 is not 837)")
    found = GUIDE.match(guide)
    return GUIDES.get(found[1] if found else "", "a claim file (837) of an unknown guide")
