"""What each segment of an 837P says of a claim line: a thin assembler over the loops that matter."""

from __future__ import annotations

from audit.errors import InputError
from audit.intake.x12_levels import Level, Levels
from audit.intake.x12_lines import iso_date, one_day
from audit.intake.x12_segments import AGAIN, Segment
from audit.model import MODIFIERS

HIERARCHY = {"20": Level.BILLING, "22": Level.SUBSCRIBER, "23": Level.PATIENT}
PATIENTS = ((Level.SUBSCRIBER, "IL"), (Level.PATIENT, "QC"))
DATES = {Level.CLAIM: ("434", "472"), Level.LINE: ("472",)}
COURSE = {
    "454": "initial_treatment_date",
    "463": "begin_therapy_date",
    "461": "last_certification_date",
    "607": "recertification_date",
}
"""DTP01 of the dates of a course of treatment; the last three stand at lines only (005010X222A1, loop 2400)."""
PHYSICIANS = {"DN": "referring_npi", "DQ": "supervising_npi", "DK": "ordering_npi"}
REFERENCES = {
    (Level.CLAIM, "G1"): "prior_authorization",
    (Level.LINE, "G1"): "prior_authorization",
    (Level.CLAIM, "F8"): "original_reference",
    (Level.LINE, "6R"): "line_control_number",
}
SERVICE = ("qualifier", "procedure_code", *MODIFIERS)


