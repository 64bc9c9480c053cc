"""One service line of an 837P: its values made ready, or the reason it cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from audit.errors import Refusal
from audit.model import CLAIMS

WHOLE = re.compile(r"([0-9]{1,9})(?:\.0*)?")
NUMBER = re.compile(r"-?[0-9]{0,9}\.?[0-9]{0,9}")
AS_SENT = ("qualifier", "measure", "days")  # SV101-1, SV103, DTP03: read here, not part of a claim line
REQUIRED = {
    "claim_id": "CLM01",
    "line_number": "LX01",
    "patient_id": "NM109 of the subscriber, NM1*IL; for a dependant also the name, NM1*QC",
    "payer_id": "NM109 of the payer, NM1*PR",
    "rendering_npi": "NM109 with NM108 XX of the rendering provider, NM1*82; where none is named, of NM1*85",
    "procedure_code": "SV101-2, after HC and the separator that ISA16 names",
    "units": "SV104",
    "service_date": "DTP*472",
}
Problem = tuple[str, str, str, str]


def iso_date(sent: str) -> str:
    """CCYYMMDD as YYYY-MM-DD; "" when it is not a date."""
    if len(sent) != 8 or not (sent.isascii() and sent.isdigit()):
        return ""
    try:
        return date(int(sent[:4]), int(sent[4:6]), int(sent[6:])).isoformat()
    except ValueError:
        return ""


def one_day(qualifier: str, sent: str) -> str:
    """The day of a DTP: D8, or RD8 whose two ends are equal; "" when it is not one day."""
    first, _, last = sent.partition("-")
    if qualifier == "D8":
        return iso_date(sent)
    return iso_date(first) if qualifier == "RD8" and first == last else ""


def refusal(line: dict[str, str], column: str, value: str, wrong: str, do: str) -> Refusal:
    """The refusal of a line (or of a claim without one), with the claim it is part of."""
    place = line["source_file"], int(line["source_row"])
    return Refusal(*place, column, value, wrong, do, CLAIMS.name, line["claim_id"])


def finished(line: dict[str, str]) -> dict[str, str] | Refusal:
    """The line with plain whole units and without its `AS_SENT` values, or the first reason against it."""
    problem = next(_problems(line), None)
    if problem:
        return refusal(line, *problem)
    units = WHOLE.fullmatch(line["units"])
    kept = {column: value for column, value in line.items() if column not in AS_SENT}
    return kept | {"units": str(int(units[1])) if units else ""}


def _problems(line: dict[str, str]) -> Iterator[Problem]:
    """Reasons against the line, gravest first. A value is shown only where it cannot name a person."""
    yield from _of_the_service(line)
    for column, place in REQUIRED.items():
        if not line[column] and not (column == "service_date" and line["days"]):
            yield column, "", f"{column} is missing ({place})", "Fill it in and export again"
    yield from _of_the_day(line)


def _of_the_service(line: dict[str, str]) -> Iterator[Problem]:
    qualifier, measure, units = line["qualifier"], line["measure"], line["units"]
    if line["procedure_code"] and qualifier != "HC":
        wrong = "the code is not a HCPCS or CPT code (SV101-1 is not HC)"
        yield "procedure_code", qualifier[:2], wrong, "Bill the service with a HCPCS or CPT code"
    if measure == "MJ":
        wrong = "the quantity is in minutes (SV103 is MJ), as for anesthesia"
        yield "units", measure, wrong, "Bill therapy in units (SV103 UN); audit anesthesia claims elsewhere"
    elif units and measure != "UN":
        yield "units", measure[:2], "SV103 does not say that the quantity is in units", "Send SV103 as UN"
    if units and not WHOLE.fullmatch(units):
        shown = units if NUMBER.fullmatch(units) else ""
        yield "units", shown, "the units (SV104) are not a whole number", "Bill whole units, such as 2"


def _of_the_day(line: dict[str, str]) -> Iterator[Problem]:
    if line["service_date"]:
        return
    if "-" in line["days"]:
        wrong = "the date of service (DTP*472) is not one day: a range, given twice, or neither D8 nor RD8"
        yield "service_date", "", wrong, "Bill each date of service on a line of its own"
    wrong = "the date of service is not a date (DTP*472 with D8 and CCYYMMDD)"
    yield "service_date", "", wrong, "Correct the date and export again"
