"""The people of the demo: one for each role, all with one known password. Only ever in the demo's database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from audit.access import accounts
from audit.access.accounts import Account
from audit.model import Role

PASSWORD = "second pair of eyes"  # noqa: S105  (shown on the demo's sign-in page)
VARIABLE = "COUNTERSIGN_DEMO"


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    name: str
    role: Role
    npi: str = ""


PEOPLE = (
    Person("reviewer", "Imke Sorrel", "reviewer"),
    Person("second", "Dov Halvorsen", "second_reviewer"),
    Person("doctor", "Theodora Lindqvist", "doctor_of_ot", npi="1519027431"),
    Person("manager", "Renata Pell", "manager"),
    Person("administrator", "Ada Quill", "administrator"),
    Person("auditor", "Lucan Frey", "auditor"),
    Person("therapist", "Callum Drexel", "therapist", npi="1366271405"),
)
"""The doctor of OT is a therapist of the demo clinic too: she may not sign off her own claims."""


def is_on() -> bool:
    """Whether this server shows the demo clinic."""
    return os.environ.get(VARIABLE) == "1"


def create_accounts(engine: Engine, now: datetime) -> list[Account]:
    """Add the people of the demo to an empty database; StateError when they are there already."""
    return [
        accounts.create(
            engine,
            username=person.username,
            name=person.name,
            role=person.role,
            npi=person.npi,
            password=PASSWORD,
            must_change_password=False,
            now=now,
        )
        for person in PEOPLE
    ]
