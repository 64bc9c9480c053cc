"""Files as a person would hand them in: small, clean or with one thing wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

Row = dict[str, str]
NPI = "1234567893"


def as_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def claim(number: int, units: int = 2, **cells: str) -> Row:
    """A claim of one line of 97530, on its own day for its own patient."""
    given = {
        "claim_id": f"C{number:02}",
        "line_number": "1",
        "patient_id": f"P{number:02}",
        "payer_id": "medicare-b",
        "payer_name": "Medicare Part B",
        "rendering_npi": NPI,
        "rendering_name": "L. Ortiz",
        "service_date": f"2026-03-{number:02}",
        "procedure_code": "97530",
        "modifier_1": "GO",
        "units": str(units),
        "charge_amount": "120.50",
    }
    return given | cells


def note(number: int) -> Row:
    """The note of `claim(number)`: 30 minutes, which support two units."""
    return {
        "note_id": f"N{number:02}",
        "claim_id": f"C{number:02}",
        "patient_id": f"P{number:02}",
        "service_date": f"2026-03-{number:02}",
        "note_type": "daily",
        "discipline": "OT",
        "rendering_npi": NPI,
        "author_name": "L. Ortiz",
        "author_credential": "OTR/L",
        "start_time": "09:00",
        "end_time": "09:30",
        "total_timed_minutes": "30",
        "total_treatment_minutes": "30",
        "signed_by": "L. Ortiz",
        "signed_at": f"2026-03-{number:02}T17:00",
        "text": "Dressing with a reacher, 30 minutes.",
    }


def service(number: int) -> Row:
    return {"note_id": f"N{number:02}", "procedure_code": "97530", "minutes": "30"}


def month(claims: int = 24, over: int = 6) -> list[tuple[str, bytes]]:
    """Files of so many claims with their notes; the first `over` of them bill two units too many."""
    numbers = range(1, claims + 1)
    return [
        ("claims.csv", as_csv([claim(n, units=4 if n <= over else 2) for n in numbers])),
        ("notes.csv", as_csv([note(n) for n in numbers])),
        ("note_services.csv", as_csv([service(n) for n in numbers])),
    ]
