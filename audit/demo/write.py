"""The demo clinic as CSV tables, each a string, the same to the byte for the same seed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from audit.demo.billing import bill
from audit.demo.clinic import PAYERS, PAYERS_FROM, PRACTITIONERS
from audit.demo.mistakes import plant
from audit.demo.mistakes.kind import Answer
from audit.demo.notes import write_notes
from audit.demo.records import Visit
from audit.demo.remittance import remittance
from audit.demo.rows import authorization_rows, claim_rows, note_row, plan_rows, service_rows
from audit.demo.visits import half_year

COLUMNS = {
    "claims": "claim_id line_number patient_id patient_name patient_birth_date payer_id payer_name billing_npi "
    "rendering_npi rendering_name referring_npi place_of_service service_date procedure_code modifier_1 "
    "modifier_2 modifier_3 modifier_4 units charge_amount diagnosis_codes diagnosis_pointers "
    "prior_authorization frequency_code",
    "notes": "note_id claim_id patient_id patient_name patient_birth_date service_date note_type discipline "
    "rendering_npi author_name author_credential start_time end_time total_timed_minutes "
    "total_treatment_minutes signed_by signed_at cosigned_by cosigned_at modality diagnosis_codes "
    "history_level performance_deficits decision_making comorbidities assistance text",
    "note_services": "note_id procedure_code minutes therapist_minutes assistant_minutes together_minutes "
    "start_time end_time mode body_region text",
    "payers": "payer_id name unit_method therapy_modifier assistant_modifier medicare pair_edits "
    "authorization effective_from effective_to",
    "plans_of_care": "plan_id patient_id discipline start_date end_date certified_on certified_by "
    "signed_order_on sent_on frequency duration",
    "authorizations": "number payer_id patient_id procedure_codes units visits from_date to_date",
    "providers": "npi name credential discipline",
    "answers": "claim_id line_number kind rule what also",
}
"""Table -> its columns, as in `docs/formats.md`; `answers` is the demo's own."""
PAYMENTS = "payments/quarter.835"
"""In a folder of its own: the claims are checked before anybody pays them."""


def clinic(seed: int) -> tuple[list[Visit], list[Answer]]:
    """The finished visits in order of claim number, and the planted errors."""
    visits = half_year(seed)
    for number, visit in enumerate(visits, start=1):
        visit.claim_id, visit.note_id = f"CLM-{number:06d}", f"NOTE-{number:06d}"
        bill(visit)
    answers = plant(seed, visits)
    write_notes(seed, visits)
    return visits, answers


def files(seed: int) -> dict[str, str]:
    """File name -> its whole content, for the given seed."""
    visits, answers = clinic(seed)
    noted = [visit for visit in visits if visit.noted]
    rows: dict[str, Iterable[Mapping[str, object]]] = {
        "claims": (row for visit in visits for row in claim_rows(visit)),
        "notes": map(note_row, noted),
        "note_services": (row for visit in noted for row in service_rows(visit)),
        "payers": ({"effective_from": PAYERS_FROM} | {n: getattr(p, n) for n in p.__slots__} for p in PAYERS),
        "plans_of_care": plan_rows(visits),
        "authorizations": authorization_rows(visits),
        "providers": (
            {"npi": p.npi, "name": p.name, "credential": p.credential, "discipline": "OT"} for p in PRACTITIONERS
        ),
        "answers": sorted(map(_answer_row, answers), key=lambda row: (row["claim_id"], row["kind"])),
    }
    told = {f"{table}.csv": _csv(COLUMNS[table].split(), rows[table]) for table in COLUMNS}
    return told | {PAYMENTS: remittance(seed, visits, answers)}


def _answer_row(answer: Answer) -> dict[str, str]:
    lines = answer.visit.lines
    number = next((i for i, line in enumerate(lines, start=1) if line is answer.line), "")
    return {
        "claim_id": answer.visit.claim_id,
        "line_number": str(number),
        "kind": answer.kind,
        "rule": answer.rule,
        "what": answer.what,
        "also": " ".join(answer.also),
    }


def _csv(columns: list[str], rows: Iterable[Mapping[str, object]]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
