"""Audits and releases against what their events tell: the frame, the plan, the seed, the number drawn, the claims."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from audit.store import schema
from audit.store.canonical import sha256
from audit.store.rows import Row

SAID = {"frame": "frame_sha256", "plan": "plan_sha256", "kind": "kind", "seed": "seed", "claims": "taken"}
"""Name in an event's details -> what it says of the audit."""


def differing(connection: Connection) -> Iterator[str]:
    """A sentence for each audit and release that is not what its events tell."""
    yield from _audits(connection)
    yield from _releases(connection)


def _audits(connection: Connection) -> Iterator[str]:
    audits, taken = schema.audits, schema.audit_claims
    number = select(func.count()).where(taken.c.audit_id == audits.c.id).scalar_subquery().label("taken")
    rows = connection.execute(select(audits, number).order_by(audits.c.id)).mappings()
    held = {f"audit {row['id']}": dict(row) for row in rows}
    told = _told(connection, ("audit frozen", "sample drawn"))
    for name in sorted(set(told) - set(held)):
        yield f"{name.capitalize()} was removed: an event tells of it."
    for name, row in held.items():
        said = told.get(name)
        if said is None:
            yield f"{name.capitalize()} was put in by hand: no event tells of it."
        elif wrong := _wrong(row, said):
            yield f"{name.capitalize()}: its {wrong} changed after it was frozen or drawn."


def _wrong(row: Row, said: Mapping[str, Any]) -> str:
    """What of an audit is not as its events tell, in words; "" when all is."""
    parts = [name for name, column in SAID.items() if name in said and (said[name] or "") != (row[column] or "")]
    parts += [
        name
        for name, text in (("frame", row["frame_csv"]), ("plan", row["plan"]))
        if (sha256(text) if text else "") != row[f"{name}_sha256"]
    ]
    parts += ["seed"] if row["seed"] and "seed" not in said else []
    return " and ".join(dict.fromkeys(parts))


def _releases(connection: Connection) -> Iterator[str]:
    """Claims released and the approvals they were released by."""
    taken, signed = schema.release_claims, schema.signatures
    same = (signed.c.id == taken.c.signature_id) & (signed.c.claim_version_id == taken.c.claim_version_id)
    query = select(taken.c.release_id, taken.c.claim_version_id, signed.c.meaning).outerjoin(signed, same)
    held: dict[str, dict[int, str | None]] = {}
    for release, version, meaning in connection.execute(query):
        held.setdefault(f"release {release}", {})[version] = meaning
    told = _told(connection, ("released",))
    for name in sorted({*held, *told}):
        claims = held.get(name, {})
        if set(told.get(name, {}).get("claims", claims)) != set(claims):
            yield f"{name.capitalize()}: its claims are not those that its event tells of."
        if any(meaning != "approved" for meaning in claims.values()):
            yield f"{name.capitalize()}: one of its claims names a signature that is no approval of it."


def _told(connection: Connection, kinds: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """By subject, all that events of these kinds tell; an event that cannot be read tells nothing."""
    events, found = schema.events, dict[str, dict[str, Any]]()
    query = select(events.c.subject, events.c.details).where(events.c.kind.in_(kinds)).order_by(events.c.id)
    for subject, details in connection.execute(query):
        found.setdefault(subject, {}).update(details_of(details))
    return found


def details_of(text: str) -> dict[str, Any]:
    """An event's details; {} for a text that somebody spoilt, which breaks the chain anyway."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