class Claims:
    """Takes the segments of a file one by one into `levels`, where lines and refusals grow."""

    def __init__(self, file: str) -> None:
        self.levels = Levels(file)
        self.open_ids: list[str] = []
        self.dependants: dict[str, dict[tuple[str, str], int]] = {}
        self.steps = {
            "HL": self._hierarchy,
            "SBR": self._subscriber,
            "NM1": self._party,
            "DMG": self._demographics,
            "CLM": self._claim,
            "REF": self._reference,
            "DTP": self._date,
            "HI": self._diagnoses,
            "LX": self._line,
            "SV1": self._service,
            "SVD": self._adjudication,
            "SE": self._end,
        }

    def take(self, segment: Segment) -> None:
        """Use one segment; those that say nothing of a claim line pass by."""
        step = self.steps.get(segment.id)
        if step:
            step(segment)

    def _end(self, _: Segment) -> None:
        self.levels.finish_line()
        self.levels.finish_claim()
        self.levels.clear()
        self.open_ids = []

    def _hierarchy(self, segment: Segment) -> None:
        level = HIERARCHY.get(segment[3])
        above = self.open_ids[:level]
        if level is None or len(above) < level or segment[2] != (above[-1] if above else ""):
            raise InputError(
                "HL02 and HL03 do not make a billing provider, its subscriber, or the subscriber's dependant",
                where=f"{self.levels.file}, segment {segment.number}",
                do=AGAIN,
            )
        self.open_ids = [*above, segment[1]]
        stated = self.levels.open(level, segment.number)
        if level is Level.PATIENT:  # a dependant inherits nothing of the subscriber's person
            stated.update(patient_id="", patient_name="", patient_birth_date="")

    def _subscriber(self, segment: Segment) -> None:
        if self.levels.at is Level.SUBSCRIBER:
            self.levels.here["claim_filing"] = segment[9]
        elif self.levels.at is Level.CLAIM:
            self.levels.at = Level.ASIDE

    def _party(self, segment: Segment) -> None:
        self.levels.entity = segment[1]
        here, npi = self.levels.here, segment[9] if segment[8] == "XX" else ""
        match self.levels.at, segment[1]:
            case (Level.BILLING, "85"):
                here.update(billing_npi=npi, rendering_npi=npi, rendering_name=_name(segment))
            case (Level.SUBSCRIBER, "IL") | (Level.PATIENT, "QC"):
                here.update(patient_id=segment[9], patient_name=_name(segment))
            case (Level.SUBSCRIBER, "PR"):
                here.update(payer_id=segment[9], payer_name=segment[3])
            case (Level.CLAIM | Level.LINE, "82"):
                here.update(rendering_npi=npi, rendering_name=_name(segment))
            case (Level.CLAIM | Level.LINE, "DN" | "DQ" | "DK"):
                here.setdefault(PHYSICIANS[segment[1]], npi)

    def _demographics(self, segment: Segment) -> None:
        if (self.levels.at, self.levels.entity) in PATIENTS and segment[1] == "D8":
            self.levels.here["patient_birth_date"] = iso_date(segment[2])

    def _claim(self, segment: Segment) -> None:
        patient = self.levels.stated[Level.PATIENT]
        if patient and not patient["patient_id"]:
            patient["patient_id"] = self._dependant_id(patient)
        self.levels.open(Level.CLAIM, segment.number).update(
            claim_id=segment[1],
            place_of_service=segment.part(5, 1),
            frequency_code=segment.part(5, 3),
        )

    def _dependant_id(self, patient: dict[str, str]) -> str:
        member = self.levels.stated[Level.SUBSCRIBER].get("patient_id", "")
        if not member or not patient["patient_name"]:
            return ""
        known = self.dependants.setdefault(member, {})
        person = (patient["patient_name"], patient["patient_birth_date"])
        return f"{member}-{known.setdefault(person, len(known) + 1)}"

    def _reference(self, segment: Segment) -> None:
        at, here = self.levels.at, self.levels.here
        if (at, self.levels.entity) == (Level.PATIENT, "QC") and segment[1] in ("1W", "23"):
            here["patient_id"] = here["patient_id"] or segment[2]
        # a REF after NM1 belongs to that party; REF04 names another payer
        told = REFERENCES.get((at, segment[1]))
        if told and not self.levels.entity and not segment[4]:
            here.setdefault(told, segment[2])

    def _date(self, segment: Segment) -> None:
        here = self.levels.here
        if self.levels.at not in DATES or self.levels.entity:
            return
        day = one_day(segment[2], segment[3])
        if segment[1] in COURSE:
            here.setdefault(COURSE[segment[1]], day)
        if segment[1] not in DATES[self.levels.at]:
            return
        same = here.get("service_date", day) == day
        here.update(days=segment[3], service_date=day) if same else here.update(days="-", service_date="")

    def _diagnoses(self, segment: Segment) -> None:
        if self.levels.at is not Level.CLAIM:
            return
        places = range(1, len(segment.elements) + 1)
        pairs = [(segment.part(place, 1), segment.part(place, 2)) for place in places]
        codes = [_dotted(code) for qualifier, code in pairs if qualifier in ("ABK", "ABF") and code]
        earlier = self.levels.here.get("diagnosis_codes", "").split()
        self.levels.here["diagnosis_codes"] = " ".join(earlier + codes)

    def _line(self, segment: Segment) -> None:
        self.levels.lines_in_claim += 1
        number = segment[1] if segment.id == "LX" else ""
        line = self.levels.open(Level.LINE, segment.number)
        line["line_number"] = number or str(self.levels.lines_in_claim)

    def _service(self, segment: Segment) -> None:
        line = self.levels.stated[Level.LINE]
        if not line or "procedure_code" in line:  # its LX is missing
            self._line(segment)
        line.update(zip(SERVICE, [segment.part(1, place) for place in range(1, 7)], strict=True))
        line.update(charge_amount=segment[2], measure=segment[3], units=segment[4])
        line["diagnosis_pointers"] = " ".join(filter(None, segment.parts(7)))
        if segment[5]:
            line["place_of_service"] = segment[5]

    def _adjudication(self, segment: Segment) -> None:
        self.levels.entity = segment.id


def _name(segment: Segment) -> str:
    return ", ".join(filter(None, (segment[3], segment[4])))


def _dotted(code: str) -> str:
    """An ICD-10 code with the point after its third character, whether or not it was sent with one."""
    plain = code.replace(".", "")
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain
