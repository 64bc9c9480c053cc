"""Visits as rows of the tables of `docs/formats.md`. Dates print as YYYY-MM-DD, empty cells as ''."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from audit.demo.billing import CHARGES, PLACE_OF_SERVICE
from audit.demo.clinic import BILLING_NPI, QUINTERO
from audit.demo.diary import clock
from audit.demo.records import EVALUATIONS, Findings, Patient, Visit
from audit.demo.sentences import frequency

Row = dict[str, object]


def claim_rows(visit: Visit) -> Iterator[Row]:
    patient, diagnoses = visit.patient, _diagnoses(visit.patient)
    for number, line in enumerate(visit.lines, start=1):
        yield _person(patient) | {
            "claim_id": visit.claim_id,
            "line_number": number,
            "payer_id": patient.payer.payer_id,
            "payer_name": patient.payer.name,
            "billing_npi": BILLING_NPI,
            "rendering_npi": patient.therapist.npi,
            "rendering_name": patient.therapist.name,
            "referring_npi": patient.referrer[1],
            "place_of_service": visit.place or PLACE_OF_SERVICE[visit.modality],
            "service_date": visit.day,
            "procedure_code": line.code,
            **{f"modifier_{i}": modifier for i, modifier in enumerate(line.modifiers, start=1)},
            "units": line.units,
            "charge_amount": f"{CHARGES[line.code] * line.units}.00",
            "diagnosis_codes": " ".join(diagnoses),
            "diagnosis_pointers": " ".join(str(i + 1) for i in range(len(diagnoses))) if visit.findings else "1 2",
            "prior_authorization": patient.authorization,
            "frequency_code": "1",
        }


def note_row(visit: Visit) -> Row:
    """The note is the author's; its rendering NPI is the one under which the visit is billed."""
    patient = visit.patient
    return _person(patient) | {
        "note_id": visit.note_id,
        "claim_id": visit.claim_id if visit.linked else "",
        "service_date": visit.day,
        "note_type": visit.note_type,
        "discipline": "OT",
        "rendering_npi": patient.therapist.npi,
        "author_name": visit.author.name,
        "author_credential": visit.author.credential,
        "start_time": clock(visit.start),
        "end_time": clock(visit.end),
        "total_timed_minutes": _known(visit.stated_timed),
        "total_treatment_minutes": _known(visit.stated_total),
        "signed_by": visit.author.signature if visit.signed_at else "",
        "signed_at": _moment(visit.signed_at),
        "cosigned_by": patient.therapist.signature if visit.cosigned_at else "",
        "cosigned_at": _moment(visit.cosigned_at),
        "modality": visit.modality,
        "diagnosis_codes": " ".join(_diagnoses(patient)),
        **(_finding_cells(visit.findings, patient) if visit.findings else {}),
        "text": visit.text,
    }


def service_rows(visit: Visit) -> Iterator[Row]:
    """One row a service; without minutes where the writer keeps only totals."""
    for service in visit.services:
        minutes: Row = {
            "minutes": service.minutes,
            "therapist_minutes": service.therapist,
            "assistant_minutes": service.assistant,
            "together_minutes": service.together,
        }
        yield {
            "note_id": visit.note_id,
            "procedure_code": service.code,
            **(minutes if visit.per_code else {}),
            "start_time": "" if service.start is None else clock(service.start),
            "end_time": "" if service.end is None else clock(service.end),
            "mode": service.mode,
            "body_region": visit.patient.family.region.format(side=visit.patient.side),
            "text": service.text,
        }


def plan_rows(visits: list[Visit]) -> Iterator[Row]:
    plans = {visit.plan.plan_id: visit for visit in visits}
    for plan_id in sorted(plans):
        visit = plans[plan_id]
        plan, patient = visit.plan, visit.patient
        yield {
            "plan_id": plan_id,
            "patient_id": patient.patient_id,
            "discipline": "OT",
            "start_date": plan.start,
            "end_date": plan.end,
            "certified_on": _known(plan.certified_on),
            "certified_by": patient.referrer[0] if plan.certified_on else "",
            "signed_order_on": _known(plan.signed_order_on),
            "sent_on": _known(plan.sent_on),
            "frequency": frequency(plan.per_week),
            "duration": f"{plan.weeks} weeks",
        }


def authorization_rows(visits: list[Visit]) -> Iterator[Row]:
    """For payers that authorise: room for every visit and unit billed, and a little more."""
    patients = {v.patient.patient_id: v for v in visits if v.patient.authorization}
    for patient_id, visit in sorted(patients.items()):
        own = [v for v in visits if v.patient.patient_id == patient_id]
        codes = {line.code for v in own for line in v.lines} | set(visit.patient.family.codes)
        yield {
            "number": visit.patient.authorization,
            "payer_id": visit.payer.payer_id,
            "patient_id": patient_id,
            "procedure_codes": " ".join(sorted(codes | set(EVALUATIONS) | {"97168"})),
            "units": sum(line.units for v in own for line in v.lines) + 6,
            "visits": len(own) + 2,
            "from_date": visit.plan.start,
            "to_date": visit.patient.authorized_to or visit.plan.end,
        }


def _person(patient: Patient) -> Row:
    return {
        "patient_id": patient.patient_id,
        "patient_name": patient.name,
        "patient_birth_date": patient.birth_date,
    }


def _finding_cells(found: Findings, patient: Patient) -> Row:
    """Quintero-Vale's system keeps the number of deficits, the others their names."""
    count_only = patient.therapist == QUINTERO
    return {
        "history_level": found.history_level,
        "performance_deficits": len(found.deficits) if count_only else "; ".join(found.deficits),
        "decision_making": found.decision_making,
        "comorbidities": found.comorbidities,
        "assistance": found.assistance,
    }


def _diagnoses(patient: Patient) -> list[str]:
    named = [patient.comorbidity[0]] if patient.comorbidity_named else []
    return patient.condition.icd[patient.side] + named


def _known(value: object) -> object:
    return "" if value is None else value


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else ""
