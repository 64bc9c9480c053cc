"""What the demo clinic keeps: patients, plans, visits with their services, and claim lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from audit.demo.clinic import Payer, Practitioner
from audit.demo.families import Condition, Family

EVALUATIONS = ("97165", "97166", "97167")
UNTIMED = (*EVALUATIONS, "97168", "97150", "97018", "G0283")
"""Codes of the demo that have no minutes of their own to count."""
HOURLY = ("96125",)
"""Timed codes of the demo that stand outside the 15-minute pool."""


@dataclass(slots=True)
class Patient:
    patient_id: str
    name: str
    birth_date: date
    payer: Payer
    family: Family
    condition: Condition
    side: str
    therapist: Practitioner
    assistant: Practitioner
    referrer: tuple[str, str]
    preferred_start: int
    """Minutes after midnight."""
    comorbidity: tuple[str, str]
    """ICD-10-CM code and plain words."""
    authorization: str
    authorized_to: date | None = field(default=None, init=False)
    """Last day of the authorisation where it is not that of the plan."""
    comorbidity_named: bool = False
    """Whether the evaluation names the comorbidity: then it is on the claims too."""
    has_orthosis: bool = False
    """Fitted in this episode: the first fitting is 97760, all later work on it 97763."""


@dataclass(slots=True)
class Plan:
    """Plan of care of one episode. Medicare's signed-order exception: `certified_on` stays empty."""

    plan_id: str
    start: date
    end: date
    weeks: int
    per_week: int
    certified_on: date | None
    signed_order_on: date | None
    sent_on: date | None


@dataclass(slots=True)
class Findings:
    """The structured part of an evaluation. `deficits`: deficit -> what it takes away."""

    history_level: str
    deficits: dict[str, str]
    decision_making: str
    comorbidities: str
    assistance: str


@dataclass(slots=True)
class Service:
    """One service of a note, in minutes; `start` and `end` in minutes after midnight when clocked."""

    code: str
    therapist: int = 0
    assistant: int = 0
    together: int = 0
    mode: str = "individual"
    start: int | None = None
    end: int | None = None
    text: str = ""

    @property
    def minutes(self) -> int:
        return self.therapist + self.assistant + self.together

    @property
    def timed(self) -> bool:
        return self.code not in (*UNTIMED, *HOURLY)


@dataclass(slots=True)
class Line:
    code: str
    units: int
    modifiers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    """One patient-visit: a note and a claim. Times in minutes after midnight.

    `stated_timed` and `stated_total` are what the note says; None when it does not say.
    """

    patient: Patient
    plan: Plan
    day: date
    treatment_day: int
    progress: float
    note_type: str
    author: Practitioner
    services: list[Service] = field(default_factory=list)
    findings: Findings | None = None
    helper: Practitioner | None = None
    modality: str = "in_person"
    place: str = ""
    """Place of service where the claim says another than the modality has."""
    session: int = 1
    per_code: bool = True
    clocked: bool = False
    start: int = 0
    end: int = 0
    stated_timed: int | None = None
    stated_total: int | None = None
    signed_at: datetime | None = None
    cosigned_at: datetime | None = None
    copied: bool = False
    """The text is that of the patient's note before."""
    with_ground: bool = True
    """A re-evaluation says what made it necessary."""
    noted: bool = True
    linked: bool = True
    lines: list[Line] = field(default_factory=list)
    claim_id: str = ""
    note_id: str = ""
    text: str = ""

    @property
    def payer(self) -> Payer:
        return self.patient.payer

    @property
    def timed(self) -> int:
        """Minutes of the 15-minute pool."""
        return sum(s.minutes for s in self.services if s.timed)

    @property
    def treatment(self) -> int:
        return sum(s.minutes for s in self.services)

    @property
    def pool(self) -> dict[str, int]:
        """Timed code -> minutes."""
        return {s.code: s.minutes for s in self.services if s.timed}

    @property
    def in_group(self) -> bool:
        return any(s.mode == "group" for s in self.services)

    @property
    def by_assistant(self) -> bool:
        return any(s.assistant for s in self.services)

    def line(self, code: str) -> Line:
        return next(line for line in self.lines if line.code == code)

    def has(self, code: str) -> bool:
        return any(line.code == code for line in self.lines)
