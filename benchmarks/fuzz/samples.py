"""Sound files of every kind: those of the tests, public ones where they lie beside the project, made-up ones."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd

from audit.facts.reference import Facts, load_facts
from audit.figures import dossier
from audit.intake.foreign.proposing import propose
from audit.sampling import Frame, Plan, dollars_plan, draw_sample, freeze, simple_plan
from tests import national_files

ROOT = Path(__file__).parents[2]
TESTS, SHARED, DEMO = ROOT / "tests" / "files", ROOT.parent / "shared" / "samples", ROOT / "data" / "demo"
LARGEST = 200_000
Files = list[tuple[str, bytes]]


@cache
def facts() -> Facts:
    return load_facts()


def _found(*patterns: str) -> Files:
    """Files of the tests and, where they are there, public ones."""
    paths = [p for root in (TESTS, SHARED) for pattern in patterns for p in sorted(root.glob(pattern)) if p.is_file()]
    return [(p.name, p.read_bytes()) for p in paths if p.stat().st_size <= LARGEST]


def claims_837() -> Files:
    return [one for one in _found("x12/**/*") if b"*835*" not in one[1]]


def payments_835() -> Files:
    return [one for one in _found("x12/**/*") if b"ST*835*" in one[1]]


def fhir() -> Files:
    return [*_found("fhir/**/*.json", "fhir/**/*.ndjson"), ("one.json", _resource())]


def _resource() -> bytes:
    bundle = json.loads((TESTS / "fhir" / "r4_bundle.json").read_text())
    return json.dumps(bundle["entry"][0]["resource"]).encode()


def ccda() -> Files:
    return _found("ccda/**/*.xml")


def notes() -> Files:
    return _found("notes/*.txt", "notes/held_out/*.txt")


def pdfs() -> Files:
    return _found("documents/*.pdf")


def word() -> Files:
    return _found("documents/*.docx")


def _rows(table: str, most: int = 12) -> list[list[str]]:
    with (DEMO / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [row for _, row in zip(range(most), csv.reader(file), strict=False)]


def _names() -> list[str]:
    return sorted(path.stem for path in DEMO.glob("*.csv") if path.stem != "answers")


def _as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


@cache
def tables() -> Files:
    """A small clinic: the first claims of the demo, with all that belongs to their patients."""
    whole = {name: _rows(name, 1 << 30) for name in _names()}
    patients = {row[whole["claims"][0].index("patient_id")] for row in whole["claims"][1:13]}
    notes = {row[0] for row in _of(whole["notes"], "patient_id", patients)[1:13]}
    kept = {
        "claims": whole["claims"][:13],
        "notes": [whole["notes"][0], *[row for row in whole["notes"] if row[0] in notes]],
        "note_services": _of(whole["note_services"], "note_id", notes),
    }
    return [
        (f"{name}.csv", _as_csv(kept.get(name) or _of(rows, "patient_id", patients))) for name, rows in whole.items()
    ]


def _of(rows: list[list[str]], column: str, values: set[str]) -> list[list[str]]:
    head, *rest = rows
    return [head, *[row for row in rest if row[head.index(column)] in values]] if column in head else rows[:13]


def workbooks() -> Files:
    book = openpyxl.Workbook()
    for name in ("claims", "notes", "note_services", "payers"):
        sheet = book.create_sheet(name)
        for row in _rows(name, 6):
            sheet.append(row)
        sheet.append([datetime(2026, 3, 12, tzinfo=UTC).date(), 5, 1.5, True, None])
    out = io.BytesIO()
    book.save(out)
    return [("clinic.xlsx", out.getvalue()), ("f.xlsx", national_files.ptp_workbook())]


def parquet() -> Files:
    found = []
    for name in ("claims", "notes"):
        head, *rows = _rows(name)
        out = io.BytesIO()
        pd.DataFrame(rows, columns=head).to_parquet(out)
        found.append((f"{name}.parquet", out.getvalue()))
    return found


def json_lines() -> Files:
    found = []
    for name in _names():
        head, *rows = _rows(name)
        lines = [json.dumps(dict(zip(head, row, strict=True))) for row in rows]
        found.append((f"{name}.jsonl", "\n".join(lines).encode()))
    return found


def foreign() -> Files:
    """Tables with the names and habits of other programs."""
    head = ["Claim #", "Patient", "Pt ID", "DOS", "CPT", "Mod", "Units", "Charge", "Payer", "Therapist", "NPI", "Dx"]
    rows = [
        ["Report of claims", *[""] * 11],
        head,
        [
            "1001",
            "Roe, Jane",
            "P1",
            "03/12/2026",
            "97530-GO-KX",
            "GO,KX",
            "2",
            "$1,120.50",
            "Medicare",
            "Ortiz, L",
            "1234567893",
            "M25.641, R27.8",
        ],
        [
            "1002",
            "Doe, J",
            "P2",
            "3/13/26",
            "97110",
            "GO",
            "1 unit",
            "(62.50)",
            "Acme",
            "Ortiz, L",
            "1234567893",
            "I10",
        ],
        ["Total", "", "", "", "", "", "3", "1183.00", "", "", "", ""],
    ]
    wide = [["Claim", "Pt ID", "DOS", "CPT1", "Units1", "Charge1", "CPT2", "Units2", "Charge2", "Payer", "NPI"]]
    wide += [["1", "P1", "2026-03-12", "97530", "2", "80", "97110", "1", "40", "Medicare", "1234567893"]] * 3
    return [
        ("visits.csv", _as_csv(rows)),
        ("visits.tsv", _as_csv(rows[1:], "\t")),
        ("old.csv", _as_csv(rows, ";").replace(b"Roe", b"Ro\xeb")),
        ("wide.csv", _as_csv(wide)),
        *tables(),
        *workbooks(),
    ]


def mapping_files() -> Files:
    found = []
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        for name, content in foreign()[:5]:
            path = Path(folder, name)
            path.write_bytes(content)
            found.append((f"{name}.json", propose(path).mapping.to_json().encode()))
    return found


def national() -> Files:
    n = national_files
    plain = [
        ("ccipra-v322r0-f1.txt", n.ptp()),
        ("ccipra-v322r0-f1.xlsx", n.ptp_workbook()),
        ("mcr-mue-practitioner-eff-07-01-2026.csv", n.mue()),
        ("pprrvu27_jan.csv", n.rvu()),
        ("icd10cm-order-2027.txt", n.icd_order()),
        ("icd10cm-codes-2027.txt", n.icd_codes()),
    ]
    return [*plain, ("pairs.zip", n.zipped(**{name.replace(".", "__"): content for name, content in plain[:3]}))]


def dossiers() -> Files:
    """A dossier of a small frame, with the parts that `audit.figures.dossier` writes."""
    frame = freeze((f"C{n:03}", "flagged" if n % 3 else "unflagged", "120.50", "") for n in range(40))
    return [(f"{plan.kind}.zip", _dossier(frame, plan)) for plan in (simple_plan(frame, 8), dollars_plan(frame, 8))]


def _dossier(frame: Frame, plan: Plan) -> bytes:
    seed = "20261125090000000001"
    drawn = draw_sample(frame, plan, seed).order
    rows = [dossier.SAMPLE]
    rows += [[str(n), one[0], one[1], "yes", "no", "no", "1.00", "0.00", "no"] for n, one in enumerate(drawn, 1)]
    told = {
        "audit": "made up",
        "seed": seed,
        "frame": {"sha256": frame.sha256},
        "plan_sha256": plan.plan_sha256,
        "results": {"strata": [], "estimate": None, "dollars": None, "monitor": None},
    }
    parts = [json.dumps(told).encode(), frame.to_csv().encode(), plan.to_json().encode(), _as_csv(rows)]
    return national_files.zipped(**dict(zip([p.replace(".", "__") for p in dossier.PARTS], parts, strict=True)))
