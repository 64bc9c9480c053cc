"""When clinic and therapists are due for their next audit.

A finished random sample gives a result for the clinic, and where its plan tells them apart, for each therapist; the
table in force says how many months until the next one. A manager saves what is due, and may put another date with a
reason. Of each subject the newest row holds; a later sample that looks at it is under way. Claims that an earlier
sample took are not drawn again (`audits.frame_of`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, Engine, func, insert, select

from audit.access.permission import account_may
from audit.errors import InputError, StateError
from audit.figures.differences import by_therapist
from audit.figures.results import Results, in_claims, overview, results
from audit.reaudit_table import RESULTS, SCHEDULERS, Subject, in_force
from audit.reviewing.review import signatures
from audit.store import schema, trail
from audit.store.database import read, write

NO_RATE = ("dollars", "each")
"""Kinds of sample that tell nothing about the clinic's rate."""
LOOKED_AT = 12
"""Samples that are judged for this: each takes a moment."""
OF_EACH = ("each", "therapist")
"""Kinds that draw claims of every therapist."""
table = schema.reaudits


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be saved: `name` is the therapist, "" for the clinic."""

    subject: Subject
    name: str
    result: str
    finished_on: date
    due_on: date
    claims: int

    @property
    def says(self) -> str:
        return RESULTS[self.subject, self.result]


def to_schedule(engine: Engine) -> dict[int, str]:
    """Finished random samples of which nothing is saved yet, of the newest LOOKED_AT: id -> name."""
    drawn = overview(engine)
    with read(engine) as connection:
        saved = set(connection.execute(select(table.c.audit_id).distinct()).scalars())
    open_ones = drawn[(drawn["kind"] != "flagged") & drawn["seeded"] & ~drawn["id"].isin(saved)]
    names = {int(row["id"]): str(row["name"]) for row in open_ones.head(LOOKED_AT).to_dict("records")}
    return {one: name for one, name in names.items() if finished(in_claims(engine, one))}


def finished(now: Results) -> bool:
    """Every drawn claim is reviewed, the monitor knows the answer, or a person stopped it."""
    known = now.watch is not None and now.watch.verdict != "unknown"
    return now.audit.plan is not None and (now.complete or known or now.stopped)


def proposed(engine: Engine, audit_id: int) -> list[Due]:
    """What the table in force says of a finished sample. Raises StateError when it is none."""
    now = results(engine, audit_id)
    if not finished(now):
        raise StateError("the sample is not finished", do="Review the drawn claims first")
    with read(engine) as connection:
        steps = {(one.subject, one.result): one for one in in_force(connection)}
        ended = _last_review(connection, audit_id)
    found = []
    for subject, name, result in _judged(now):
        step = steps[subject, result]
        found.append(Due(subject, name, result, ended, _later(ended, step.months), step.claims))
    return found


def _judged(now: Results) -> Iterable[tuple[Subject, str, str]]:
    if now.audit.kind not in NO_RATE:
        yield "clinic", "", now.verdict
    groups = by_therapist(now)
    for row in [] if groups is None else groups.rows.to_dict("records"):
        yield "therapist", str(row["group"]), "closer" if row["closer"] else "alike" if row["enough"] else "few"


def _last_review(connection: Connection, audit_id: int) -> date:
    """The day of the last signature that gave or settled a verdict; that of the draw when every claim is a missing
    record."""
    taken, audits = schema.audit_claims, schema.audits
    same = taken.c.claim_version_id == signatures.c.claim_version_id
    query = select(func.max(signatures.c.at)).join(taken, same)
    at = connection.execute(query.where(taken.c.audit_id == audit_id, signatures.c.meaning != "sent_back")).scalar()
    drawn = select(audits.c.seeded_at).where(audits.c.id == audit_id)
    moment: datetime = at or connection.execute(drawn).scalar_one()
    return moment.date()


def _later(day: date, months: int) -> date:
    return (pd.Timestamp(day) + pd.DateOffset(months=months)).date()


def schedule(engine: Engine, audit_id: int, *, account_id: int, at: datetime) -> int:
    """Save what the table says of a finished sample; return the number of rows.

    Raises StateError when it is not finished or saved already, AccessError for who may not.
    """
    rows = proposed(engine, audit_id)
    with write(engine) as connection:
        account_may(connection, account_id, SCHEDULERS)
        if connection.execute(select(table.c.id).where(table.c.audit_id == audit_id).limit(1)).first():
            raise StateError("what is due after this sample is saved already", do="Move a date instead")
        _add(connection, audit_id, rows, account_id=account_id, at=at)
    return len(rows)


def move(engine: Engine, reaudit_id: int, due_on: date, *, reason: str, account_id: int, at: datetime) -> None:
    """Put another date to what is due; the old row stays. Raises InputError without a reason, StateError for a row that
    no longer holds."""
    if not reason.strip():
        raise InputError("no reason is given", where="reason", do="Say why the date moves")
    with write(engine) as connection:
        account_may(connection, account_id, SCHEDULERS)
        held = connection.execute(select(table).where(table.c.id == reaudit_id)).mappings().first()
        if held is None or reaudit_id not in _newest(connection):
            raise StateError("this date has been replaced", do="Open the list again")
        row = Due(held["subject"], held["name"], held["result"], held["finished_on"], due_on, held["claims"])
        _add(connection, held["audit_id"], [row], reason=reason.strip(), account_id=account_id, at=at)


def _add(
    connection: Connection, audit_id: int, rows: list[Due], *, reason: str = "", account_id: int, at: datetime
) -> None:
    same = {"audit_id": audit_id, "reason": reason, "account_id": account_id, "at": at}
    names = Due.__slots__
    connection.execute(insert(table), [{name: getattr(one, name) for name in names} | same for one in rows])
    details = {"rows": len(rows), "first_due": min(one.due_on for one in rows).isoformat(), "reason": reason}
    subject = f"audit {audit_id}"
    kind = "re-audit moved" if reason else "re-audits scheduled"
    trail.record(connection, kind=kind, subject=subject, account_id=account_id, at=at, details=details)


def _newest(connection: Connection) -> list[int]:
    """Ids of the rows that hold: the newest of each subject and name."""
    return list(connection.execute(select(func.max(table.c.id)).group_by(table.c.subject, table.c.name)).scalars())


def due(engine: Engine, today: date) -> pd.DataFrame:
    """What holds, the next first: id, subject, name, result, says, finished_on, due_on, claims, audit (name), reason,
    by, and state ("under way", "overdue", "due within a month", "later")."""
    audits, accounts = schema.audits, schema.accounts
    with read(engine) as connection:
        query = select(table, audits.c.name.label("audit"), accounts.c.name.label("by"))
        query = query.join(audits, audits.c.id == table.c.audit_id).join(accounts, accounts.c.id == table.c.account_id)
        query = query.where(table.c.id.in_(_newest(connection))).order_by(table.c.due_on, table.c.id)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        seeded = select(audits.c.id, audits.c.kind).where(audits.c.seed.is_not(None))
        drawn = [(row.id, row.kind) for row in connection.execute(seeded)]
    for row in rows:
        row["says"] = RESULTS[row["subject"], row["result"]]
        row["state"] = _state(row["due_on"], today, under_way=_drawn_since(drawn, row["subject"], row["audit_id"]))
    columns = ["id", "subject", "name", "result", "says", "finished_on", "due_on", "claims", "audit", "reason", "by"]
    return pd.DataFrame(rows, columns=[*columns, "state"])


def _drawn_since(drawn: list[tuple[int, str]], subject: str, audit_id: int) -> bool:
    """Whether a later sample looks at the subject; of a sample of all claims nobody knows that it will hold enough of
    one therapist's."""
    kinds = [kind for one, kind in drawn if one > audit_id]
    if subject == "clinic":
        return any(kind not in NO_RATE for kind in kinds)
    return any(kind in OF_EACH for kind in kinds)


def _state(due_on: date, today: date, *, under_way: bool) -> str:
    if under_way:
        return "under way"
    if due_on < today:
        return "overdue"
    return "due within a month" if due_on <= _later(today, 1) else "later"


def waits(engine: Engine, today: date) -> str:
    """One line for the manager; "" when nothing is due within a month."""
    states = due(engine, today)["state"]
    told = [(int((states == state).sum()), state) for state in ("overdue", "due within a month")]
    said = " and ".join(f"{number} {state}" for number, state in told if number)
    return f"Re-audits: {said}." if said else ""
