"""National files in their true layouts, with made-up rows."""

from __future__ import annotations

import io
import zipfile

import openpyxl

PTP_HEAD = [
    "CPT only copyright 2025 American Medical Association.  All rights reserved.\t\t\t\t\t\t",
    "Column1/Column2 Edits\t\t\t\t\t\t",
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale",
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\t",
    "\t\t\t\t*=no data\t1=allowed\t",
    "\t\t\t\t\t9=not applicable\t",
]
PTP_ROWS = [
    ("00100", "36000", "", "20260101", "*", "1", "made up"),
    ("97530", "97535", "", "20260701", "*", "1", "made up: from this quarter on"),
    ("97530", "97750", "*", "19960101", "*", "1", "made up"),
    ("97530", "97116", "", "20100101", "20200331", "1", "made up: gone"),
    ("97140", "97530", "", "20200101", "20200101", "9", "made up: withdrawn"),
    ("97140", "97124", "", "19990101", "*", "0", "made up"),
    ("99213", "97530", "", "20260101", "*", "1", "made up: no therapy code"),
]
MUE_NOTICE = (
    '"CPT codes, descriptions and other data only are copyright American Medical Association.\n'
    'All rights reserved. CPT is a registered trademark.\n\nPractitioner Services MUE Table",,,\n'
)
MUE_HEAD = '"HCPCS/\nCPT Code","{setting} Services MUE Values","MUE Adjudication Indicator","MUE Rationale"\n'
MUE_ROWS = (
    "97530,6,3 Date of Service Edit: Clinical,Clinical: Data\n97165,1,2 Date of Service Edit: Policy,CMS Policy\n"
    "97110,8,3 Date of Service Edit: Clinical,Clinical: Data\n00100,1,2 Date of Service Edit: Policy,Nature\n"
)
RVU_HEAD = (
    ",,{year} National Physician Fee Schedule Relative Value File {month} Release,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
    ",,CPT codes and descriptions only are copyright {year} American Medical Association.,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
    "RELEASED 12/20/2026,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
    ",,,,NOT USED,,,,,,,,,,,,,,,,,,,,,PHYSICIAN,,,NON-FACILITY,FACILITY,\n"
    ",,,,FOR,,,,,,,,,,,,,,,,,,,,,SUPERVISION OF,,,PE USED,PE USED,MP USED\n"
    ",,,STATUS,MEDICARE,WORK,NON-FAC,NA,FACILITY,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,INTRA,POST,MULT,BILAT,ASST,"
    "CO-,TEAM,ENDO,CONV,DIAGNOSTIC,CALCULATION,FAMILY,FOR OPPS,FOR OPPS,FOR OPPS\n"
    "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,OP,PROC,"
    "SURG,SURG,SURG,SURG,BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,AMOUNT,AMOUNT,AMOUNT\n"
)
RVU_ROW = "{code},{mod},made up,{status},,{work},0.60,,0.50,,0.01,1.05,1.05,7,XXX,0.00,0.00,0.00,5,0,0,0,0,,34.0000,09,0,99,0.00,0.00,0.00\n"  # noqa: E501
ICD = [
    ("S52502", "0", "Unspecified fracture of the lower end of left radius"),
    ("S52502A", "1", "Unspecified fracture of the lower end of left radius, initial encounter for closed fracture"),
    ("S52502D", "1", "Unspecified fracture of the lower end of left radius, subsequent encounter"),
    ("M2563", "0", "Stiffness of wrist, not elsewhere classified"),
    ("M25631", "1", "Stiffness of right wrist, not elsewhere classified"),
    ("M25632", "1", "Stiffness of left wrist, not elsewhere classified"),
    ("M25639", "1", "Stiffness of unspecified wrist, not elsewhere classified"),
    ("I10", "1", "Essential (primary) hypertension"),
    ("G8191", "1", "Hemiplegia, unspecified affecting right dominant side"),
    ("R278", "1", "Other lack of coordination"),
]


def ptp(rows: list[tuple[str, ...]] | None = None) -> bytes:
    return "\r\n".join([*PTP_HEAD, *("\t".join(row) for row in (rows or PTP_ROWS)), ""]).encode("cp1252")


def ptp_workbook(rows: list[tuple[str, ...]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in PTP_HEAD:
        sheet.append([cell or None for cell in line.split("\t")])
    for row in rows or PTP_ROWS:
        sheet.append([int(cell) if cell.isdigit() else cell or None for cell in row])
    return _saved(book)


def mue(setting: str = "Practitioner", rows: str = MUE_ROWS) -> bytes:
    return (MUE_NOTICE + MUE_HEAD.format(setting=setting) + rows).encode()


def rvu(year: int = 2027, month: str = "January", extra: str = "") -> bytes:
    rows = [("97530", "", "A", "0.44"), ("97110", "", "A", "0.45"), ("97110", "26", "A", "9"), ("99213", "", "A", "1")]
    names = ("code", "mod", "status", "work")
    body = "".join(RVU_ROW.format(**dict(zip(names, row, strict=True))) for row in rows)
    return (RVU_HEAD.format(year=year, month=month) + body + extra).encode()


def icd_order(codes: list[tuple[str, str, str]] | None = None) -> bytes:
    told = enumerate(codes or ICD, 1)
    lines = [f"{n:05} {code:<7} {flag} {words[:60]:<60} {words}" for n, (code, flag, words) in told]
    return ("\r\n".join(lines) + "\r\n").encode()


def icd_codes() -> bytes:
    return "".join(f"{code:<7} {words}\n" for code, flag, words in ICD if flag == "1").encode()


def zipped(**members: bytes) -> bytes:
    """Names with a dot are written with "__" for it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def _saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
