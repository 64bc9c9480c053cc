"""How long after which result the next audit is due, and of how many claims: a table that a manager may replace.

Every table stays; the newest is in force. `why` is shown beside each row: a number without a reason is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, insert, select

from audit.access.permission import account_may
from audit.errors import InputError
from audit.store import schema, trail
from audit.store.canonical import sha256
from audit.store.database import read, write

Subject = Literal["clinic", "therapist"]
SCHEDULERS = ("manager", "administrator")
RESULTS: dict[tuple[Subject, str], str] = {
    ("clinic", "above"): "above the limit",
    ("clinic", "unknown"): "not known whether within the limit",
    ("clinic", "within"): "within the limit",
    ("therapist", "closer"): "above the limit by more than chance",
    ("therapist", "alike"): "not above the limit by more than chance",
    ("therapist", "few"): "too few reviews to tell",
}
"""Results in words, in the order of the table."""
MOST_MONTHS, MOST_CLAIMS = 60, 10_000
table = schema.reaudit_tables


@dataclass(frozen=True, slots=True)
class Step:
    """After this result of this subject the next audit is due in so many months, of so many claims."""

    subject: Subject
    result: str
    months: int
    claims: int
    why: str

    @property
    def says(self) -> str:
        return RESULTS[self.subject, self.result]


DEFAULT = (
    Step("clinic", "above", 3, 100,
         "New claims show whether the correction took; Medicare's own probes wait 45 days or more between rounds."),
    Step("clinic", "unknown", 6, 150, "More claims than before, as the last sample did not tell."),
    Step("clinic", "within", 12, 60,
         "OIG's guidance for small practices: at least once a year; 59 clean claims clear 5 %."),
    Step("therapist", "closer", 3, 30, "Medicare's probes take 20 to 40 claims a round."),
    Step("therapist", "alike", 12, 10, "OIG's guidance: five to ten records of each practitioner a year."),
    Step("therapist", "few", 12, 10, "OIG's guidance: five to ten records of each practitioner a year."),
)  # fmt: skip


def in_force(connection: Connection) -> tuple[Step, ...]:
    """The newest table; before one is saved, DEFAULT."""
    content = connection.execute(select(table.c.content).order_by(table.c.id.desc()).limit(1)).scalar()
    return _steps(content) if content else DEFAULT


def current(engine: Engine) -> tuple[Step, ...]:
    with read(engine) as connection:
        return in_force(connection)


def history(engine: Engine) -> list[tuple[datetime, str, str, tuple[Step, ...]]]:
    """Every table that was saved, the newest first: when, by whom, the reason, the steps."""
    accounts = schema.accounts
    query = select(table, accounts.c.name).join(accounts).order_by(table.c.id.desc())
    with read(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [(row["at"], row["name"], row["reason"], _steps(row["content"])) for row in rows]


def save(engine: Engine, steps: Sequence[Step], *, reason: str, account_id: int, at: datetime) -> None:
    """Put a table in force for what is scheduled from now on.

    Raises InputError for a table that lacks a result, a number that cannot be, or a missing reason; AccessError for
    who may not.
    """
    _check(steps, reason)
    content = json.dumps([asdict(one) for one in steps], ensure_ascii=False)
    with write(engine) as connection:
        account_may(connection, account_id, SCHEDULERS)
        row = {"content": content, "reason": reason.strip(), "account_id": account_id, "at": at}
        made: int = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
        details = {"table": made, "sha256": sha256(content)}
        kind, subject = "re-audit table saved", "re-audits"
        trail.record(connection, kind=kind, subject=subject, account_id=account_id, at=at, details=details)


def _check(steps: Sequence[Step], reason: str) -> None:
    if [(one.subject, one.result) for one in steps] != list(RESULTS):
        raise InputError("the table does not hold each result once", where="re-audits", do="Fill in every row")
    for one in steps:
        if not (1 <= one.months <= MOST_MONTHS and 1 <= one.claims <= MOST_CLAIMS):
            wrong = f"{one.months} months and {one.claims} claims cannot be"
            do = f"Choose 1 to {MOST_MONTHS} months and 1 to {MOST_CLAIMS:,} claims"
            raise InputError(wrong, where=f"{one.subject}, {one.says}", do=do)
        if not one.why.strip():
            raise InputError("no reason is given", where=f"{one.subject}, {one.says}", do="Say what the row rests on")
    if not reason.strip():
        raise InputError("no reason is given", where="reason", do="Say why the table changes")


def _steps(content: str) -> tuple[Step, ...]:
    return tuple(Step(**row) for row in json.loads(content))
