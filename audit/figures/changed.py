"""Claims of an audit that changed since they were signed: the figures keep what was signed, and say so."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from audit.figures.results import Results
from audit.store import schema, seal
from audit.store.came_since import FACTS
from audit.store.database import read
from audit.store.rows import at_once
from audit.store.standing import Standing, stand

SAME = ("rule", "severity", "line_number", "note_id", "procedure_code", "expected", "observed", "because")


def changed(engine: Engine, now: Results) -> list[int]:
    """Versions of `now.claims` that count as reviewed although a record that bears on them came since, or the rules
    read other notes or found otherwise since. Other facts alone, and a corrected version, change no version drawn."""
    with read(engine) as connection:
        return [
            one
            for ids in at_once(_counted(now))
            for one, standing in stand(connection, ids).items()
            if standing.claim["is_current"] and _changed(connection, standing)
        ]


def sentence(engine: Engine, now: Results) -> str:
    """The sentence for a manager; "" when nothing changed."""
    many, reviewed = len(changed(engine, now)), len(_counted(now))
    if not many:
        return ""
    have = "has" if many == 1 else "have"
    return (
        f"{many:,} of the {reviewed:,} reviewed claims {have} changed since being signed, by a note, a claim or a "
        "rule. Here they count as signed, until they are signed anew (Worklist, Changed since)."
    )


def _counted(now: Results) -> list[int]:
    return now.claims.loc[now.claims["reviewed"] & ~now.claims["missing"], "claim_version_id"].astype(int).tolist()


def _changed(connection: Connection, now: Standing) -> bool:
    if set(now.came) - {FACTS}:
        return True
    signed = now.signatures[-1]["run_id"]
    if not now.left_behind or signed is None:
        return now.left_behind
    run = connection.execute(select(schema.runs).where(schema.runs.c.id == signed)).mappings().one()
    if seal.notes_seen(connection, now.id, dict(run)) != seal.notes_seen(connection, now.id, now.run):
        return True
    found = schema.findings
    query = select(found).where(found.c.claim_version_id == now.id, found.c.run_id == signed)
    before = [tuple(row[name] for name in SAME) for row in connection.execute(query).mappings()]
    return sorted(map(str, before)) != sorted(str(tuple(row[name] for name in SAME)) for row in now.findings)
