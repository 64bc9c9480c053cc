"""Who works in the demo clinic, who pays, who refers, and on which days it is open. All invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

OPENED = date(2026, 5, 1)
CLOSED = date(2026, 10, 30)
HOLIDAYS = {date(2026, 5, 25), date(2026, 6, 19), date(2026, 7, 3), date(2026, 9, 7)}
GROUP_WEEKDAY, GROUP_START, GROUP_MINUTES = 3, 13 * 60 + 30, 45
"""The group of the neuro therapist: Thursdays, half past one (in minutes after midnight)."""


def npi(serial: int) -> str:
    """A ten-digit identifier that starts with 1 and passes the Luhn check over 80840 + NPI."""
    body = f"1{serial:08d}"
    digits = [int(d) for d in "80840" + body]
    doubled = [sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(reversed(digits))]
    return body + str(-sum(doubled) % 10)


BILLING_NPI = npi(20660417)


@dataclass(frozen=True, slots=True)
class Practitioner:
    """`voice` names the style of note in `phrases/voices.yaml`."""

    name: str
    credential: str
    npi: str
    voice: str

    @property
    def is_assistant(self) -> bool:
        return self.credential.startswith("COTA")

    @property
    def signature(self) -> str:
        return f"{self.name}, {self.credential}"


QUINTERO = Practitioner("Marisol Quintero-Vale", "OTR/L", npi(43718826), "quintero")
LINDQVIST = Practitioner("Theodora Lindqvist", "OTD, OTR/L", npi(51902743), "lindqvist")
HALLOWAY = Practitioner("Bram Halloway", "OTR/L", npi(28460917), "halloway")
FENNIMORE = Practitioner("Priya Fennimore", "OTR/L", npi(70315582), "fennimore")
DREXEL = Practitioner("Callum Drexel", "OTR/L", npi(36627140), "drexel")
CASTELLAN = Practitioner("Wren Castellan", "COTA/L", npi(90241365), "castellan")
PINTER = Practitioner("Odalys Pinter", "COTA/L", npi(64083291), "pinter")
MAPES = Practitioner("Jonah Mapes", "COTA/L", npi(82756034), "mapes")
PRACTITIONERS = (QUINTERO, LINDQVIST, HALLOWAY, FENNIMORE, DREXEL, CASTELLAN, PINTER, MAPES)

TEAMS = {
    "hand": ((QUINTERO, CASTELLAN), (HALLOWAY, CASTELLAN)),
    "shoulder": ((HALLOWAY, MAPES), (DREXEL, PINTER)),
    "neuro": ((LINDQVIST, PINTER),),
    "cognition": ((DREXEL, PINTER),),
    "child": ((FENNIMORE, MAPES),),
}
"""Family of conditions -> the therapists who take it, each with the assistant they supervise."""


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer profile in the words of `payers.csv`."""

    payer_id: str
    name: str
    unit_method: str
    therapy_modifier: str
    assistant_modifier: str
    medicare: str
    pair_edits: str
    authorization: str

    @property
    def splits_assistant(self) -> bool:
        return self.assistant_modifier == "required"


MEDICARE = Payer("MEDICARE", "Medicare Part B", "total", "required", "required", "yes", "medicare", "no")
NORTHLAKE = Payer("NORTHLAKE", "Northlake Mutual Health", "midpoint", "required", "optional", "no", "none", "no")
HARBOR = Payer("HARBOR", "Harbor Trades Benefit Fund", "unknown", "required", "optional", "no", "none", "required")
STATECAID = Payer("STATECAID", "Statecaid", "total", "required", "optional", "no", "medicaid", "required")
PAYERS = (MEDICARE, NORTHLAKE, HARBOR, STATECAID)
PAYERS_FROM = date(2020, 1, 1)

REFERRERS = {
    "hand": (("Ilse Marchetti, MD", npi(13370264)), ("Dunstan Okafor-Reyes, MD", npi(47729015))),
    "shoulder": (("Dunstan Okafor-Reyes, MD", npi(47729015)), ("Petra Vansickle, DO", npi(58014477))),
    "neuro": (("Hollis Abernant, MD", npi(25583902)), ("Yara Tindale, MD", npi(66190358))),
    "cognition": (("Yara Tindale, MD", npi(66190358)), ("Hollis Abernant, MD", npi(25583902))),
    "child": (("Gwendolyn Prasad-Lowe, MD", npi(39948120)), ("Emeric Saltz, MD", npi(71206683))),
}


@cache
def is_open(day: date) -> bool:
    return OPENED <= day <= CLOSED and day.weekday() < 5 and day not in HOLIDAYS


def open_days(first: date, last: date) -> Iterator[date]:
    """Clinic days from `first` to `last`, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        if is_open(day := date.fromordinal(ordinal)):
            yield day


def next_weekday(day: date) -> date:
    """The next Monday to Friday, whether or not the clinic sees patients on it."""
    return day + timedelta(days=(1, 1, 1, 1, 3, 2, 1)[day.weekday()])
