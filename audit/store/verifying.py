"""Whether the records are still what people made: the chain of events, and every row that an event tells of.

Each decision, signature, plan and release has an event with the digest of its row; each signature has a digest over
what was signed; each loaded record has one over its rows. So a row that was changed, removed or put in by hand is
found, even when the guards were taken away and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from audit.store import contents, guards, kept, retention, schema, seal, told, trail
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
    events, number = _told(connection)
    removed, wrong = retention.removed(connection)
    found += [*wrong, *_read("a row that lost values", retention.differing(connection, removed))]
    for name, table in _ROWS.items():
        found += _read(table.name, _rows(connection, name, table, events[name], removed.get(table.name, {})))
    found += _read("an audit or a release", told.differing(connection))
    found += _read("a record", contents.differing(connection, removed, tell))
    signed = _Signed()
    found += _read("a signature", _signatures(connection, removed.get(retention.SEALS, {}), tell, signed))
    found += _read("the worklist", _worklist(connection))
    return Verified(tuple(found), trail.head(connection), number, signed.recomputed, signed.old)


def _read(what: str, sentences: Iterable[str]) -> Iterator[str]:
    """What is wrong; a value that cannot be read at all is wrong too, and hides nothing that was found before it."""
    try:
        yield from sentences
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        yield f"What stands in {what} cannot be read ({type(error).__name__}): it was changed by hand."


def _worklist(connection: Connection) -> Iterator[str]:
    for one in kept.differing(connection):
        yield f"The worklist shows claim version {one} where it does not stand."


def _told(connection: Connection) -> tuple[dict[str, dict[int, str | None]], int]:
    """By table: id of a row -> the digest its event gives (None: an event from before there were any)."""
    found: dict[str, dict[int, str | None]] = {name: {} for name in _ROWS}
    number = 0
    events = schema.events
    for kind, details in connection.execute(select(events.c.kind, events.c.details).order_by(events.c.id)):
        number += 1
        for name, kinds in _SINGLE.items():
            if kind in kinds:
                said = told.details_of(details)
                if str(said.get(name, "")).isdigit():
                    found[name][int(said[name])] = said.get("row")
    return found, number


def _rows(
    connection: Connection, name: str, table: Any, told: dict[int, str | None], removed: Mapping[int, Removal]
) -> Iterator[str]:
    """What is wrong with the rows that events tell of. A row that lost a person's values has the digest that its
    removal gives, and had the one that its event gives."""
    held: dict[int, Row] = {
        row["id"]: dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()
    }
    for one in sorted(set(told) - set(held)):
        yield f"{name.capitalize()} {one} was removed: an event tells of it."
    for one, row in held.items():
        if one not in told:
            yield f"{name.capitalize()} {one} was put in by hand: no event tells of it."
        elif one in removed and told[one] not in (None, removed[one].was):
            yield f"{name.capitalize()} {one} was changed before values were removed from it."
        elif told[one] is not None and one not in removed and told[one] != seal.row_digest(row):
            yield f"{name.capitalize()} {one} was changed after it was made."


@dataclass(slots=True)
class _Signed:
    recomputed: int = 0
    old: int = 0


def _signatures(
    connection: Connection, removed: Mapping[int, Removal], tell: Tell | None, signed: _Signed
) -> Iterator[str]:
    signatures = schema.signatures
    every = connection.execute(select(signatures).order_by(signatures.c.id)).mappings().all()
    for done, row in enumerate(every):
        if tell:
            tell("signatures", done, len(every))
        if row["run_id"] is None:
            signed.old += 1
            continue
        signed.recomputed += 1
        now = seal.seal(connection, row["claim_version_id"], row["run_id"], row["decision_id"], row["id"])
        gone = removed.get(row["id"])
        if now != (gone.now if gone else row["digest"]) or (gone and gone.was != row["digest"]):
            yield f"Signature {row['id']}: what it was given for was changed afterwards."
