"""Whether the records are still what people made: the chain of events, and every row that an event tells of.

Each decision, signature, plan and release has an event with the digest of its row; each signature has a digest over
what was signed. So a row that was changed, removed or put in by hand is found, even when the guards were taken away
and put back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from audit.store import guards, kept, retention, schema, seal, trail
from audit.store.retention import Removal
from audit.store.rows import Row

Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""
_ROWS = {
    "decision": schema.decisions,
    "signature": schema.signatures,
    "plan": schema.review_plans,
    "release": schema.releases,
    "overpayment": schema.overpayments,
    "answer": schema.feedback_answers,
    "ruling": schema.feedback_rulings,
    "education": schema.education_items,
    "retention": schema.retentions,
}
"""Name in an event's details -> the table of the row it tells of."""
_SINGLE = {
    "decision": ("agree", "correct", "dismiss", "ask", "answer", "missed", "undo"),
    "signature": ("reviewed", "second", "approved", "returned", "sent_back"),
    "plan": ("review plan set",),
    "release": ("released",),
    "overpayment": ("overpayment entered", "overpayment taken back"),
    "answer": ("feedback agreed", "feedback disputed", "late entry added", "ruling appealed"),
    "ruling": ("finding upheld", "dispute accepted"),
    "education": ("education given",),
    "retention": (retention.KIND,),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. `breaks`: sentences, the first break first; `head`: the last event's hash, to be kept
    elsewhere; `recomputed`: signatures whose digest was worked out again; `old`: made before that was possible."""

    breaks: tuple[str, ...]
    head: str
    events: int
    recomputed: int
    old: int


def verify(connection: Connection, tell: Tell | None = None) -> Verified:
    """Walk the chain, the guards, every row told of, and every signature; `tell` hears of the signatures, which take
    longest."""
    found = [f"The guard {name} of the database is missing or altered." for name in guards.missing(connection)]
    broken = trail.verify(connection)
    if broken:
        found.insert(0, f"Event {broken.event_id}: {broken.wrong}.")
    told, number = _told(connection)
    removed, wrong = retention.removed(connection)
    found += wrong
    for name, table in _ROWS.items():
        found += _rows(connection, name, table, told[name], removed.get(table.name, {}))
    wrong, recomputed, old = _signatures(connection, removed.get(retention.SEALS, {}), tell)
    found += wrong
    found += [f"The worklist shows claim version {one} where it does not stand." for one in kept.differing(connection)]
    return Verified(tuple(found), trail.head(connection), number, recomputed, old)


def _told(connection: Connection) -> tuple[dict[str, dict[int, str | None]], int]:
    """By table: id of a row -> the digest its event gives (None: an event from before there were any)."""
    told: dict[str, dict[int, str | None]] = {name: {} for name in _ROWS}
    number = 0
    events = schema.events
    for kind, details in connection.execute(select(events.c.kind, events.c.details).order_by(events.c.id)):
        number += 1
        for name, kinds in _SINGLE.items():
            if kind in kinds:
                said = json.loads(details)
                if name in said:
                    told[name][int(said[name])] = said.get("row")
    return told, number


def _rows(
    connection: Connection, name: str, table: Any, told: dict[int, str | None], removed: Mapping[int, Removal]
) -> list[str]:
    """What is wrong with the rows that events tell of. A row that lost a person's values has the digest that its
    removal gives, and had the one that its event gives."""
    held: dict[int, Row] = {
        row["id"]: dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()
    }
    wrong = [f"{name.capitalize()} {one} was removed: an event tells of it." for one in sorted(set(told) - set(held))]
    for one, row in held.items():
        if one not in told:
            wrong.append(f"{name.capitalize()} {one} was put in by hand: no event tells of it.")
        elif one in removed and told[one] not in (None, removed[one].was):
            wrong.append(f"{name.capitalize()} {one} was changed before values were removed from it.")
        elif told[one] is not None and one not in removed and told[one] != seal.row_digest(row):
            wrong.append(f"{name.capitalize()} {one} was changed after it was made.")
    return wrong


def _signatures(
    connection: Connection, removed: Mapping[int, Removal], tell: Tell | None
) -> tuple[list[str], int, int]:
    wrong, recomputed, old = [], 0, 0
    signatures = schema.signatures
    every = connection.execute(select(signatures).order_by(signatures.c.id)).mappings().all()
    for done, row in enumerate(every):
        if tell:
            tell("signatures", done, len(every))
        if row["run_id"] is None:
            old += 1
            continue
        recomputed += 1
        now = seal.seal(connection, row["claim_version_id"], row["run_id"], row["decision_id"], row["id"])
        gone = removed.get(row["id"])
        if now != (gone.now if gone else row["digest"]) or (gone and gone.was != row["digest"]):
            wrong.append(f"Signature {row['id']}: what it was given for was changed afterwards.")
    return wrong, recomputed, old
